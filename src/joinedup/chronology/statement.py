"""What one record says: a fetched record, taken apart into statements with their source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from joinedup.chronology.fields import Described, Detail, Happening, Nature, described

Titles = Mapping[str, Mapping[str, str]]
"""Words for codes, by record type and field: ``{"health.details/setting": {"GP": "..."}}``."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record as a custodian gave it, by its record type's schema.

    ``key`` says which record it is: what comes under the same key again is the same record, given
    again. ``custodian`` is empty where it may not be told who holds the record.
    """

    key: str
    record: Mapping[str, Any]
    custodian: str
    custodian_name: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """Whose word it is: the custodian and the record, as at when, and when we were given it."""

    key: str
    custodian: str
    custodian_name: str
    record_type: str
    system: str
    as_at: date | None
    received_at: datetime

    @property
    def agency(self) -> str:
        """What tells one agency from another; a masked one is only itself."""
        return self.custodian or self.key


@dataclass(frozen=True, slots=True, order=True)
class When:
    """A day, or a time from one day to another (a school year)."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that one record says, in words, with where in the record it stands.

    ``kind`` is an event's kind, or a detail's field. ``facts`` are the values as they came.
    """

    source: Source
    place: tuple[str | int, ...]
    kind: str
    label: str
    text: str
    nature: Nature
    when: When | None = None
    compare: str = ""
    same_within_days: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def statements(fetched: Fetched, titles: Titles | None = None) -> Iterator[Statement]:
    """Give everything that a record says. A field that nobody described is told as it came."""
    record = fetched.record
    record_type = str(record["recordType"])
    known = described().get(record_type, Described(record_type, {}, {}))
    updated = record.get("lastUpdated")
    source = Source(
        fetched.key,
        fetched.custodian,
        fetched.custodian_name,
        record_type,
        str(record.get("sourceSystem", "")),
        date.fromisoformat(updated) if updated else None,
        fetched.received_at,
    )
    read = _Reading(source, titles or {})
    for name, value in record["payload"].items():
        event = known.events.get(name)
        if event is None:
            yield from read.detail(name, value, known.details.get(name, Detail(name)))
        elif event.date or event.from_year:
            for index, each in enumerate(value):
                yield read.event((name, index), each, event)
        else:
            yield read.day(name, value, event)


@dataclass(frozen=True, slots=True)
class _Reading:
    source: Source
    titles: Titles

    def detail(self, name: str, value: Any, known: Detail) -> Iterator[Statement]:
        values = enumerate(value) if known.each and isinstance(value, list) else [(None, value)]
        for index, each in values:
            yield Statement(
                self.source,
                (name,) if index is None else (name, index),
                name,
                known.label,
                self._words(name, each, known.parts),
                known.nature,
                compare=known.compare,
                facts={name: each},
            )

    def event(
        self, place: tuple[str, int], value: Mapping[str, Any], known: Happening
    ) -> Statement:
        dated = {known.date, known.from_year, known.to_year}
        rest = {name: each for name, each in value.items() if name not in dated}
        label = known.label
        if known.from_year:
            when = _school_year(int(value[known.from_year]), int(value[known.to_year]))
            label = f"{label} {value[known.from_year]} to {value[known.to_year]}"
        else:
            day = date.fromisoformat(value[known.date])
            when = When(day, day)
        return self._made(
            place, known, label, self._words(place[0], rest, known.parts), when, value
        )

    def day(self, name: str, value: str, known: Happening) -> Statement:
        day = date.fromisoformat(value)
        return self._made((name,), known, known.label, "", When(day, day), {name: value})

    def _made(
        self,
        place: tuple[str | int, ...],
        known: Happening,
        label: str,
        text: str,
        when: When,
        facts: Mapping[str, Any],
    ) -> Statement:
        return Statement(
            self.source, place, known.kind, label, text, known.nature, when,
            same_within_days=known.same_within_days, facts=facts,
        )  # fmt: skip

    def _words(self, name: str, value: Any, parts: Mapping[str, str]) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Mapping):
            return ", ".join(
                _joined(parts.get(key, ""), self._words(key, each, parts))
                for key, each in value.items()
            )
        if isinstance(value, list):
            return "; ".join(self._words(name, each, parts) for each in value) or "none"
        text = str(value)
        return self.titles.get(f"{self.source.record_type}/{name}", {}).get(text) or _as_date(text)


def _joined(words: str, text: str) -> str:
    """A part's words and what it says: "attended {} %", or simply one after the other."""
    return words.replace("{}", text) if "{}" in words else f"{words} {text}".strip()


def _school_year(start: int, end: int) -> When:
    return (
        When(date(start, 9, 1), date(end, 8, 31))
        if end > start
        else When(date(start, 1, 1), date(start, 12, 31))
    )


def _as_date(text: str) -> str:
    """A date in words; anything else as it is."""
    if len(text) == 10 and text[4] == "-" and text[7] == "-":
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return f"{day.day} {day:%B %Y}"
    return text
