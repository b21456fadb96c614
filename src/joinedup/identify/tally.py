"""What a run over a file came to, in counts: nothing in it is about any one child."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from joinedup.identify.batch import Done
from joinedup.identify.outcome import Status
from joinedup.people.checked import Quality
from joinedup.standards.columns import REQUIRED

_KINDS_LIMIT = 500
_EXAMPLES = 5
_WITHHELD = "(reason not shown: it quotes the record)"
_ELSEWHERE = "Other problems"

# Fields whose text identifies somebody. Gender does not, and its words are in every reason.
_PERSONAL = ("given", "family", "birth_date", "postcode", "phone", "email", "nhs_number", "upn")
_WORD = re.compile(r"\w{2,}")
_FIGURES = re.compile(r"\d[\d/.: -]*\d{2,}|\d{3,}")


@dataclass(slots=True)
class Problem:
    """One kind of problem: how many rows have it, and the first few of them by number."""

    where: str  # a field, "row", or an outcome
    what: str
    count: int = 0
    rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """Counts over rows, added one by one."""

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    earlier: int = 0
    calls: int = 0
    calls_this_run: int = 0
    asked: int = 0
    quality: dict[str, Counter[str]] = field(default_factory=dict)
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)

    @property
    def calls_per_child(self) -> float:
        """Calls for each different child asked about; rows never asked about do not count."""
        return self.calls / self.asked if self.asked else 0.0

    @property
    def unavailable(self) -> int:
        """Rows that the source did not answer for."""
        return self.outcomes[Status.UNAVAILABLE]

    def add(self, done: Done, columns: Iterable[str]) -> None:
        """Count a row; ``columns`` are the fields that the file has."""
        self.rows += 1
        self.outcomes[done.answer.status] += 1
        self.copies += done.copy
        self.earlier += done.earlier
        self.calls += done.calls
        self.asked += done.calls > 0
        if not done.earlier:
            self.calls_this_run += done.calls
        if done.question is None:
            self._note("row", done.row.problem, done.row.number)
            return
        for name in columns:
            check = getattr(done.question, name)
            self.quality.setdefault(name, Counter())[check.quality] += 1
            if check.quality is Quality.INVALID:
                self._note(name, check.reason or "cannot be used", done.row.number)
            elif check.quality is Quality.NOT_PROVIDED and name in REQUIRED:
                self._note(name, "not provided", done.row.number)
        if done.answer.status not in (Status.MATCH, Status.INVALID):
            reason = done.answer.reasons[0] if done.answer.reasons else "no reason given"
            self._note(
                done.answer.status, without_personal(reason, done.row.fields), done.row.number
            )

    def worst(self, most: int = 25) -> list[Problem]:
        """The commonest problems first."""
        return sorted(self.problems.values(), key=lambda p: (-p.count, p.where, p.what))[:most]

    def _note(self, where: str, what: str, row: int) -> None:
        if (where, what) not in self.problems and len(self.problems) >= _KINDS_LIMIT:
            what = _ELSEWHERE  # memory stays bounded whatever the reasons say
        problem = self.problems.setdefault((where, what), Problem(where, what))
        problem.count += 1
        if len(problem.rows) < _EXAMPLES:
            problem.rows.append(row)


def without_personal(reason: str, fields: Mapping[str, str]) -> str:
    """A reason fit for a report that is passed round: one that quotes the row is withheld, and
    figures long enough to be part of a date or a number are taken out."""
    words = _words(reason)
    for name in _PERSONAL:
        text = fields.get(name, "")
        if text and not words.isdisjoint(_WORD.findall(text[:200].casefold())):
            return _WITHHELD
    return _without_figures(reason)


@lru_cache(maxsize=4096)
def _words(reason: str) -> frozenset[str]:
    return frozenset(_WORD.findall(reason.casefold()))


@lru_cache(maxsize=4096)
def _without_figures(reason: str) -> str:
    return _FIGURES.sub("…", reason)
