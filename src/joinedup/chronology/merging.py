"""Several records' statements, merged into one chronology in which nothing is lost.

What agencies say alike is one entry with all who say it. What they say differently stays, each
with its source, and is pointed out. The order of the input makes no difference to the result.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from joinedup.chronology.statement import Fetched, Statement, Titles, When, statements


class Certainty(StrEnum):
    """How an entry is backed; a matter of who says so, never a figure."""

    AGREED = "agreed"  # by two agencies or more
    SINGLE = "single"  # by one
    DIFFERS = "differs"  # another says something else


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the chronology, and everybody who says it."""

    kind: str
    label: str
    text: str
    when: When | None
    certainty: Certainty
    said: tuple[Statement, ...]

    @property
    def agencies(self) -> frozenset[str]:
        """The agencies that say it."""
        return frozenset(one.source.agency for one in self.said)


@dataclass(frozen=True, slots=True)
class Difference:
    """What agencies say differently of one thing, or the dates of what may be one event."""

    about: str
    entries: tuple[Entry, ...]
    is_event: bool = False


@dataclass(frozen=True, slots=True)
class Chronology:
    """What was merged: ``entries`` with a date, newest first; ``details`` without one.

    ``replaced`` are records of which a newer version was given.
    """

    entries: tuple[Entry, ...]
    details: tuple[Entry, ...]
    differences: tuple[Difference, ...]
    replaced: tuple[Fetched, ...]
    record_types: frozenset[str]


def merge(fetched: Iterable[Fetched], titles: Titles | None = None) -> Chronology:
    """Merge records. The same record given twice counts once, as it was given last."""
    newest, replaced = _newest(fetched)
    grouped: dict[tuple[Any, ...], list[Statement]] = defaultdict(list)
    for each in newest:
        for one in statements(each, titles):
            grouped[_same(one)].append(one)
    groups = [sorted(group, key=_statement_order) for group in grouped.values()]
    near = _near(groups)
    topics = _topics(groups)
    entries = [_entry(group, near, topics) for group in groups]
    by_first = {id(entry.said[0]): entry for entry in entries}
    differences = [
        *(
            Difference(topic, _ordered(by_first[id(group[0])] for group in each))
            for topic, each in topics.items()
        ),
        *(
            Difference(one[0].label, _ordered((by_first[id(one[0])], by_first[id(two[0])])), True)
            for one, two in near
        ),
    ]
    return Chronology(
        entries=tuple(sorted((e for e in entries if e.when), key=_entry_order)),
        details=tuple(sorted((e for e in entries if not e.when), key=_entry_order)),
        differences=tuple(sorted(differences, key=_difference_order)),
        replaced=replaced,
        record_types=frozenset(str(each.record["recordType"]) for each in newest),
    )


def _newest(fetched: Iterable[Fetched]) -> tuple[list[Fetched], tuple[Fetched, ...]]:
    by_key: dict[str, list[Fetched]] = defaultdict(list)
    for each in fetched:
        if each not in by_key[each.key]:
            by_key[each.key].append(each)
    newest, replaced = [], []
    for key in sorted(by_key):
        versions = sorted(by_key[key], key=_version_order)
        newest.append(versions[-1])
        replaced += versions[:-1]
    return newest, tuple(replaced)


def _version_order(each: Fetched) -> tuple[Any, ...]:
    return (each.received_at, str(each.record.get("lastUpdated", "")), canonical(each.record))


def canonical(value: Any) -> str:
    """Give a value as text that does not depend on the order of an object's fields."""
    if isinstance(value, Mapping):
        inner = ",".join(f"{key!r}:{canonical(value[key])}" for key in sorted(value))
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return repr(value)


def _same(one: Statement) -> tuple[Any, ...]:
    """What makes two statements the same: they say the same of the same, on the same day."""
    return (one.kind, one.label, one.when, plain(one.text), one.nature)


def plain(text: str) -> str:
    """Text without case, accents, punctuation and spacing: two spellings of the same words."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]+", "", "".join(c for c in bare if not unicodedata.combining(c))) or text


def _entry(
    group: Sequence[Statement],
    near: Sequence[tuple[list[Statement], list[Statement]]],
    topics: Mapping[str, Sequence[list[Statement]]],
) -> Entry:
    first = group[0]
    differs = any(group is one or group is two for one, two in near) or any(
        group is each for each in topics.get(first.compare, ())
    )
    agencies = {one.source.agency for one in group}
    certainty = Certainty.AGREED if len(agencies) > 1 else Certainty.SINGLE
    return Entry(
        first.kind,
        first.label,
        first.text,
        first.when,
        Certainty.DIFFERS if differs else certainty,
        tuple(group),
    )


def _topics(groups: Sequence[list[Statement]]) -> dict[str, list[list[Statement]]]:
    """Of what there should be one, everything on which records differ."""
    found: dict[str, list[list[Statement]]] = defaultdict(list)
    for group in groups:
        if group[0].compare:
            found[group[0].compare].append(group)
    return {topic: each for topic, each in found.items() if len(each) > 1}


def _near(groups: Sequence[list[Statement]]) -> list[tuple[list[Statement], list[Statement]]]:
    """Pairs of events that may be one: of a kind, said alike, days apart, by different agencies."""
    by_kind: dict[tuple[Any, ...], list[list[Statement]]] = defaultdict(list)
    for group in groups:
        first = group[0]
        if first.when and first.same_within_days:
            by_kind[first.kind, first.facts.get("type")].append(group)
    pairs = []
    for alike in by_kind.values():
        for one, two in combinations(
            sorted(alike, key=lambda group: _statement_order(group[0])), 2
        ):
            whens = (one[0].when, two[0].when)
            if whens[0] is None or whens[1] is None or whens[0] == whens[1]:
                continue
            apart = abs((whens[0].first - whens[1].first).days)
            agencies = [{each.source.agency for each in group} for group in (one, two)]
            if apart <= one[0].same_within_days and agencies[0].isdisjoint(agencies[1]):
                pairs.append((one, two))
    return pairs


def _ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=_entry_order))


def _statement_order(one: Statement) -> tuple[Any, ...]:
    # A custodian whose name is masked sorts by its record's key, which says nothing.
    return (
        -one.when.last.toordinal() if one.when else 0,
        one.source.custodian_name,
        one.source.key,
        tuple(map(str, one.place)),
        one.text,
    )


def _entry_order(entry: Entry) -> tuple[Any, ...]:
    when = entry.when
    newest_first = (-when.last.toordinal(), -when.first.toordinal()) if when else (0, 0)
    return (*newest_first, entry.label, entry.text, _statement_order(entry.said[0]))


def _difference_order(one: Difference) -> tuple[Any, ...]:
    return (one.is_event, one.about, tuple(map(_entry_order, one.entries)))
