"""What the agency holds of one child in one system, put together from all its files."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from joinedup.custodian.store import Store


class Happened(NamedTuple):
    """A dated fact, as a file says it."""

    kind: str
    start: date | None
    end: date | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """One child in one system: raw ``fields``, ``details``, and ``events``, newest first."""

    system: str
    record_id: str
    fields: Mapping[str, str]
    details: Mapping[str, Any]
    events: tuple[Happened, ...]
    sui: str = ""
    first_read: str = ""
    last_read: str = ""

    def of_kind(self, *kinds: str) -> list[Happened]:
        """The events of some kinds, newest first."""
        return [event for event in self.events if event.kind in kinds]

    @property
    def is_shielded(self) -> bool:
        """Whether the agency's own data say that where the child is must not be told."""
        return str(self.details.get("shield", "")) in ("R", "V")

    def seen(self) -> tuple[str, str]:
        """The first and the last day on which the agency had to do with the child."""
        today = date.today().isoformat()  # noqa: DTZ011 - days of files are local days
        days = [event.start.isoformat() for event in self.events if event.start]
        days += [event.end.isoformat() for event in self.events if event.end]
        past = sorted(day for day in days if day <= today)
        first, last = self.first_read[:10], self.last_read[:10]
        return (min(past[0], first) if past else first), (past[-1] if past else last)


def held(store: Store, system: str, record_id: str) -> Held | None:
    """Give a child as the files have it now; None when no file has it any more."""
    link = store.holdings
    parts = link.execute(
        "SELECT part.fields, part.details, source.read_at FROM part JOIN source"
        " USING (system, slot) WHERE system = ? AND record_id = ?"
        " ORDER BY part.whole DESC, source.read_at DESC",
        (system, record_id),
    ).fetchall()
    if not parts:
        return None
    fields: dict[str, str] = {}
    details: dict[str, Any] = {}
    for part in parts:  # the fullest and newest file is believed first
        fields = {**json.loads(part["fields"]), **fields}
        details = {**json.loads(part["details"]), **details}
    number = link.execute(
        "SELECT sui, first_seen FROM number WHERE system = ? AND record_id = ?", (system, record_id)
    ).fetchone()
    last_read = max(part["read_at"] for part in parts)
    return Held(
        system,
        record_id,
        fields,
        details,
        tuple(_events(link, system, record_id)),
        (number["sui"] or "") if number else "",
        number["first_seen"] if number else last_read,
        last_read,
    )


def held_under(store: Store, sui: str) -> list[Held]:
    """Give every record that is known to be of the child with this number."""
    rows = store.holdings.execute(
        "SELECT system, record_id FROM number WHERE sui = ? ORDER BY system, record_id", (sui,)
    ).fetchall()
    found = (held(store, row["system"], row["record_id"]) for row in rows)
    return [one for one in found if one is not None]


def _events(link: sqlite3.Connection, system: str, record_id: str) -> Iterator[Happened]:
    rows = link.execute(
        "SELECT DISTINCT kind, started, ended, facts FROM event"
        " WHERE system = ? AND record_id = ? ORDER BY started DESC, ended DESC, kind",
        (system, record_id),
    )
    for row in rows:
        yield Happened(
            row["kind"], _day(row["started"]), _day(row["ended"]), json.loads(row["facts"])
        )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
