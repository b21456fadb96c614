"""A witness keeps the checkpoints it was shown, and refuses one that contradicts them."""

import os
from collections.abc import Sequence
from pathlib import Path

from joinedup.ledger.checkpoint import Checkpoint, Verifier, read_checkpoint
from joinedup.ledger.merkle import ProofError, check_consistency

_BETWEEN = "\n\x0c\n"


class WitnessFile:
    """A file of signed checkpoints, oldest first, to which is only ever added.

    It may lie on another machine, with another organisation: there it must not be writable by
    whoever runs the log.
    """

    def __init__(self, path: Path, verifier: Verifier) -> None:
        self.path = path
        self._verifier = verifier

    def notes(self) -> list[str]:
        """Every signed note kept."""
        if not self.path.exists():
            return []
        return [note for note in self.path.read_text("utf-8").split(_BETWEEN) if note]

    def checkpoints(self) -> list[Checkpoint]:
        """Every checkpoint kept; raises ``CheckpointError`` when one is not signed."""
        return [read_checkpoint(note, [self._verifier]) for note in self.notes()]

    def newest(self) -> Checkpoint | None:
        """The last checkpoint kept."""
        notes = self.notes()
        return read_checkpoint(notes[-1], [self._verifier]) if notes else None

    def add(self, note: str, proof: Sequence[bytes]) -> Checkpoint:
        """Keep a checkpoint that continues the last, ``proof`` showing that it does.

        Raises ``CheckpointError`` for a wrong signature and ``ProofError`` for a log that was
        changed, cut or forked since. Written through to the disk before it returns.
        """
        found = read_checkpoint(note, [self._verifier])
        last = self.newest()
        if last is not None:
            if found.origin != last.origin:
                raise ProofError("this checkpoint is of another log")
            if found.size < last.size:
                raise ProofError(f"the log went back from {last.size} entries to {found.size}")
            if last.size:
                check_consistency(last.size, found.size, last.root, found.root, proof)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(note + _BETWEEN)
            file.flush()
            os.fsync(file.fileno())
        return found
