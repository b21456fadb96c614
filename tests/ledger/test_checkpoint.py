"""Signed heads, receipts and witnesses: what is refused."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.ledger import merkle
from joinedup.ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    Verifier,
    read_checkpoint,
)
from joinedup.ledger.receipt import Receipt, ReceiptError
from joinedup.ledger.verify import verify
from joinedup.ledger.witness import WitnessFile

AT = datetime(2026, 11, 23, 2, 31, tzinfo=UTC)
ORIGIN = "joinedup.example/ledger"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"7" * 32))
OTHER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"8" * 32))


class Log:
    """A log in memory, as a store would keep it."""

    def __init__(self, size):
        self.contents = [f"entry {n}".encode() for n in range(size)]
        self.nodes = {}
        frontier = merkle.Frontier()
        for content in self.contents:
            for level, place, node in frontier.append(merkle.leaf_hash(content)):
                self.nodes[level, place] = node

    def node(self, level, place):
        return self.nodes[level, place]

    def checkpoint(self, size):
        root = merkle.root_of(map(merkle.leaf_hash, self.contents[:size]))
        return Checkpoint(ORIGIN, size, root, AT + timedelta(minutes=size))


def test_a_signed_checkpoint_reads_back():
    checkpoint = Log(5).checkpoint(5)
    assert read_checkpoint(SIGNER.sign(checkpoint), [SIGNER.verifier]) == checkpoint


def test_the_key_reads_back_and_a_damaged_one_does_not():
    text = SIGNER.verifier.text()
    assert Verifier.parse(text) == SIGNER.verifier
    with pytest.raises(CheckpointError, match="damaged"):
        Verifier.parse(text.replace("+", "+0", 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n5\n", "\n6\n"),
        lambda note: note.replace("02:36", "02:37"),
        lambda note: note.replace("joinedup.example/ledger\n5", "other\n5"),
        lambda note: note.replace("— ", "- "),
        lambda note: note.rpartition("\n\n")[0] + "\n",
        lambda note: note[:-9] + "AAAAAAA=\n",
        lambda _: OTHER.sign(Log(5).checkpoint(5)),
        lambda _: "",
    ],
)
def test_a_checkpoint_that_was_touched_is_refused(change):
    with pytest.raises(CheckpointError):
        read_checkpoint(change(SIGNER.sign(Log(5).checkpoint(5))), [SIGNER.verifier])


def test_two_may_sign_and_both_are_asked_for():
    witness = Signer("witness.example", Ed25519PrivateKey.from_private_bytes(b"9" * 32))
    checkpoint = Log(3).checkpoint(3)
    note = SIGNER.sign(checkpoint) + witness.signature(checkpoint.text())
    assert read_checkpoint(note, [SIGNER.verifier, witness.verifier]) == checkpoint
    with pytest.raises(CheckpointError, match=r"witness\.example did not sign"):
        read_checkpoint(SIGNER.sign(checkpoint), [SIGNER.verifier, witness.verifier])


def test_a_receipt_proves_its_own_entry_alone():
    log = Log(9)
    note = SIGNER.sign(log.checkpoint(9))
    receipt = Receipt(log.contents[4], 4, tuple(merkle.inclusion_proof(log.node, 4, 9)), note)
    assert Receipt.parse(receipt.text()).check([SIGNER.verifier]).size == 9
    forged = Receipt(b"another", 4, receipt.proof, note)
    with pytest.raises(merkle.ProofError):
        forged.check([SIGNER.verifier])
    with pytest.raises(merkle.ProofError):
        receipt.check([])
    with pytest.raises(ReceiptError):
        Receipt.parse('{"place": 4}')


def test_a_witness_refuses_what_contradicts_what_it_saw(tmp_path):
    log = Log(12)
    witness = WitnessFile(tmp_path / "witness", SIGNER.verifier)
    for size in (0, 4, 4, 9):
        last = witness.newest()
        proof = merkle.consistency_proof(log.node, last.size, size) if last and last.size else []
        witness.add(SIGNER.sign(log.checkpoint(size)), proof)
    with pytest.raises(merkle.ProofError, match="went back from 9 entries to 4"):
        witness.add(SIGNER.sign(log.checkpoint(4)), [])
    log.contents[2] = b"changed"
    with pytest.raises(merkle.ProofError):
        witness.add(SIGNER.sign(log.checkpoint(12)), merkle.consistency_proof(Log(12).node, 9, 12))
    with pytest.raises(CheckpointError):
        witness.add(OTHER.sign(Log(12).checkpoint(12)), [])
    assert [c.size for c in witness.checkpoints()] == [0, 4, 4, 9]


def _attack(kind, contents, rng):
    """One way of changing the past; the log that was signed for has these contents."""
    changed = list(contents)
    at = rng.randrange(len(changed))
    if kind == "edit":
        changed[at] += b"!"
    elif kind == "delete":
        del changed[at]
    elif kind == "insert":
        changed.insert(at, b"forged")
    elif kind == "reorder":
        other = rng.choice([n for n in range(len(changed)) if n != at])
        changed[at], changed[other] = changed[other], changed[at]
    elif kind == "truncate":
        del changed[at:]
    return changed


@pytest.mark.parametrize("kind", ["edit", "delete", "insert", "reorder", "truncate"])
@given(size=st.integers(2, 60), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_every_change_to_what_was_signed_for_is_found(kind, size, seed):
    rng = Random(seed)
    log = Log(size)
    checkpoints = [log.checkpoint(rng.randint(1, size)), log.checkpoint(size)]
    assert verify(log.contents, checkpoints).whole
    changed = _attack(kind, log.contents, rng)
    assert not verify(changed, checkpoints).whole


def test_going_back_and_forking_are_found():
    log, fork = Log(8), Log(8)
    fork.contents[3] = b"for the other's eyes"
    back = Checkpoint(ORIGIN, 5, log.checkpoint(5).root, AT + timedelta(hours=1))
    words = [f.words for f in verify(log.contents, [log.checkpoint(8), back]).faults]
    assert words == ["the log went back from 8 entries to 5"]
    words = [f.words for f in verify(log.contents, [log.checkpoint(8), fork.checkpoint(8)]).faults]
    assert "two different logs of 8 were signed" in words


def test_what_nobody_signed_for_is_told():
    log = Log(8)
    verified = verify(log.contents, [log.checkpoint(6)])
    assert (verified.entries, verified.covered, verified.whole) == (8, 6, True)
