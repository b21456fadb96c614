"""Who calls: the same answer as ``tokens.read``, kept for a while.

A token's signature is checked once and then every half minute. Whatever could take the caller's
access away (organisation, client, key) changes a version row in its own transaction, and that row
is read on every call: what was revoked a moment ago does not get in.
"""

import hashlib
import time
from dataclasses import dataclass

from django.utils import timezone

from joinedup.hub.api import tokens
from joinedup.hub.register.versions import Kept, version

KEPT_FOR = 30.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    caller: tokens.Caller
    version: int
    until: float
    """By the clock that nobody puts back."""


_known: dict[bytes, _Known] = {}
"""By the token's hash: what would let somebody in is not kept."""


def read(token: str, now: int | None = None) -> tokens.Caller | None:
    """Who calls with this token, or None when it proves nothing.

    ``now`` is the version of ``Kept.CALLERS``, when it was read just before.
    """
    if now is None:
        now = version(Kept.CALLERS)
    name = _name(token)
    known = _known.get(name)
    if known and known.version == now != 0 and time.monotonic() < known.until:
        return known.caller if known.caller.client.is_live(timezone.now()) else None
    _known.pop(name, None)
    caller = tokens.read(token)
    if caller is not None:
        if len(_known) >= _MOST:
            _known.clear()
        lasts = min(KEPT_FOR, caller.good_until - time.time())
        _known[name] = _Known(caller, now, time.monotonic() + lasts)
    return caller


def organisation_of(token: str) -> int | None:
    """Whose token it was when it was last read: not proof of anything now."""
    known = _known.get(_name(token))
    return known.caller.client.organisation_id if known else None


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
