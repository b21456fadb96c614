"""A witness over HTTP, as C2SP tlog-witness has it, and a file that a crash left unfinished."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.test_attacks import SIGNER, Log

from joinedup.ledger.checkpoint import CheckpointError, Signer
from joinedup.ledger.merkle import full_subtrees
from joinedup.ledger.witness import LONGEST_REQUEST, Showing, Witness, WitnessFile

NODE = Signer("node.example", Ed25519PrivateKey.from_private_bytes(b"9" * 32))
LOG = Log([f"entry {n}".encode() for n in range(12)])


@pytest.fixture
def witness(tmp_path):
    return Witness(tmp_path / "kept", SIGNER.verifier, NODE, clock=lambda: 1_780_000_000.5)


def show(witness, old, new, log=LOG, signer=SIGNER, proof=None):
    note = signer.sign(log.checkpoint(new, new))
    proof = log.proof(old, new) if proof is None else proof
    return witness.answer(Showing(old, tuple(proof), note).text().encode())


def test_it_signs_for_what_continues_the_log(witness, tmp_path):
    for old, new in ((0, 5), (5, 5), (5, 12)):
        answer = show(witness, old, new)
        assert answer.status == 200, answer
        at = NODE.verifier.check_cosignature(LOG.checkpoint(new, new), answer.text)
        assert at == datetime.fromtimestamp(1_780_000_000, UTC)
    assert [c.size for c in WitnessFile(tmp_path / "kept", SIGNER.verifier).checkpoints()] == [
        5, 5, 12,
    ]  # fmt: skip


def test_its_signature_is_for_that_checkpoint_alone(witness):
    line = show(witness, 0, 5).text
    for verifier, checkpoint in (
        (NODE.verifier, LOG.checkpoint(6, 5)),
        (NODE.verifier, LOG.checkpoint(5, 6)),
        (SIGNER.verifier, LOG.checkpoint(5, 5)),
    ):
        with pytest.raises(CheckpointError):
            verifier.check_cosignature(checkpoint, line)
    with pytest.raises(CheckpointError):
        NODE.verifier.check_cosignature(LOG.checkpoint(5, 5), "nothing")


def test_it_says_which_size_it_has(witness):
    show(witness, 0, 5)
    answer = show(witness, 3, 12)
    assert (answer.status, answer.text, answer.media_type) == (409, "5\n", "text/x.tlog.size")


def test_it_refuses_what_contradicts_what_it_saw(witness):
    show(witness, 0, 5)
    fork = Log([f"for other eyes {n}".encode() for n in range(12)])
    assert show(witness, 5, 12, fork).status == 422
    assert show(witness, 5, 12, proof=[]).status == 422
    assert show(witness, 5, 5, fork).status == 409
    assert show(witness, 5, 3).status == 400
    assert show(witness, 5, 12).status == 200


def test_it_refuses_what_is_not_signed_not_its_log_or_not_a_showing(witness):
    stranger = Signer(SIGNER.name, NODE.key)
    assert show(witness, 0, 5, signer=stranger).status == 403
    other = Signer("other.example/ledger", SIGNER.key)
    note = other.sign(LOG.checkpoint(5, 5)).replace(SIGNER.name, other.name)
    assert witness.answer(Showing(0, (), note).text().encode()).status == 404
    for body in (
        b"", b"old", b"old 1", b"old -1\n\nx", b"old 01\n\nx", b"old 0\n!!\n\nx", b"\xff\n\n",
        b"old " + "٣".encode() + b"\n\nx", b"old 0\n" + b"QQ==\n" * 64 + b"\nx",
    ):  # fmt: skip
        assert witness.answer(body).status == 400, body
    assert witness.answer(b"x" * (LONGEST_REQUEST + 1)).status == 413


@given(st.binary(max_size=300))
def test_it_never_fails_on_what_it_is_sent(body):
    from pathlib import Path

    assert Witness(Path("/nonexistent/kept"), SIGNER.verifier).answer(body).status in {
        400,
        403,
        404,
    }


@pytest.mark.parametrize("torn", [b"hub.example/led", b"\n", b"\n\x0c"])
def test_what_a_crash_left_unfinished_is_not_a_note(tmp_path, torn):
    file = WitnessFile(tmp_path / "kept", SIGNER.verifier)
    file.add(SIGNER.sign(LOG.checkpoint(5, 5)), [])
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + torn)
    assert [c.size for c in file.checkpoints()] == [5]
    file.add(SIGNER.sign(LOG.checkpoint(9, 9)), LOG.proof(5, 9))
    assert [c.size for c in file.checkpoints()] == [5, 9]
    assert file.path.read_bytes().startswith(whole)


def test_a_file_that_is_damaged_is_not_taken_for_an_empty_one(tmp_path):
    file = WitnessFile(tmp_path / "kept", SIGNER.verifier)
    file.add(SIGNER.sign(LOG.checkpoint(5, 5)), [])
    file.path.write_bytes(file.path.read_bytes() + b"x" * 9000)
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        file.add(SIGNER.sign(LOG.checkpoint(3, 3)), [])


def test_the_newest_note_is_found_in_a_long_file(tmp_path):
    file = WitnessFile(tmp_path / "kept", SIGNER.verifier)
    for n in range(60):
        checkpoint = LOG.checkpoint(5, 0)
        at = checkpoint.at + timedelta(minutes=n)
        note = SIGNER.sign(type(checkpoint)(SIGNER.name, 5, checkpoint.root, at))
        file.add(note, [])
    assert file.newest() == file.checkpoints()[-1]
    assert len(file.checkpoints()) == 60


@given(st.integers(0, 2**40))
def test_the_full_subtrees_make_up_the_log(size):
    end = 0
    for level, place in full_subtrees(size):
        assert place << level == end
        end += 1 << level
    assert end == size
