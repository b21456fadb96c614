"""What the hub can see of content that it cannot read: whether it has the shape of an envelope.

JSON Web Encryption, compact (RFC 7516 section 3.1), with one key agreement and one cipher.
"""

import base64
import binascii
import json
import re
from typing import Any
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

LARGEST = 5 * 1024 * 1024
ALGORITHM = "ECDH-ES+A256KW"
ENCRYPTION = "A256GCM"

_SHAPE = re.compile(
    r"([A-Za-z0-9_-]{1,4096})\.([A-Za-z0-9_-]{54})\.([A-Za-z0-9_-]{16})"
    r"\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})"
)
_CURVES: dict[tuple[str, str], type[ECKey] | type[OKPKey]] = {
    ("EC", "P-256"): ECKey,
    ("OKP", "X25519"): OKPKey,
}
_PUBLIC = {"EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}


class NotAKey(ValueError):
    """Not the public half of a P-256 or X25519 key."""


def fault(content: str, item_id: UUID) -> str:
    """What is wrong with the envelope of this work item; empty when nothing is."""
    if len(content) > LARGEST:
        return f"The content is larger than {LARGEST // 1024 // 1024} MB."
    shape = _SHAPE.fullmatch(content)
    if shape is None:
        return "The content is not a JWE in compact form (RFC 7516)."
    header = _header(shape[1])
    if header.get("alg") != ALGORITHM or header.get("enc") != ENCRYPTION or "zip" in header:
        return f"The content must be closed with {ALGORITHM} and {ENCRYPTION}."
    if header.get("workItemId") != str(item_id) or not isinstance(header.get("typ"), str):
        return "The content's header must say its typ and this workItemId."
    return ""


def _header(text: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def public_key(jwk: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The key with nothing but its public members, and its thumbprint (RFC 7638).

    Raises ``NotAKey``, also for a key whose private half was sent along.
    """
    kind = _CURVES.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if kind is None or "d" in jwk:
        raise NotAKey
    try:
        key = kind.import_key({name: jwk[name] for name in _PUBLIC[jwk["kty"]]})
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotAKey from None
    public = key.as_dict(private=False)
    return {name: str(public[name]) for name in _PUBLIC[jwk["kty"]]}, key.thumbprint()
