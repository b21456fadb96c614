"""Proof that one entry is in the log, for whoever it concerns.

Searcher and custodian each keep a receipt of a disclosure: either can prove it when the other
denies it, with the log's public key and nothing else.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joinedup.ledger.checkpoint import Checkpoint, Verifier, read_checkpoint
from joinedup.ledger.merkle import ProofError, check_inclusion, leaf_hash


class ReceiptError(ValueError):
    """This is not a receipt, or it proves nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's content, its place in the log, the path to a root, and who signed the root."""

    content: bytes
    place: int
    proof: tuple[bytes, ...]
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Give the receipt as JSON has it."""
        return {
            "content": b64encode(self.content).decode(),
            "place": self.place,
            "proof": [b64encode(one).decode() for one in self.proof],
            "checkpoint": self.note,
        }

    def text(self) -> str:
        """Give the receipt as JSON, to keep or to send."""
        return json.dumps(self.as_dict(), indent=1)

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Read a receipt; raises ``ReceiptError``."""
        try:
            raw = json.loads(text)
            place = raw["place"]
            if not isinstance(place, int) or isinstance(place, bool):
                raise ReceiptError("a receipt's place is a whole number")
            return cls(
                b64decode(raw["content"], validate=True),
                place,
                tuple(b64decode(one, validate=True) for one in raw["proof"]),
                str(raw["checkpoint"]),
            )
        except (json.JSONDecodeError, KeyError, TypeError, NotBase64, AttributeError) as error:
            raise ReceiptError("this is not a receipt") from error

    def check(self, verifiers: Sequence[Verifier]) -> Checkpoint:
        """Verify the signature and the path; give the checkpoint that covers the entry.

        Raises ``CheckpointError`` when the signature is not theirs, ``ProofError`` when the entry
        is not in the log that was signed.
        """
        if not verifiers:
            raise ProofError("a receipt proves nothing without the log's key")
        checkpoint = read_checkpoint(self.note, verifiers)
        check_inclusion(
            leaf_hash(self.content), self.place, checkpoint.size, self.proof, checkpoint.root
        )
        return checkpoint
