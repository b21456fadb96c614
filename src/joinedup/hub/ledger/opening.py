"""Opening the sealed parts of entries, for those who may read them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry, SubjectKey
from joinedup.ledger.entry import read_content
from joinedup.ledger.seal import SealError, commitment, content_of, unseal


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with both its parts.

    ``facts`` are the open ones by name. ``personal`` has ``subject``, ``reason``,
    ``case_reference`` and ``person``, and ``relationship`` where one is said. It is ``None`` when
    there is none, when its key was destroyed, or when it is ``damaged``: it does not open, or is
    not what the log commits to.
    """

    id: UUID
    number: int
    at: datetime
    facts: dict[str, Any]
    personal: dict[str, str] | None
    damaged: bool = False


def opened(entries: Iterable[Entry]) -> list[Opened]:
    """Open entries; what cannot be opened says so, and hides no other."""
    given = list(entries)
    wanted = {entry.key for entry in given if entry.key is not None}
    known: dict[int, bytes] = {}
    for key in SubjectKey.objects.filter(pk__in=wanted, wrapped__isnull=False):
        known[key.pk] = keys().unwrap(bytes(key.wrapped or b""), bytes(key.about))
    return [_open(entry, known) for entry in given]


def _open(entry: Entry, known: dict[int, bytes]) -> Opened:
    facts = read_content(bytes(entry.content))
    personal: dict[str, str] | None = None
    damaged = False
    if entry.key in known:
        try:
            opening = unseal(known[entry.key], bytes(entry.sealed or b""), entry.id.bytes)
            damaged = commitment(opening).hex() != facts["commitment"]
            personal = None if damaged else json.loads(content_of(opening))
        except SealError:
            damaged = True
    return Opened(entry.id, entry.number, entry.at, facts, personal, damaged)
