"""Strategies against known truth: how many right numbers, how many wrong, at how many calls."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from joinedup.identify.outcome import Status
from joinedup.identify.run import STRATEGIES, identify
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.source import InProcessSource
from joinedup.pds.search import Answer, Search, Source
from joinedup.people.demographics import Demographics
from joinedup.simulate import Question


@dataclass
class Tally:
    """What one strategy did with a set of labelled rows."""

    rows: int = 0
    findable: int = 0  # rows whose child the source holds
    right: int = 0
    wrong: int = 0
    calls: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def count(self, status: Status, given: str | None, truth: str | None, calls: int) -> None:
        self.rows += 1
        self.findable += truth is not None
        self.right += given is not None and given == truth
        self.wrong += given is not None and given != truth
        self.calls += calls
        self.statuses[status.value] += 1

    def add(self, other: "Tally") -> None:
        self.rows += other.rows
        self.findable += other.findable
        self.right += other.right
        self.wrong += other.wrong
        self.calls += other.calls
        self.statuses.update(other.statuses)

    @property
    def given(self) -> int:
        """Numbers given out."""
        return self.right + self.wrong

    @property
    def found_rate(self) -> float:
        """Right numbers of the children whom the source holds."""
        return self.right / self.findable if self.findable else math.nan

    @property
    def wrong_rate(self) -> float:
        """Wrong numbers of the numbers given out."""
        return self.wrong / self.given if self.given else 0.0

    @property
    def calls_per_child(self) -> float:
        return self.calls / self.rows if self.rows else math.nan


@dataclass(frozen=True, slots=True)
class Slip:
    """A row that ended badly: a wrong number, or none where there was one to give."""

    row: int
    strategy: str
    status: str
    wrong: bool
    mistakes: tuple[str, ...]


@dataclass
class Report:
    """Tallies by strategy, then by (group, value) or ("mistake", kind)."""

    total: dict[str, Tally] = field(default_factory=dict)
    groups: dict[str, dict[tuple[str, str], Tally]] = field(default_factory=dict)
    slips: list[Slip] = field(default_factory=list)

    def count(self, number: int, row: Question, strategy: str, source: Source) -> None:
        question = Demographics.read(row.raw)
        outcome = identify(question, source, strategy)
        keys = [*row.groups.items(), *(("mistake", kind) for kind in row.mistakes or ("none",))]
        by_group = self.groups.setdefault(strategy, {})
        for tally in (
            self.total.setdefault(strategy, Tally()),
            *(by_group.setdefault(key, Tally()) for key in keys),
        ):
            tally.count(outcome.status, outcome.nhs_number, row.nhs_number, outcome.calls)
        wrong = outcome.nhs_number is not None and outcome.nhs_number != row.nhs_number
        if wrong or (row.nhs_number and outcome.nhs_number is None):
            self.slips.append(Slip(number, strategy, outcome.status.value, wrong, row.mistakes))

    def add(self, other: "Report") -> None:
        for strategy, tally in other.total.items():
            self.total.setdefault(strategy, Tally()).add(tally)
        for strategy, groups in other.groups.items():
            mine = self.groups.setdefault(strategy, {})
            for key, tally in groups.items():
                mine.setdefault(key, Tally()).add(tally)
        self.slips += other.slips


class _Remembering:
    """A source that answers the same search once: strategies share most of their searches."""

    def __init__(self, source: Source) -> None:
        self._search = lru_cache(maxsize=100_000)(source.search)
        self._read = lru_cache(maxsize=100_000)(source.read)

    def search(self, search: Search) -> Answer:
        return self._search(search)

    def read(self, nhs_number: str) -> Answer:
        return self._read(nhs_number)


def compare(
    rows: Iterable[tuple[int, Question]],
    people: Path,
    strategies: Iterable[str] = tuple(STRATEGIES),
) -> Report:
    """Run each strategy over labelled rows against the emulator's engine, in this process.

    The engine, its checks and its answers are those that the emulator serves over HTTP; only the
    wire is left out, so that millions of calls fit in minutes. ``people`` is the NDJSON of people.
    """
    report = Report()
    source = _Remembering(InProcessSource(Engine(people)))
    names = tuple(strategies)
    for number, row in rows:
        for name in names:
            report.count(number, row, name, source)
    return report


def compare_in_parallel(
    rows: Iterable[Question], people: Path, strategies: Iterable[str], processes: int
) -> Iterator[tuple[int, Report]]:
    """``compare`` over several processes; yields (rows done, report) part by part."""
    numbered = list(enumerate(rows, 1))
    size = 500
    parts = [numbered[start : start + size] for start in range(0, len(numbered), size)]
    names = tuple(strategies)
    with ProcessPoolExecutor(processes) as pool:
        for part, report in zip(
            parts,
            pool.map(compare, parts, [people] * len(parts), [names] * len(parts)),
            strict=True,
        ):
            yield len(part), report
