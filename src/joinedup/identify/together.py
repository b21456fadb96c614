"""Rows of several files that are one child's: the source is asked once, for all of them.

The files' rows are linked first. In each group the fullest row is asked about; the others take its
answer where that is safe, and are asked about themselves where it is not, so a row is never worse
off for having company: what one agency wrote badly is found by what another wrote well.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from joinedup.identify.evidence import WEIGHTS, weigh
from joinedup.identify.outcome import Outcome, Status
from joinedup.identify.seen import Seen
from joinedup.linkage.index import CERTAIN
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import rows
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer, probability
from joinedup.pds.patient import PdsPatient
from joinedup.pds.search import Source
from joinedup.people.compare import Level
from joinedup.people.demographics import Demographics

Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Groups:
    """Which rows of several tables are one child's.

    Rows are counted through all tables, from 0: a row's ``place``. ``text`` and ``records`` have a
    row for each place; ``starts`` says where each table begins; ``numbers`` are the rows' numbers
    in their tables. ``label`` is the group of each place: the first place of its cluster.
    """

    names: tuple[str, ...]
    starts: tuple[int, ...]
    numbers: Places
    text: pa.Table
    records: pa.Table
    label: Places
    order: Places  # places, group by group
    ordered: Places  # their labels

    def place(self, table: int, number: int) -> int:
        """Give the place of a row by its number in its table."""
        start, end = self.starts[table], self.starts[table + 1]
        return start + int(np.searchsorted(self.numbers[start:end], number))

    def members(self, place: int) -> list[int]:
        """Give the places of the group that a place is in, itself among them."""
        label = self.label[place]
        first, last = np.searchsorted(self.ordered, [label, label + 1])
        return [int(each) for each in self.order[first:last]]

    def where(self, place: int) -> str:
        """Say to a person which row this is."""
        table = int(np.searchsorted(self.starts, place, side="right")) - 1
        return f"row {self.numbers[place]} of {self.names[table]}"

    @property
    def children(self) -> int:
        """How many groups there are: different children, as far as linking can tell."""
        return len(np.unique(self.label))


@dataclass(frozen=True, slots=True)
class Shared:
    """What one row of a group came to: its own outcome, or that of another row.

    ``calls`` is what this row cost itself; ``by`` the place of the row whose answer it shares, and
    ``linked`` the probability that the two are one child.
    """

    outcome: Outcome
    calls: int
    by: int | None = None
    linked: float = 1.0


class Together:
    """Asks for whole groups. Safe to use from several threads."""

    def __init__(
        self,
        groups: Groups,
        source: Source,
        ask: Callable[[Demographics, Source], Outcome],
        *,
        model: Model | None = None,
    ) -> None:
        """``ask`` puts one child's question to a source, which it is given."""
        self.groups = groups
        self._source = source
        self._ask = ask
        self._scorer = Scorer(model or Model.default())
        self._locks = [threading.Lock() for _ in range(1024)]

    def lock(self, place: int) -> threading.Lock:
        """Give the lock under which this place's group is asked about."""
        return self._locks[int(self.groups.label[place]) % len(self._locks)]

    def answer(self, place: int) -> dict[int, tuple[Demographics, Shared]]:
        """Ask for the group of a place; give each row's details and what it came to, by place."""
        members = self.groups.members(place)
        chosen = pa.array(members)
        taken = self.groups.text.take(chosen).to_pylist()
        children = [_Child(*each) for each in zip(
            members,
            [Demographics.read(fields) for fields in taken],
            rows(self.groups.records.take(chosen)),
            strict=True,
        )]  # fmt: skip
        children.sort(key=lambda child: (-child.fullness, child.place))
        asked: list[_Asked] = []
        out: dict[int, Shared] = {}
        for child in children:
            shared = self._from(asked, child)
            if shared is None:
                seen = Seen(self._source)
                outcome = self._ask(child.question, seen)
                shared = Shared(outcome, outcome.calls)
                if outcome.nhs_number is not None:
                    patient = seen.found.get(outcome.nhs_number)
                    asked.append(_Asked(child, outcome, patient))
            out[child.place] = shared
        self._second_chance(children, asked, out)
        return {child.place: (child.question, out[child.place]) for child in children}

    def _second_chance(
        self, children: "list[_Child]", asked: "list[_Asked]", out: dict[int, Shared]
    ) -> None:
        """Rows that found nothing by themselves take what a later row found."""
        for child in children:
            own = out[child.place]
            if own.outcome.status in (Status.MATCH, Status.UNAVAILABLE):
                continue
            found = self._from(asked, child)
            if found is not None:
                out[child.place] = replace(found, calls=own.calls)

    def _from(self, asked: "list[_Asked]", child: "_Child") -> Shared | None:
        """Give an answer found for another row, if it is surely this row's too."""
        safe = []
        for other in asked:
            weight = self._scorer.weigh(other.child.record, child.record).weight
            if weight >= CERTAIN and _fits(child, other):
                safe.append(Shared(other.outcome, 0, other.child.place, probability(weight)))
        # Two numbers among the rows of one child: this row is asked about by itself.
        if len({shared.outcome.nhs_number for shared in safe}) != 1:
            return None
        return safe[0]


@dataclass(frozen=True, slots=True)
class _Child:
    place: int
    question: Demographics
    record: LinkRecord

    @property
    def fullness(self) -> int:
        """How much there is to ask with."""
        checks = self.question.checks()
        return sum(check.value is not None for check in checks.values())


@dataclass(frozen=True, slots=True)
class _Asked:
    child: _Child
    outcome: Outcome
    patient: PdsPatient | None


def _fits(child: _Child, other: _Asked) -> bool:
    """Whether nothing in the row speaks against the person that the source returned.

    The rows are linked by what agencies wrote; here the row is held against the source itself, so
    that a twin, a sibling or the child's own earlier identity does not take the number along.
    """
    number = other.outcome.nhs_number
    if child.record.nhs_numbers and number not in child.record.nhs_numbers:
        return False
    if other.patient is None:
        return False
    evidence = weigh(child.question, other.patient)
    return (
        evidence.relative >= WEIGHTS["accept"]["relative"]
        and evidence.adopted >= WEIGHTS["accept"]["adopted"]
        and evidence.level("given") is not Level.DIFFERENT
        and evidence.level("birth_date") is not Level.DIFFERENT
    )
