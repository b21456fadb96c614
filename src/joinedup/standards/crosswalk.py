"""Which of a child's numbers belong together, who said so, and when.

The statutory returns carry no names and no NHS number, so a child's records are joined through
numbers: the authority's own child id with a UPN (the return that carries both), a former UPN with
the UPN (the school census), a UPN with an NHS number (a file that carries both).

A number that fails its check joins nothing. A child who was adopted is never joined through a
former number to who they were before (design principle 6): once an adoption is known, the numbers
before it are sealed.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from joinedup.people.nhs_number import read_nhs_number
from joinedup.people.upn import read_upn
from joinedup.standards.records import Child, Event, Record

# A former UPN is a UPN: the same number, said to be no longer in use.
_READERS = {"upn": read_upn, "former_upn": read_upn, "nhs_number": read_nhs_number}
_NATIONAL = frozenset({"upn", "nhs_number", "unique_learner_number"})
# Links that say "was", which an adoption cuts.
_PAST = "former_upn"
_ADOPTED = frozenset({"adoption-order"})
# CIN: adopted. SSDA903: adopted, application unopposed or consent dispensed with.
_ADOPTED_CODES = {"ReasonForClosure": {"RC1"}, "REC": {"E11", "E12"}}

_HEADINGS = (
    "kind_l", "issuer_l", "value_l", "kind_r", "issuer_r", "value_r", "past", "sealed", "times",
    "first_file", "first_table", "first_row", "first_day",
    "last_file", "last_table", "last_row", "last_day",
)  # fmt: skip


class Identifier(NamedTuple):
    """A number, of a kind, given by ``issuer`` ("" for numbers that are the nation's)."""

    kind: str
    issuer: str
    value: str


class Source(NamedTuple):
    """Where a link was read: file, table and row, and the day the file speaks of."""

    file: str
    table: str
    row: int
    day: date


@dataclass(slots=True)
class Link:
    """Two numbers of one child. ``past`` when the file calls the right one a former number."""

    left: Identifier
    right: Identifier
    past: bool
    first: Source
    last: Source
    times: int = 1


class Conflict(NamedTuple):
    """One number that is linked with several of a kind of which a child has one."""

    identifier: Identifier
    kind: str
    values: tuple[str, ...]


@dataclass(slots=True)
class Crosswalk:
    """Links folded from any number of files; about 1 kB of memory a child."""

    _links: dict[tuple[Identifier, Identifier], Link] = field(default_factory=dict)
    _by_identifier: dict[Identifier, list[Link]] = field(default_factory=lambda: defaultdict(list))
    _sealed: dict[Identifier, date | None] = field(default_factory=dict)

    def add(self, records: Iterable[Record], issuer: str, file: str, day: date) -> None:
        """Take in what a file says. ``issuer`` is who gives its local ids (an authority, a school).

        ``day`` is the day that the file speaks of: its reference date, or when it was made.
        """
        for record in records:
            if isinstance(record, Child) and not record.purge:
                self._child(record, issuer, file, day)
            elif isinstance(record, Event) and not record.purge:
                self._adoption(record, issuer)

    def links(self, kind: str, value: str, issuer: str = "") -> list[Link]:
        """Every link of a number, as it was read."""
        return list(self._by_identifier.get(Identifier(kind, issuer, value), ()))

    def find(self, kind: str, value: str, issuer: str = "") -> dict[Identifier, list[Link]]:
        """Every number of the child that this one is of, each with the links that lead to it.

        A number in conflict leads no further: two children may be behind it. Nothing leads from
        after an adoption to before it, or back.
        """
        start = Identifier(kind, issuer, value)
        found: dict[Identifier, list[Link]] = {start: []}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here != start and any(self._conflicts_of(here)):
                continue
            for link in self._by_identifier.get(here, ()):
                other = link.right if link.left == here else link.left
                if other in found or self._is_cut(link):
                    continue
                found[other] = [*found[here], link]
                waiting.append(other)
        del found[start]
        return found

    def conflicts(self) -> Iterator[Conflict]:
        """Every number that cannot be all of what it is linked with."""
        for identifier in self._by_identifier:
            yield from self._conflicts_of(identifier)

    def write(self, path: Path) -> None:
        """Write all links as a CSV, one a row, with where and when each was first and last read."""
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(_HEADINGS)
            for link in self._links.values():
                flags = (int(link.past), int(self._is_cut(link)), link.times)
                out.writerow([*link.left, *link.right, *flags, *link.first, *link.last])

    def _child(self, child: Child, issuer: str, file: str, day: date) -> None:
        source = Source(file, child.table, child.row, day)
        own: list[Identifier] = []
        past: list[Identifier] = []
        raw = {**child.local_ids}
        raw |= {kind: child.fields[kind] for kind in ("upn", "nhs_number") if kind in child.fields}
        if child.id and child.id not in raw.values():
            raw["id"] = child.id
        for kind, text in raw.items():
            reader = _READERS.get(kind)
            value = reader(text).value if reader else text.strip()
            if not value:
                continue
            if kind == _PAST:
                past.append(Identifier("upn", "", value))
            else:
                own.append(Identifier(kind, "" if kind in _NATIONAL else issuer, value))
        for index, left in enumerate(own):
            for right in own[index + 1 :]:
                self._link(left, right, False, source)
            for right in past:
                if left != right:
                    self._link(left, right, True, source)

    def _link(self, left: Identifier, right: Identifier, past: bool, source: Source) -> None:
        if not past and right < left:
            left, right = right, left
        link = self._links.get((left, right))
        if link is None:
            link = self._links[left, right] = Link(left, right, past, source, source)
            self._by_identifier[left].append(link)
            self._by_identifier[right].append(link)
            return
        link.times += 1
        # What is once said to be in use is no former number only.
        link.past = link.past and past
        if source.day < link.first.day:
            link.first = source
        if source.day >= link.last.day:
            link.last = source

    def _adoption(self, event: Event, issuer: str) -> None:
        by_code = any(
            event.facts.get(name) in codes
            for name, codes in _ADOPTED_CODES.items()
            if name in event.facts
        )
        if not by_code and event.kind not in _ADOPTED:
            return
        day = event.end if by_code else event.start
        for kind in ("la_child_id", "id"):
            self._sealed[Identifier(kind, issuer, event.child_id)] = day

    def _is_cut(self, link: Link) -> bool:
        """Whether a link crosses an adoption.

        It does when it says "was" of a number of an adopted child, or when it puts such a number
        on another child of the same sender.
        """
        for end, other in ((link.left, link.right), (link.right, link.left)):
            sealed = self._sealed_of(end)
            if not sealed:
                continue
            if link.past or (
                other not in self._sealed
                and any((other.kind, other.issuer) == (one.kind, one.issuer) for one in sealed)
            ):
                return True
        return False

    def _sealed_of(self, identifier: Identifier) -> list[Identifier]:
        """The adopted children, by the sender's number, whom a number belonged to."""
        if identifier in self._sealed:
            return [identifier]
        if identifier.kind not in _NATIONAL:
            return []
        return [
            other
            for link in self._by_identifier.get(identifier, ())
            if not link.past
            for other in (link.left, link.right)
            if other in self._sealed
        ]

    def _conflicts_of(self, identifier: Identifier) -> Iterator[Conflict]:
        held: dict[tuple[str, str], set[str]] = defaultdict(set)
        for link in self._by_identifier.get(identifier, ()):
            other = link.right if link.left == identifier else link.left
            if not link.past:
                held[other.kind, other.issuer].add(other.value)
        for (kind, _), values in held.items():
            if len(values) > 1:
                yield Conflict(identifier, kind, tuple(sorted(values)))
