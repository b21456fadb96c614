"""A witness keeps the checkpoints it was shown, and refuses one that contradicts them.

A partner's own node can be one over HTTP: it mounts ``Witness.answer`` at one address. The
protocol is C2SP tlog-witness (https://c2sp.org/tlog-witness), so that any witness that speaks it
will do; its signature is a C2SP cosignature (https://c2sp.org/tlog-cosignature).
"""

import os
import threading
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from joinedup.ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    Verifier,
    read_checkpoint,
)
from joinedup.ledger.merkle import ProofError, check_consistency

SIZE_MEDIA_TYPE = "text/x.tlog.size"
LONGEST_REQUEST = 16 * 1024
"""Bytes: a proof has 63 hashes at most, and a note a few lines."""

_BETWEEN = b"\n\x0c\n"
_TAIL = 8 * 1024  # more than any note has
_MOST_HASHES = 63


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
        whole, _, _ = self.path.read_bytes().rpartition(_BETWEEN)
        return [_text(note) for note in whole.split(_BETWEEN) if note]

    def checkpoints(self) -> list[Checkpoint]:
        """Every checkpoint kept; raises ``CheckpointError`` when one is not signed."""
        return [read_checkpoint(note, [self._verifier]) for note in self.notes()]

    def newest(self) -> Checkpoint | None:
        """The last checkpoint kept."""
        last = self.newest_note()
        return read_checkpoint(last, [self._verifier]) if last else None

    def newest_note(self) -> str:
        """The last checkpoint kept, as it was signed; empty when there is none."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _TAIL))
            whole, found, _ = file.read().rpartition(_BETWEEN)
        if not found and end > _TAIL:
            raise CheckpointError("the end of the file is not a checkpoint")
        last = whole.rpartition(_BETWEEN)[2]
        return _text(last)

    def add(self, note: str, proof: Sequence[bytes]) -> Checkpoint:
        """Keep a checkpoint that continues the last, ``proof`` showing that it does.

        Raises ``CheckpointError`` for a wrong signature and ``ProofError`` for a log that was
        changed, cut or forked since. Written through to the disk before it returns.
        """
        found = read_checkpoint(note, [self._verifier])
        check_continues(self.newest(), found, proof)
        with self.path.open("ab") as file:
            # What a crash left unfinished was never acknowledged, and is not a note.
            file.truncate(_finished(self.path))
            file.write(note.encode() + _BETWEEN)
            file.flush()
            os.fsync(file.fileno())
        return found


def check_continues(last: Checkpoint | None, found: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that a checkpoint continues the last one seen; raises ``ProofError``."""
    if last is None:
        return
    if found.origin != last.origin:
        raise ProofError("this checkpoint is of another log")
    if found.size < last.size:
        raise ProofError(f"the log went back from {last.size} entries to {found.size}")
    if last.size:
        check_consistency(last.size, found.size, last.root, found.root, proof)


def _finished(path: Path) -> int:
    """How many bytes of the file are whole notes."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL))
        tail = file.read()
    return end - len(tail.rpartition(_BETWEEN)[2])


def _text(note: bytes) -> str:
    try:
        return note.decode()
    except UnicodeDecodeError as error:
        raise CheckpointError("a checkpoint kept here is damaged") from error


@dataclass(frozen=True, slots=True)
class Showing:
    """What a log shows a witness: its checkpoint, and that it continues the one of size ``old``."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Give the body of the request (``add-checkpoint``)."""
        lines = [f"old {self.old}", *(b64encode(one).decode() for one in self.proof)]
        return "\n".join(lines) + "\n\n" + self.note

    @classmethod
    def parse(cls, body: bytes) -> "Showing":
        """Read the body of a request; raises ``ValueError``."""
        head, blank, note = body.decode().partition("\n\n")
        first, *hashes = head.split("\n")
        word, _, size = first.partition(" ")
        plain = size.isascii() and size.isdecimal() and len(size) < 20 and str(int(size)) == size
        if not blank or word != "old" or not plain or len(hashes) > _MOST_HASHES:
            raise ValueError("this is not what a log shows a witness")
        try:
            proof = tuple(b64decode(one, validate=True) for one in hashes)
        except NotBase64 as error:
            raise ValueError("a hash of the proof cannot be read") from error
        return cls(int(size), proof, note)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says: HTTP status, media type and text."""

    status: int
    text: str = ""
    media_type: str = "text/plain; charset=utf-8"


class Witness:
    """Keeps one log's checkpoints in a file, and signs for each that continues the last.

    ``answer`` takes the body of ``POST …/add-checkpoint`` and never raises for what it holds;
    whoever mounts it limits the body to ``LONGEST_REQUEST``.
    """

    def __init__(
        self,
        path: Path,
        log: Verifier,
        signer: Signer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = WitnessFile(path, log)
        self._log = log
        self._signer = signer
        self._clock = clock
        self._turn = threading.Lock()

    def answer(self, body: bytes) -> Answer:
        """Answer one showing, as tlog-witness has it."""
        if len(body) > LONGEST_REQUEST:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            shown = Showing.parse(body)
        except ValueError as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        if shown.note.partition("\n")[0] != self._log.name:
            return Answer(HTTPStatus.NOT_FOUND, "this witness does not follow that log\n")
        try:
            found = read_checkpoint(shown.note, [self._log])
        except CheckpointError as error:
            return Answer(HTTPStatus.FORBIDDEN, f"{error}\n")
        with self._turn:
            return self._add(shown, found)

    def _add(self, shown: Showing, found: Checkpoint) -> Answer:
        if shown.old > found.size:
            return Answer(HTTPStatus.BAD_REQUEST, "the old size is beyond the new one\n")
        last = self._file.newest()
        size = last.size if last else 0
        forked = last is not None and found.size == size and found.root != last.root
        if shown.old != size or forked:
            return Answer(HTTPStatus.CONFLICT, f"{size}\n", SIZE_MEDIA_TYPE)
        try:
            self._file.add(shown.note, shown.proof)
        except ProofError as error:
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}\n")
        if self._signer is None:
            return Answer(HTTPStatus.OK)
        return Answer(HTTPStatus.OK, self._signer.cosign(found, int(self._clock())))
