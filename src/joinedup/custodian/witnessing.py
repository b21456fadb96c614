"""The node as a witness of the hub's ledger: it keeps each checkpoint, and signs for it.

The node calls outward alone. It fetches the newest checkpoint with the proof that it continues the
one that the node has, checks it, keeps it, and brings the hub its own signature. A checkpoint that
does not fit shows that the log was cut, forked or changed: the node says so, keeps what it was
shown as evidence, and goes on with all else.
"""

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from joinedup.custodian.client import HubClient, Refused
from joinedup.custodian.config import Witnessed
from joinedup.custodian.store import Store, StoreError, now
from joinedup.ledger.checkpoint import Checkpoint, CheckpointError, Signer
from joinedup.ledger.merkle import ProofError
from joinedup.ledger.witness import WitnessFile

CHECKPOINTS: Final = "ledger-witness"
EVIDENCE: Final = "ledger-evidence.jsonl"
_KEY: Final = "witness-key"
_SIGNED: Final = "checkpoint countersigned"
_MOST_EVIDENCE: Final = 1000  # each is about a kilobyte; the first ones tell the most
_QUIET: Final = timedelta(hours=2)  # the hub signs at least hourly, also when nothing happens

Say = Callable[[str], None]


class Witnessing:
    """Follows one hub's ledger."""

    def __init__(self, witnessed: Witnessed, store: Store, hub: HubClient, say: Say) -> None:
        """Raises ``StoreError`` for a key that cannot be read."""
        self._signer = signer(witnessed, store)
        self._store = store
        self._hub = hub
        self._say = say
        self._is_known = True
        self._said_quiet = False
        self.file = WitnessFile(store.folder / CHECKPOINTS, witnessed.log)

    def step(self) -> bool:
        """Take in the newest checkpoint and sign for it; always False: a minute later, another.

        Raises ``HubAway`` and ``Refused``.
        """
        try:
            last, had = self.file.newest(), self.file.newest_note()
        except (CheckpointError, OSError) as error:
            self._say(f"witnessing: our own file {self.file.path.name} cannot be read: {error}.")
            return False
        shown = self._hub.checkpoint(last.size if last else 0)
        if shown is None:
            return False
        note, proof = shown
        try:
            newest = last if last and note == had else self.file.add(note, proof)
        except (CheckpointError, ProofError) as error:
            keep_evidence(self._store, self._say, str(error), shown=note, had=had)
            return False
        except OSError as error:
            self._say(f"witnessing: the checkpoint could not be kept: {error.strerror}.")
            return False
        self._mind_quiet(newest)
        self._countersign(newest)
        return False

    def _countersign(self, found: Checkpoint) -> None:
        text = found.text()
        if not self._is_known or self._store.said(_SIGNED) == text:
            return
        signature = self._signer.cosign(found, int(datetime.now(UTC).timestamp()))
        try:
            self._hub.countersign(found.size, signature)
        except Refused as refusal:
            self._is_known = False  # until the next start: keeping goes on without it
            self._say(
                f"witnessing: {refusal} Checkpoints are kept and checked all the same. The key "
                f"for JOINEDUP_LEDGER_WITNESSES at the hub: {self._signer.verifier.text()}"
            )
            return
        self._store.say(_SIGNED, text)

    def _mind_quiet(self, found: Checkpoint) -> None:
        """A hub that shows an old checkpoint again and again may hide a newer log."""
        is_quiet = datetime.now(UTC) - found.at > _QUIET
        if is_quiet and not self._said_quiet:
            self._say(
                f"witnessing: the hub has signed for nothing since {found.at:%d %B at %H:%M} UTC. "
                "Ask its administrator why."
            )
        self._said_quiet = is_quiet


def signer(witnessed: Witnessed, store: Store) -> Signer:
    """What this node signs with as a witness: made once, in the state folder.

    Raises ``StoreError`` when the file is not such a key.
    """
    path = store.folder / _KEY
    _make_once(path)
    try:
        raw = bytes.fromhex(path.read_text("ascii").strip())
        return Signer(witnessed.name, Ed25519PrivateKey.from_private_bytes(raw))
    except (OSError, ValueError) as error:
        why = f"{path} is not a witness's key. Move it away: a new one is made."
        raise StoreError(why) from error


def _make_once(path: Path) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def evidence(store: Store) -> list[dict[str, object]]:
    """What the hub showed that does not fit what it showed before, oldest first."""
    try:
        lines = (store.folder / EVIDENCE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def keep_evidence(store: Store, say: Say, why: str, **what: object) -> None:
    """Say that the hub's ledger contradicts itself, and keep what shows it."""
    known = evidence(store)
    path = store.folder / EVIDENCE
    if known and {**known[-1], "at": ""} == {"at": "", "why": why, **what}:
        return
    say(
        f"THE HUB'S LEDGER DOES NOT FIT WHAT WE SAW BEFORE: {why}. All else goes on. What shows "
        f"it is kept in {path.name}: tell your information governance lead, and the hub's other "
        "witnesses."
    )
    if len(known) < _MOST_EVIDENCE:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:
            file.write(json.dumps({"at": now(), "why": why, **what}) + "\n")
            file.flush()
            os.fsync(file.fileno())
