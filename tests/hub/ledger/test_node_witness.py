"""A custodian's node as the ledger's witness, against the hub's own endpoints."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from joserfc.jwk import ECKey

from joinedup.cli.ledger import command as ledger_command
from joinedup.custodian.client import Credentials, HubClient, Refused
from joinedup.custodian.config import Witnessed
from joinedup.custodian.given import Receipts, given, receipt_of
from joinedup.custodian.http import Reply
from joinedup.custodian.store import Store
from joinedup.custodian.witnessing import Witnessing, evidence
from joinedup.ledger.checkpoint import Checkpoint, Signer
from joinedup.ledger.merkle import leaf_hash, root_of
from joinedup.ledger.receipt import Receipt

OURS, THEIRS = "LA1", "TRUST1"  # neither is whose the machine client is


class OverDjango(HubClient):
    """The node's own client, its requests answered by the hub in this process."""

    def __init__(self, browser, machine):
        super().__init__("http://hub", Credentials("x", ECKey.generate_key("P-256")))
        self._browser, self._machine = browser, machine

    def _send(self, method, path, body, key):
        bearer = {"authorization": f"Bearer {self._machine.token(self._browser)}"}
        call = getattr(self._browser, method.lower())
        more = {} if body is None else {"content_type": "application/json"}
        reply = call(path, *([] if body is None else [json.dumps(body)]), headers=bearer, **more)
        return Reply(reply.status_code, reply.content, "application/json", None)


@pytest.fixture
def node_hub(browser_client, machine):
    machine.client.scopes = ["audit"]
    machine.client.save()
    return OverDjango(browser_client, machine)


@pytest.fixture
def ours(machine):
    return machine.client.organisation.ods_code


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "state")


@pytest.fixture
def said():
    return []


@pytest.fixture
def make_witness(hub, node_hub, store, said):
    def make(log=None):
        witnessed = Witnessed(log or hub.keys.signer().verifier, "partner-node", 60)
        return Witnessing(witnessed, store, node_hub, said.append)

    return make


@pytest.fixture
def witness(make_witness):
    return make_witness()


@pytest.fixture
def named(witness, monkeypatch):
    """The hub's administrator has named the node."""
    monkeypatch.setenv("JOINEDUP_LEDGER_WITNESSES", witness._signer.verifier.text())
    return witness


def disclose(hub, holder, count=1, **facts):
    return [
        hub.record(
            action="record.fetch", outcome="allowed", status=200, organisation=THEIRS,
            holders=(holder,), record_types=("education.details",), **facts,
        )
        for _ in range(count)
    ]  # fmt: skip


def test_the_node_keeps_every_checkpoint_and_the_hub_its_signature(hub, named):
    assert named.step() is False
    assert named.file.newest() is None  # nothing was signed for yet
    for count in (3, 5):
        disclose(hub, OURS, count)
        hub.checkpoints.checkpoint()
        named.step()
    kept = named.file.checkpoints()
    signed = list(hub.models.SignedCheckpoint.objects.values_list("size", flat=True))
    assert [one.size for one in kept] == signed
    rows = hub.models.Witnessed.objects.filter(witness="partner-node").order_by("id")
    assert [row.checkpoint.size for row in rows] == signed
    for row, one in zip(rows, kept, strict=True):
        named._signer.verifier.check_cosignature(one, row.signature)


def test_its_file_verifies_the_log_elsewhere(hub, named, tmp_path):
    disclose(hub, OURS, 3)
    hub.checkpoints.checkpoint()
    named.step()
    log, key = tmp_path / "log.jsonl", hub.keys.signer().verifier.text()
    lines = list(hub.export.contents(hub.sequencing.size()))
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    arguments = ["verify", str(log), "-c", str(named.file.path), "--key", key]
    assert CliRunner().invoke(ledger_command, arguments).exit_code == 0
    log.write_bytes(b"".join(line.replace(b"education", b"healthxxx") + b"\n" for line in lines))
    assert CliRunner().invoke(ledger_command, arguments).exit_code == 1


def test_what_it_has_already_is_not_signed_for_again(hub, named):
    disclose(hub, OURS)
    hub.checkpoints.checkpoint()
    for _ in range(3):
        named.step()
    assert hub.models.Witnessed.objects.filter(witness="partner-node").count() == 1
    posted = hub.entries().filter(action="ledger.countersign")
    assert posted.count() == 1


def test_a_node_that_nobody_named_keeps_them_all_the_same_and_says_its_key(hub, witness, said):
    for _ in range(2):
        disclose(hub, OURS)
        hub.checkpoints.checkpoint()
        witness.step()
    assert len(witness.file.checkpoints()) == 2
    assert not hub.models.Witnessed.objects.filter(witness="partner-node").exists()
    assert len(said) == 1
    assert witness._signer.verifier.text() in said[0]


def _signed_by_the_hub(hub, leaves, at):
    root = root_of(map(leaf_hash, leaves))
    note = hub.keys.signer().sign(Checkpoint(hub.keys.origin(), len(leaves), root, at))
    hub.models.SignedCheckpoint.objects.create(size=len(leaves), root=root, at=at, note=note)
    return note


@pytest.mark.parametrize(("more", "says"), [
    (-2, "went back"),
    (0, "one root"),  # a fork of the same size
    (1, "another root"),  # a fork that has grown since
])  # fmt: skip
def test_a_log_cut_or_forked_is_said_and_the_evidence_kept(hub, named, store, said, more, says):
    disclose(hub, OURS, 4)
    hub.checkpoints.checkpoint()
    named.step()
    honest = named.file.newest()
    leaves = [b"x"] * (honest.size + more)
    hub.sequencing.sequence()  # so that a proof can be made at all
    note = _signed_by_the_hub(hub, leaves, honest.at + timedelta(minutes=1))
    said.clear()
    named.step()
    named.step()
    assert len(said) == 1  # said once for one checkpoint
    assert "DOES NOT FIT" in said[0]
    (kept,) = evidence(store)
    assert kept["shown"] == note
    assert says in kept["why"]
    assert kept["had"].startswith(honest.text())
    assert named.file.newest() == honest  # and it is not taken for the truth


def test_a_checkpoint_that_another_signed_is_not_taken(hub, make_witness, store):
    stranger = Signer(hub.keys.origin(), Ed25519PrivateKey.from_private_bytes(b"8" * 32))
    witness = make_witness(stranger.verifier)
    disclose(hub, OURS)
    hub.checkpoints.checkpoint()
    witness.step()
    assert witness.file.newest() is None
    assert "did not sign" in evidence(store)[0]["why"]


def test_a_signature_of_another_checkpoint_or_key_is_refused(hub, named, node_hub):
    disclose(hub, OURS, 2)
    hub.checkpoints.checkpoint()
    found = Checkpoint(hub.keys.origin(), 2, bytes(32), hub.checkpoints.timezone.now())
    for signature, status in [
        (named._signer.cosign(found, 5), 422),
        (Signer("nobody", Ed25519PrivateKey.generate()).cosign(found, 5), 403),
        (Signer("partner-node", Ed25519PrivateKey.generate()).cosign(found, 5), 422),
        ("\N{EM DASH} partner-node ////////////////", 422),
        ("\N{EM DASH} partner-node x", 422),
    ]:
        with pytest.raises(Refused) as refused:
            node_hub.countersign(2, signature)
        assert refused.value.status == status
    with pytest.raises(Refused) as refused:
        node_hub.countersign(99, named._signer.cosign(found, 5))
    assert refused.value.status == 404
    assert not hub.models.Witnessed.objects.filter(witness="partner-node").exists()


def test_the_worker_names_a_node_that_has_stopped_signing(hub, named):
    from joinedup.hub.ledger.models import SignedCheckpoint

    disclose(hub, OURS)
    assert not hub.checkpoints.checkpoint().failed
    (node,) = hub.witnesses.nodes()
    later = SignedCheckpoint.objects.first().at + hub.checkpoints.SILENT
    assert hub.checkpoints.silent(node, later)
    named.step()
    assert not hub.checkpoints.silent(node, later - timedelta(seconds=1))
    assert hub.checkpoints.silent(node, later + timedelta(hours=1))


# ------------------------------------------------------------------ receipts
def test_each_disclosure_of_ours_has_a_receipt_that_verifies_without_the_hub(
    hub, named, node_hub, store, said, ours, tmp_path, monkeypatch
):
    from joinedup.hub.ledger import receipts

    monkeypatch.setattr(receipts, "MOST", 2)
    monkeypatch.setattr(receipts, "WINDOW", 4)
    wanted = disclose(hub, ours, 3)
    disclose(hub, "SOMEBODY-ELSE", 2)
    keeping = Receipts(store, node_hub, named.file, said.append)
    assert keeping.step() is False  # no checkpoint of our own: nothing can be proved yet
    hub.checkpoints.checkpoint()
    named.step()
    while keeping.step():
        pass
    found = given(store)
    assert {one["entry"] for one in found} == set(map(str, wanted))
    for entry in wanted:
        receipt = Receipt.parse(receipt_of(store, str(entry)))
        assert receipt.check([hub.keys.signer().verifier]) == named.file.newest()
    file = tmp_path / "receipt.json"
    file.write_text(receipt_of(store, str(wanted[0])), "utf-8")
    arguments = ["receipt", str(file), "--key", hub.keys.signer().verifier.text()]
    assert CliRunner().invoke(ledger_command, arguments).exit_code == 0
    # What came since is asked about alone, and nothing twice.
    before = hub.entries().filter(action="ledger.receipts").count()
    assert keeping.step() is False
    assert hub.entries().filter(action="ledger.receipts").count() == before
    later = disclose(hub, ours)
    hub.checkpoints.checkpoint()
    named.step()
    while keeping.step():
        pass
    assert {one["entry"] for one in given(store)} == set(map(str, wanted + later))


def test_an_entry_that_was_changed_proves_nothing_and_is_evidence(
    hub, named, node_hub, store, said, ours
):
    disclose(hub, ours, 2)
    hub.checkpoints.checkpoint()
    named.step()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE ledger_entry SET content = replace(encode(content, 'escape'), %s, %s)::bytea"
            " WHERE action = 'record.fetch'",
            ["education.details", "health.details"],
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    assert Receipts(store, node_hub, named.file, said.append).step() is False
    assert not given(store)
    (kept,) = evidence(store)
    assert "proves nothing" in kept["why"]
    assert kept["shown"]["checkpoint"] == named.file.newest_note()


def test_a_size_beyond_the_log_is_not_there(hub, node_hub):
    disclose(hub, OURS)
    hub.checkpoints.checkpoint()
    with pytest.raises(Refused) as refused:
        node_hub.receipts(-1, 10**6)
    assert refused.value.status == 404


def test_one_node_of_the_demo_is_a_witness_and_the_hub_knows_its_key(hub, tmp_path, monkeypatch):
    from joinedup.custodian.config import read_config
    from joinedup.custodian.witnessing import signer
    from joinedup.hub.demo import cast, custodians
    from joinedup.hub.demo.seed import Seeded

    monkeypatch.setenv("JOINEDUP_LEDGER_WITNESSES", custodians.ledger_witnesses(tmp_path))
    written = [
        read_config(
            custodians._write(
                tmp_path / one.ods_code.lower(), one, "http://localhost:1",
                Seeded(one.client_id, one.ods_code, cast.NODE_SCOPES, "k", tmp_path / "key"),
            )
        )
        for one in cast.CUSTODIANS
    ]  # fmt: skip
    (config,) = [one for one in written if one.witness]
    (named,) = hub.witnesses.nodes()
    assert config.witness.log == hub.keys.signer().verifier
    assert signer(config.witness, Store(config.state)).verifier == named.verifier
    assert len(hub.witnesses.others()) + 1 == hub.witnesses.ENOUGH
    assert "audit" in cast.NODE_SCOPES
