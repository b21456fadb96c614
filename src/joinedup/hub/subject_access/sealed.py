"""What a request or a complaint says of people, sealed under a key of its own.

The key is wrapped with the ledger's secret. With the key destroyed nothing can be read, also not in
an older copy of the sealed text.
"""

import json
import os
from typing import Any, Protocol
from uuid import UUID

from joinedup.hub.ledger.keys import keys
from joinedup.ledger.seal import KEY, content_of, seal, unseal


class Owner(Protocol):
    """A row with a key."""

    id: UUID
    key: Any


class Erased(Exception):
    """The key was destroyed: what was sealed cannot be read any more."""


def new_key(owner: UUID) -> bytes:
    """Give a fresh key for a row, wrapped and bound to its id."""
    return keys().wrap(os.urandom(KEY), owner.bytes)


def close(owner: Owner, content: Any, name: UUID) -> bytes:
    """Seal JSON under a row's key, bound to the name of where it is kept."""
    return seal(_key(owner), json.dumps(content).encode(), name.bytes).box


def opened(owner: Owner, box: Any, name: UUID) -> Any:
    """Give back what was sealed; raises ``Erased``."""
    return json.loads(content_of(unseal(_key(owner), bytes(box), name.bytes)))


def _key(owner: Owner) -> bytes:
    if owner.key is None:
        raise Erased
    return keys().unwrap(bytes(owner.key), owner.id.bytes)
