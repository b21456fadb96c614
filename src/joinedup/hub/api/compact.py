"""Reading a compact JWS strictly, before anything in it is believed (RFC 7515, RFC 8725).

One signed token must have one spelling. Libraries accept several (stray bits in the last character
of a base64url segment, a key twice in a JSON object), and whoever can spell a used token anew
could use it again, or have two readers see two different claims.
"""

import base64
import binascii
import json
import re
from typing import Any

SEGMENT = re.compile(r"[A-Za-z0-9_-]*")

LEADS_ELSEWHERE = ("jku", "jwk", "x5u", "x5c")
"""Header parameters by which a token brings, or points at, the key to check it with."""

CHANGES_THE_RULES = ("crit", "b64", "zip")
"""Header parameters that would have it read in another way; none is spoken here."""


class NotStrict(ValueError):
    """Why a token is not read; the text repeats nothing of it."""


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a compact JWS, unproven. Raises ``NotStrict``."""
    segments = token.split(".")
    if len(segments) != 3 or not all(segments):
        raise NotStrict("It is not a signed JWT.")
    header, claims, _ = (_decoded(segment) for segment in segments)
    read_header = _object(header)
    for name in (*LEADS_ELSEWHERE, *CHANGES_THE_RULES):
        if name in read_header:
            raise NotStrict(f"Leave {name} out of the header: registered keys alone are used.")
    return read_header, _object(claims)


def _decoded(segment: str) -> bytes:
    """The bytes of a base64url segment in its one canonical spelling (RFC 4648 section 3.5)."""
    if not SEGMENT.fullmatch(segment):
        raise NotStrict("It is not a signed JWT.")
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise NotStrict("It is not a signed JWT.") from None
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != segment:
        raise NotStrict("It is not spelt in canonical base64url.")
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
        )
    except NotStrict:
        raise
    except (ValueError, RecursionError):
        raise NotStrict("Its header and claims are not JSON.") from None
    if not isinstance(found, dict):
        raise NotStrict("Its header and claims are not JSON objects.")
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("A name appears twice in one of its JSON objects.")
    return found


def _no_constant(_: str) -> Any:
    raise NotStrict("NaN and Infinity are not JSON.")
