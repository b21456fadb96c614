"""The personal part of an entry: sealed under its subject's own key, committed to in the log.

The log's leaf holds a salted commitment alone. Once the subject's key is destroyed neither the
content nor, without the salt, the commitment says anything, and the log still proves itself
(UK GDPR Art. 17 with 5(1)(f)). AES-256-GCM (NIST SP 800-38D) with the entry's id as associated
data, so that one entry's part cannot be passed off as another's.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = 32
_SALT = 32
_NONCE = 12


class SealError(ValueError):
    """What is sealed does not open: another key, another entry, or it was changed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed part, and the commitment that goes into the log."""

    box: bytes
    commitment: bytes


def seal(key: bytes, content: bytes, bound_to: bytes) -> Sealed:
    """Seal a content for one entry (``bound_to`` is its id) with a fresh salt."""
    opening = os.urandom(_SALT) + content
    return Sealed(encrypt(key, opening, bound_to), commitment(opening))


def unseal(key: bytes, box: bytes, bound_to: bytes) -> bytes:
    """Give the opening (salt and content) of a sealed part; raises ``SealError``."""
    return decrypt(key, box, bound_to)


def commitment(opening: bytes) -> bytes:
    """Give the commitment to an opening: what the log holds of it."""
    return hashlib.sha256(opening).digest()


def content_of(opening: bytes) -> bytes:
    """Give the content of an opening, without its salt."""
    return opening[_SALT:]


class Keys:
    """What is derived from the ledger's one secret, a use each.

    Takes 32 bytes. ``index`` gives the keyed blind index by which one subject's entries are found:
    without the secret, knowing the number does not find them. ``wrap`` and ``unwrap`` keep the
    subjects' keys, each bound to its subject.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY:
            raise ValueError(f"the ledger's secret has {KEY} bytes")
        self._index = derive(secret, b"joinedup ledger index")
        self._wrapping = derive(secret, b"joinedup ledger wrap")

    def index(self, kind: str, name: str) -> bytes:
        """Give the blind index of a subject or a person."""
        return hmac.digest(self._index, f"{kind}\0{name}".encode(), "sha256")

    def wrap(self, key: bytes, index: bytes) -> bytes:
        """Encrypt a subject's key for keeping."""
        return encrypt(self._wrapping, key, index)

    def unwrap(self, wrapped: bytes, index: bytes) -> bytes:
        """Give a subject's key back; raises ``SealError``."""
        return decrypt(self._wrapping, wrapped, index)


def derive(secret: bytes, use: bytes) -> bytes:
    """Give the key for one use of a secret (HKDF, RFC 5869)."""
    return HKDF(SHA256(), KEY, salt=None, info=use).derive(secret)


def encrypt(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    """Close a content with a fresh nonce, bound to what it belongs to."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to)


def decrypt(key: bytes, box: bytes, bound_to: bytes) -> bytes:
    """Give what was closed; raises ``SealError``."""
    try:
        return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise SealError("what is sealed does not open with this key for this entry") from error
