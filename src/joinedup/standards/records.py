"""What a reader gives: children, events, and what is wrong with the file."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from joinedup.people.demographics import Demographics

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Severity(StrEnum):
    """How much an issue matters. ``NOTE`` is worth knowing and is no fault of the data."""

    ERROR = "Error"
    WARNING = "Warning"
    NOTE = "Note"


class Child(NamedTuple):
    """Who a child is, as one row says it.

    ``id`` is the sender's own number for the child, "" when the row gives none. ``fields`` is raw
    text by the names of ``people.demographics.FIELDS``. ``local_ids`` are the other identifiers,
    by kind (``former_upn``, ``uln``, ``mis_child_id``...). ``details`` is what else is known
    (ethnicity, former names, school...). ``whole`` is false when the row is about an event and
    only repeats part of the identity. ``purge`` is a sender's request to delete the child.
    """

    id: str
    fields: Mapping[str, str]
    table: str
    row: int
    local_ids: Mapping[str, str] = NOTHING
    details: Mapping[str, Any] = NOTHING
    whole: bool = True
    purge: bool = False

    def demographics(self) -> Demographics:
        """The fields read, normalised and checked."""
        return Demographics.read(self.fields)


class Event(NamedTuple):
    """A dated fact about a child, with the row that it came from.

    ``facts`` holds the other cells as written, by the standard's own names. ``id`` is the sender's
    number for the event, where there is one. ``purge`` is a sender's request to delete the event.
    """

    kind: str
    child_id: str
    start: date | None
    end: date | None
    facts: Mapping[str, Any]
    table: str
    row: int
    id: str = ""
    purge: bool = False


class Issue(NamedTuple):
    """One thing that is wrong, in the columns analysts know (design contract 5.1).

    ``row`` is 0 when the issue is about the whole file. ``description`` never repeats a value.
    """

    child_id: str
    table: str
    columns: tuple[str, ...]
    row: int
    rule_code: str
    severity: Severity
    description: str


Record = Child | Event | Issue
