"""A record on its way to who asked for it: closed to everybody between, the hub too.

JSON Web Encryption, compact (RFC 7516), with ``ECDH-ES+A256KW`` and ``A256GCM`` (RFC 7518): a key
agreed with the searcher's public key, which the searcher makes for one fetch and then forgets. The
header names the work item that is answered, so that an answer to one cannot be passed off as an
answer to another.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from joinedup.standards.schemas import validate

ALGORITHM: Final = "ECDH-ES+A256KW"
ENCRYPTION: Final = "A256GCM"
TYPE: Final = "joinedup-record"
LARGEST: Final = 1024 * 1024
"""Bytes of a closed envelope: a record is some kilobytes, and nobody need take more."""

Key = ECKey | OKPKey

_REGISTRY: Final = jwe.JWERegistry(algorithms=[ALGORITHM, ENCRYPTION], strict_check_header=False)
_CURVES: Final[dict[tuple[str, str], type[ECKey] | type[OKPKey]]] = {
    ("EC", "P-256"): ECKey,
    ("OKP", "X25519"): OKPKey,
}
_PRIVATE: Final = "d"
_DOTS: Final = 4  # between the five parts of RFC 7516, section 7.1


class EnvelopeError(ValueError):
    """A key or an envelope is not what it must be; the text repeats nothing of either."""


def new_key() -> ECKey:
    """Make a key pair for one fetch; ``key.as_dict(private=False)`` is what the hub is sent."""
    return ECKey.generate_key("P-256")


def read_public_key(jwk: object) -> Key:
    """Read the key that a searcher sent: EC P-256 or X25519, its public half alone.

    Raises ``EnvelopeError``.
    """
    if not isinstance(jwk, Mapping):
        raise EnvelopeError("publicKey is not a JSON Web Key")
    if _PRIVATE in jwk:
        raise EnvelopeError("publicKey holds a private key: send the public half, and make a new")
    kind = _CURVES.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if kind is None:
        raise EnvelopeError("publicKey must be of the curve P-256 or X25519")
    try:
        return kind.import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise EnvelopeError("publicKey cannot be read") from error


def seal(record: Mapping[str, Any], public_key: object, work_item: str) -> str:
    """Close a record up for who holds the other half of ``public_key`` (a JSON Web Key).

    Raises ``EnvelopeError`` for a key that cannot be used and a record that is too large.
    """
    key = read_public_key(public_key)
    header = {"alg": ALGORITHM, "enc": ENCRYPTION, "typ": TYPE, "workItemId": work_item}
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        closed = jwe.encrypt_compact(header, text, key, registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise EnvelopeError("publicKey cannot be used") from error
    if len(closed) > LARGEST:
        raise EnvelopeError(f"the record is larger than {LARGEST:,} bytes")
    return closed


def work_item_of(content: str) -> str:
    """Give the work item that an envelope names, unproven; raises ``EnvelopeError``."""
    if len(content) > LARGEST:
        raise EnvelopeError(f"the envelope is larger than {LARGEST:,} bytes")
    try:
        if content.count(".") != _DOTS:
            raise ValueError
        header = json.loads(urlsafe_b64decode(content.partition(".")[0].encode("ascii") + b"=="))
        found = (header.get("alg"), header.get("enc"), header.get("typ"))
    except (ValueError, AttributeError) as error:
        raise EnvelopeError("this is not an envelope (JWE, compact)") from error
    named = header.get("workItemId")
    if found != (ALGORITHM, ENCRYPTION, TYPE):
        raise EnvelopeError(f"an envelope is {TYPE}, {ALGORITHM} and {ENCRYPTION}")
    if not isinstance(named, str) or not named:
        raise EnvelopeError("the envelope does not name its work item")
    return named


def unseal(content: str, key: Key, *, sui: str = "", work_item: str = "") -> dict[str, Any]:
    """Open an envelope and give the record, proven to be of the child and of the work item.

    A custodian may be wrong, or worse: a record of another child, or one that is not by the schema
    of its type, raises ``EnvelopeError`` and is not shown. ``sui`` and ``work_item`` are checked
    where they are given.
    """
    named = work_item_of(content)
    if work_item and named != work_item:
        raise EnvelopeError("the envelope answers another work item")
    try:
        text = jwe.decrypt_compact(content, key, registry=_REGISTRY).plaintext
        record = json.loads(text or b"")
    except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
        # The header is whoever's who sent it: the library looks up names in it as they stand.
        raise EnvelopeError("the envelope cannot be opened with this key") from error
    if problems := validate(record):
        raise EnvelopeError(f"the record is not by its schema: {problems[0].rule_code}")
    if sui and record["personId"] != sui:
        raise EnvelopeError("the record is of another child")
    return dict(record)
