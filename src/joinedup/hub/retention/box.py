"""What is archived of a child: taken out of the tables and sealed, or opened again to be read."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.writing import SUBJECT
from joinedup.hub.retention.models import Archived
from joinedup.ledger.seal import KEY, content_of, seal, unseal


def about(sui: str) -> bytes:
    """Give the keyed index of a child: the ledger's own, so that its key is found by it."""
    return keys().index(SUBJECT, sui)


def about_record(source: str, id: str) -> bytes:
    """Give the keyed fingerprint of a record: its source, and its own number there."""
    return keys().index("retention.record", json.dumps([source, id]))


@dataclass(frozen=True, slots=True)
class Content:
    """What the hub knew: plain values, as they were in its tables."""

    sui: str
    pointers: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


def closed(row: Archived, content: Content) -> None:
    """Put a content into a row, under a fresh key."""
    fresh = os.urandom(KEY)
    row.key = keys().wrap(fresh, row.id.bytes)
    row.box = seal(fresh, json.dumps(asdict(content)).encode(), row.id.bytes).box


def opened(row: Archived) -> Content:
    """Give back what a row holds."""
    fresh = keys().unwrap(bytes(row.key), row.id.bytes)
    return Content(**json.loads(content_of(unseal(fresh, bytes(row.box), row.id.bytes))))
