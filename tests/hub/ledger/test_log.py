"""The stored log: its order, its checkpoints, its witnesses, its receipts, and changes to it."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from joinedup.ledger.checkpoint import Signer
from joinedup.ledger.merkle import leaf_hash, root_of
from joinedup.ledger.receipt import Receipt
from joinedup.ledger.verify import verify
from joinedup.ledger.witness import Witness, WitnessFile
from tests.hub.reviewing import elsewhere

NODE = Signer("node.example", Ed25519PrivateKey.from_private_bytes(b"9" * 32))


def write(hub, count):
    return [hub.record(action="record.find", results=n) for n in range(count)]


def contents(hub):
    return list(hub.export.contents(hub.sequencing.size()))


@pytest.fixture
def tampering(hub, hub_database):
    """A superuser who puts the triggers aside."""

    def change(statement):
        with psycopg.connect(hub_database, autocommit=True) as other:
            other.execute("SET session_replication_role = replica")
            other.execute(statement)

    return change


@pytest.mark.parametrize("sizes", [[1], [2, 3], [7, 1, 64, 5]])
def test_batches_make_the_tree_that_one_pass_would(hub, sizes):
    for count in sizes:
        write(hub, count)
        assert hub.sequencing.sequence() == count
    stored = contents(hub)
    assert stored == [bytes(entry.content) for entry in hub.entries()]
    assert hub.proofs.root(sum(sizes)) == root_of(map(leaf_hash, stored))
    assert hub.sequencing.sequence() == 0


def test_a_full_batch_is_followed_by_the_next(hub, monkeypatch):
    monkeypatch.setattr(hub.sequencing, "BATCH", 4)
    write(hub, 10)
    assert hub.sequencing.sequence() == 10
    assert hub.proofs.root(10) == root_of(map(leaf_hash, contents(hub)))


def test_an_entry_that_commits_late_is_not_missed_and_holds_nobody_up(hub, hub_database):
    first, *_ = write(hub, 1)
    with psycopg.connect(hub_database) as other:
        other.execute(
            "SELECT ledger_write(gen_random_uuid(), now(), '', 'late', 'late'::bytea,"
            " NULL, NULL, NULL, NULL, NULL, NULL)"
        )
        write(hub, 1)
        assert hub.sequencing.sequence() == 2
        other.commit()
    assert hub.sequencing.sequence() == 1
    assert contents(hub)[-1] == b"late"
    assert [leaf.entry.action for leaf in hub.models.Leaf.objects.order_by("place")] == [
        "record.find", "record.find", "late",
    ]  # fmt: skip
    assert hub.entries().first().id == first


def test_two_sequencers_take_turns(hub):
    write(hub, 40)

    def run():
        try:
            hub.sequencing.sequence()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hub.sequencing.size() == 40
    assert hub.proofs.root(40) == root_of(map(leaf_hash, contents(hub)))


def test_a_checkpoint_is_signed_when_there_is_something_new(hub):
    assert hub.checkpoints.checkpoint() is None
    write(hub, 3)
    kept = hub.checkpoints.checkpoint()
    assert (kept.checkpoint.size, kept.by, kept.failed) == (3, ("own file",), {})
    assert hub.checkpoints.checkpoint() is None
    write(hub, 2)
    assert hub.checkpoints.checkpoint().checkpoint.size == 5
    assert [c.size for c in hub.verifying.kept()] == [3, 5]
    assert hub.verifying.whole().whole


def test_a_receipt_proves_the_entry_once_a_checkpoint_covers_it(hub):
    ids = write(hub, 5)
    assert hub.receipts.receipt(ids[2]) is None
    hub.sequencing.sequence()
    assert hub.receipts.receipt(ids[2]) is None
    hub.checkpoints.checkpoint()
    first = hub.receipts.receipt(ids[2])
    write(hub, 9)
    hub.checkpoints.checkpoint()
    assert hub.receipts.receipt(ids[2]) == first
    verifier = hub.keys.signer().verifier
    checkpoint = Receipt.parse(first.text()).check([verifier])
    assert checkpoint.size == 5
    assert json.loads(first.content)["id"] == str(ids[2])
    with pytest.raises(hub.models.Entry.DoesNotExist):
        hub.receipts.receipt(uuid.uuid4())


def test_either_side_of_a_disclosure_can_have_its_receipt_and_nobody_else(
    hub, browser_client, machine
):
    from tests.hub.machine import Machine

    mine = hub.record(action="record.fetch", organisation="T1", holders=("T9",))
    about_me = hub.record(action="record.fetch", organisation="T9", holders=("T1", "T2"))
    hub.checkpoints.checkpoint()
    late = hub.record(action="record.fetch", organisation="T1")
    machine.client.scopes = ["audit"]
    machine.client.save()
    other = Machine.register(elsewhere(), "other-system")
    other.client.scopes = ["audit"]
    other.client.save()

    def get(whose, id):
        bearer = {"authorization": f"Bearer {whose.token(browser_client)}"}
        return browser_client.get(f"/api/v1/ledger/receipts/{id}", headers=bearer)

    for whose, id, status in (
        (machine, mine, 200), (machine, about_me, 200), (other, about_me, 200),
        (other, mine, 404), (machine, late, 202), (machine, "0" * 8 + str(mine)[8:], 404),
    ):  # fmt: skip
        answer = get(whose, id)
        assert answer.status_code == status, (whose.client, id)
        if status == 200:
            assert answer.json()["key"] == hub.keys.signer().verifier.text()
            Receipt.parse(answer.content.decode()).check([hub.keys.signer().verifier])
        if status == 202:
            assert answer["Retry-After"] == "60"
    assert get(other, mine).json()["detail"] == get(other, "0" * 8 + str(mine)[8:]).json()["detail"]


@pytest.mark.parametrize(
    ("change", "found_by"),
    [
        ("UPDATE ledger_entry SET content = content || ' ' WHERE number ="
         " (SELECT entry_id FROM ledger_leaf WHERE place = 3)", "sample"),
        ("DELETE FROM ledger_entry WHERE number ="
         " (SELECT entry_id FROM ledger_leaf WHERE place = 3)", "sample"),
        ("DELETE FROM ledger_leaf WHERE place = 3", "sample"),
        ("UPDATE ledger_leaf SET place = -1 - place WHERE place IN (2, 3);"
         "UPDATE ledger_leaf SET place = 6 + place WHERE place < 0", "sample"),
        ("DELETE FROM ledger_leaf WHERE place > 6", "checkpoint"),
        ("UPDATE ledger_node SET hash = sha256(hash) WHERE level = 3", "checkpoint"),
        ("DELETE FROM ledger_node WHERE level = 3", "checkpoint"),
    ],
)  # fmt: skip
def test_a_changed_log_is_found_and_not_signed_for(hub, tampering, change, found_by):
    write(hub, 9)
    hub.checkpoints.checkpoint()
    hub.verifying.sample()
    tampering(change)
    if found_by == "sample":
        with pytest.raises(hub.sequencing.LogChanged):
            hub.verifying.sample()
        assert not hub.verifying.whole().whole
    else:
        write(hub, 1)
        signed = hub.models.SignedCheckpoint.objects.count()
        with pytest.raises(hub.sequencing.LogChanged):
            hub.checkpoints.checkpoint()
        assert hub.models.SignedCheckpoint.objects.count() == signed


def test_forgetting_a_child_leaves_the_log_whole(hub):
    hub.record(action="record.find", subject="9990000018", reason="Bruises")
    hub.checkpoints.checkpoint()
    hub.forget("9990000018")
    hub.checkpoints.checkpoint()
    assert hub.verifying.whole().whole
    assert hub.verifying.sample() == 2


@pytest.fixture
def partner(hub, tmp_path, monkeypatch):
    """A witness at a partner's, and a file elsewhere, both set."""
    witness = Witness(tmp_path / "kept", hub.keys.signer().verifier, NODE)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/witness/add-checkpoint"
            answer = witness.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/witness#{NODE.verifier.text()}"
    monkeypatch.setenv("JOINEDUP_LEDGER_WITNESSES", f"{tmp_path / 'elsewhere'}, {url}")
    yield server, tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def test_witnesses_elsewhere_have_each_checkpoint(hub, partner):
    server, folder = partner
    for count in (3, 4):
        write(hub, count)
        kept = hub.checkpoints.checkpoint()
        assert len(kept.by) == 3, kept.failed
    verifier = hub.keys.signer().verifier
    for name in ("kept", "elsewhere"):
        assert [c.size for c in WitnessFile(folder / name, verifier).checkpoints()] == [3, 7]
    signed = hub.models.Witnessed.objects.exclude(signature="").last()
    assert signed.witness == f"127.0.0.1:{server.server_port}/witness"
    # One that has more than we remember says so, and gets what it needs.
    write(hub, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        hub.models.Witnessed.objects.all().delete()
        cursor.execute("SET session_replication_role = DEFAULT")
    assert not hub.checkpoints.checkpoint().failed


def test_a_witness_that_is_away_or_saw_another_log_is_named(hub, partner, caplog):
    server, folder = partner
    write(hub, 3)
    hub.checkpoints.checkpoint()
    other = WitnessFile(folder / "elsewhere", hub.keys.signer().verifier)
    other.path.write_bytes(other.path.read_bytes().replace(b"\n3\n", b"\n4\n"))
    server.shutdown()
    server.server_close()
    write(hub, 2)
    kept = hub.checkpoints.checkpoint()
    assert kept.by == ("own file",)
    assert set(kept.failed) == {
        str(folder / "elsewhere"), f"127.0.0.1:{server.server_port}/witness",
    }  # fmt: skip
    assert "does not have checkpoint 5" in caplog.text


def test_a_log_put_back_from_a_backup_is_refused_by_whoever_saw_more(hub, partner, tampering):
    """A10: yesterday's backup, with the hub's own witness file taken back as well."""
    _, folder = partner
    write(hub, 4)
    hub.checkpoints.checkpoint()
    before = hub.own.read_bytes()
    write(hub, 4)
    hub.checkpoints.checkpoint()
    tampering(
        "DELETE FROM ledger_leaf WHERE place > 3;"
        "DELETE FROM ledger_node WHERE (place + 1) * 2 ^ level > 4;"
        "DELETE FROM ledger_entry WHERE number > (SELECT max(entry_id) FROM ledger_leaf);"
        "DELETE FROM ledger_witnessed; DELETE FROM ledger_signedcheckpoint WHERE size > 4"
    )
    hub.own.write_bytes(before)
    write(hub, 2)
    kept = hub.checkpoints.checkpoint()
    assert kept.by == ("own file",)
    assert len(kept.failed) == 2
    elsewhere_kept = WitnessFile(folder / "elsewhere", hub.keys.signer().verifier).checkpoints()
    assert not verify(contents(hub), elsewhere_kept).whole
