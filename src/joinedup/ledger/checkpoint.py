"""The signed head of the log: which size, which root, said by whom.

The text is a C2SP checkpoint (https://c2sp.org/tlog-checkpoint) inside a C2SP signed note
(https://c2sp.org/signed-note), signed with Ed25519:

    joinedup.example/ledger
    2048
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
    2026-11-23T02:31:00Z

    — joinedup.example/ledger Az3grl...

The fourth line, when it was signed, is an extension line that the format allows for.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from joinedup.ledger.merkle import SIZE

_ED25519 = b"\x01"
_COSIGNATURE = b"\x04"
_SIGNATURE = re.compile(r"— (?P<name>[^ +]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class CheckpointError(ValueError):
    """A checkpoint is not whole, or not signed by whom it should be."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log ``origin`` had ``size`` entries under ``root`` (32 bytes) at ``at`` (aware)."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """What is signed."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{at}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key by its name: who may sign checkpoints."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key signed, so that an unknown one is passed over."""
        content = self.name.encode() + b"\n" + _ED25519 + self.key
        return hashlib.sha256(content).digest()[:4]

    def text(self) -> str:
        """Give the key as C2SP writes it: name, key id, key."""
        encoded = b64encode(_ED25519 + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Read a key as C2SP writes it; raises ``CheckpointError``."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            raw = b64decode(encoded, validate=True)
        except (ValueError, NotBase64) as error:
            raise CheckpointError("this is not a checkpoint key: name+id+key") from error
        found = cls(name, raw[1:])
        if raw[:1] != _ED25519 or len(raw) != 1 + SIZE or found.key_id.hex() != key_id:
            raise CheckpointError("this checkpoint key is damaged: its id does not fit")
        return found

    @property
    def cosignature_id(self) -> bytes:
        """The key's id where it signs for another's checkpoint (C2SP tlog-cosignature)."""
        content = self.name.encode() + b"\n" + _COSIGNATURE + self.key
        return hashlib.sha256(content).digest()[:4]

    def check_cosignature(self, checkpoint: Checkpoint, line: str) -> datetime:
        """Verify a witness's signature line over a checkpoint; give when it signed.

        Raises ``CheckpointError``.
        """
        found = _SIGNATURE.fullmatch(line.rstrip("\n"))
        raw = _raw(found["signature"]) if found and found["name"] == self.name else b""
        at = int.from_bytes(raw[4:12], "big")
        if raw[:4] != self.cosignature_id or not self.check(_cosigned(checkpoint, at), raw[12:]):
            raise CheckpointError(f"{self.name} did not sign for this checkpoint")
        try:
            return datetime.fromtimestamp(at, UTC)
        except (ValueError, OverflowError, OSError) as error:  # a moment beyond all calendars
            raise CheckpointError(f"{self.name} did not sign at a moment that there is") from error

    def check(self, text: str, signature: bytes) -> bool:
        """Whether this key signed the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key by its name."""

    name: str
    key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw())

    def signature(self, text: str) -> str:
        """Give the signature line for a text."""
        signed = self.verifier.key_id + self.key.sign(text.encode())
        return f"— {self.name} {b64encode(signed).decode()}\n"

    def sign(self, checkpoint: Checkpoint) -> str:
        """Give the signed note."""
        text = checkpoint.text()
        return f"{text}\n{self.signature(text)}"

    def cosign(self, checkpoint: Checkpoint, at: int) -> str:
        """Sign for another's checkpoint as a witness, at a moment in POSIX seconds."""
        signed = self.verifier.cosignature_id + at.to_bytes(8, "big")
        signed += self.key.sign(_cosigned(checkpoint, at).encode())
        return f"— {self.name} {b64encode(signed).decode()}\n"


def _cosigned(checkpoint: Checkpoint, at: int) -> str:
    return f"cosignature/v1\ntime {at}\n{checkpoint.text()}"


def _raw(signature: str) -> bytes:
    try:
        return b64decode(signature, validate=True)
    except NotBase64:
        return b""


def read_checkpoint(note: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Read a signed note that every one of ``verifiers`` signed.

    Raises ``CheckpointError``; signatures of others are passed over, as the format asks.
    """
    text, blank, signatures = note.rpartition("\n\n")
    if not blank:
        raise CheckpointError("a checkpoint ends with an empty line and signatures")
    text += "\n"
    found = [_SIGNATURE.fullmatch(line) for line in signatures.splitlines()]
    if not found or None in found:
        raise CheckpointError("a line below the checkpoint is not a signature")
    for verifier in verifiers:
        if not any(line and _is_by(verifier, text, line) for line in found):
            raise CheckpointError(f"{verifier.name} did not sign this checkpoint")
    return _parse(text)


def _is_by(verifier: Verifier, text: str, line: re.Match[str]) -> bool:
    if line["name"] != verifier.name:
        return False
    raw = _raw(line["signature"])
    return raw[:4] == verifier.key_id and verifier.check(text, raw[4:])


def _parse(text: str) -> Checkpoint:
    lines = text.splitlines()
    if len(lines) != 4 or not _DECIMAL.fullmatch(lines[1]):
        raise CheckpointError("a checkpoint has an origin, a size, a root and a time")
    try:
        root = b64decode(lines[2], validate=True)
        at = datetime.strptime(lines[3], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (NotBase64, ValueError) as error:
        raise CheckpointError("the root or the time of the checkpoint cannot be read") from error
    if len(root) != SIZE:
        raise CheckpointError("the root of a checkpoint has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root, at)
