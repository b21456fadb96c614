"""Who keeps the checkpoints: a file elsewhere, a partner's node, and always our own state folder.

``JOINEDUP_LEDGER_WITNESSES`` names them, separated by commas: a file's path, or the address of a
witness that speaks C2SP tlog-witness, with its key after ``#`` when it signs
(``https://node.example/witness#node.example+id+key``), or the key alone of a custodian's node,
which opens no port: it fetches the checkpoints and brings its signatures (``witness_endpoint``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from joinedup.hub import environment
from joinedup.hub.environment import SettingError
from joinedup.hub.ledger import keys
from joinedup.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from joinedup.ledger.witness import SIZE_MEDIA_TYPE, Showing, WitnessFile

TIMEOUT = 10.0
ENOUGH = 2
"""Witnesses that a log needs beside its own file."""
_KEY = re.compile(r"[^+/\\]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*")

Prove = Callable[[int, int], list[bytes]]


class NotKept(Exception):
    """A witness did not take a checkpoint. ``contradicts`` says that it saw another log."""

    def __init__(self, why: str, *, contradicts: bool = False) -> None:
        super().__init__(why)
        self.contradicts = contradicts


@dataclass(frozen=True, slots=True)
class FileWitness:
    """A file of checkpoints; best on a disk that this machine can only add to."""

    name: str
    file: WitnessFile

    def keep(self, note: str, checkpoint: Checkpoint, known: int, prove: Prove) -> str:
        """Add the checkpoint; raises ``NotKept``, and ``ProofError`` when it contradicts."""
        try:
            last = self.file.newest()
            self.file.add(note, prove(last.size if last else 0, checkpoint.size))
        except (OSError, CheckpointError) as error:
            raise NotKept(str(error)) from error
        return ""


@dataclass(frozen=True, slots=True)
class HttpWitness:
    """A witness that another organisation runs."""

    name: str
    url: str
    verifier: Verifier | None = None

    def keep(self, note: str, checkpoint: Checkpoint, known: int, prove: Prove) -> str:
        """Show the checkpoint, from the size it has (``known`` is our guess); give its signature.

        Raises ``NotKept``.
        """
        status, kind, text = self._show(note, checkpoint, known, prove)
        if status == 409 and kind.startswith(SIZE_MEDIA_TYPE) and text.strip().isdecimal():
            theirs = int(text)
            if theirs > checkpoint.size or theirs == known:
                raise NotKept("it has seen another log", contradicts=True)
            status, _, text = self._show(note, checkpoint, theirs, prove)
        if status == 422:
            raise NotKept("it has seen another log", contradicts=True)
        if status != 200:
            raise NotKept(f"it answered {status}")
        if self.verifier is None:
            return ""
        for line in text.splitlines():
            try:
                self.verifier.check_cosignature(checkpoint, line)
            except CheckpointError:
                continue
            return line
        raise NotKept("it did not sign with the key that was given for it")

    def _show(
        self, note: str, checkpoint: Checkpoint, old: int, prove: Prove
    ) -> tuple[int, str, str]:
        showing = Showing(old, tuple(prove(old, checkpoint.size)), note)
        try:
            response = _pool().request(
                "POST",
                f"{self.url}/add-checkpoint",
                body=showing.text().encode(),
                headers={"Content-Type": "text/plain; charset=utf-8"},
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise NotKept(f"it did not answer ({type(error).__name__})") from error
        kind = response.headers.get("Content-Type", "")
        return response.status, kind, response.data[:4096].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class NodeWitness:
    """A custodian's node, which fetches checkpoints itself. Known by the key that it signs with."""

    name: str
    verifier: Verifier


Witness = FileWitness | HttpWitness


def own() -> FileWitness:
    """The file in the hub's own state folder: what the log's signer saw itself."""
    path = environment.state_folder() / "ledger-witness"
    return FileWitness("own file", WitnessFile(path, keys.signer().verifier))


def others() -> list[Witness]:
    """The witnesses that are shown each checkpoint, without our own; raises ``SettingError``."""
    return [one for one in _named() if not isinstance(one, NodeWitness)]


def nodes() -> list[NodeWitness]:
    """The witnesses that fetch checkpoints themselves; raises ``SettingError``."""
    return [one for one in _named() if isinstance(one, NodeWitness)]


def _named() -> list[Witness | NodeWitness]:
    named = environment.text("LEDGER_WITNESSES").split(",")
    return [_witness(one.strip()) for one in named if one.strip()]


def _witness(text: str) -> Witness | NodeWitness:
    if _KEY.fullmatch(text):
        node = _verifier(text)
        return NodeWitness(node.name, node)
    address, _, key = text.partition("#")
    if address.startswith(("http://", "https://")):
        parts = urlsplit(address)
        verifier = _verifier(key) if key else None
        return HttpWitness(parts.netloc + parts.path, address.rstrip("/"), verifier)
    path = Path(text)
    if not path.is_absolute():
        raise SettingError(
            "JOINEDUP_LEDGER_WITNESSES names files by their whole path, addresses that begin "
            f"with https://, or nodes by their keys (name+id+key), not {text}."
        )
    return FileWitness(str(path), WitnessFile(path, keys.signer().verifier))


def _verifier(text: str) -> Verifier:
    try:
        return Verifier.parse(text)
    except CheckpointError as error:
        raise SettingError(f"JOINEDUP_LEDGER_WITNESSES: {error}.") from error


@lru_cache(maxsize=1)
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(TIMEOUT), retries=False)
