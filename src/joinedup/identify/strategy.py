"""What every strategy is: questions put one at a time, until an outcome stands.

A strategy is a generator. It yields an ``Ask`` and is sent the source's answer; it returns a
``Verdict``. It does no I/O and keeps nothing, so the same question and the same answers always
lead to the same verdict: ``replay`` shows it.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from joinedup.identify.outcome import Status
from joinedup.pds.search import Answer, Search
from joinedup.people.demographics import Demographics


@dataclass(frozen=True, slots=True)
class Ask:
    """One call to the source: a search, or a read by NHS number."""

    name: str  # of the step; holds no personal data
    request: Search | str  # a str is an NHS number to read


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a strategy concludes. ``nhs_number`` is given for a ``Match`` alone."""

    status: Status
    nhs_number: str | None = None
    score: float | None = None
    reasons: tuple[str, ...] = ()


Course = Generator[Ask, Answer, Verdict]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way of searching, runnable by name.

    ``accepts_on_score`` is true of the prototype's: they take the source's score as proof, without
    looking at the person returned. They are kept for comparison, not for use on real children.
    """

    name: str
    title: str
    run: Callable[[Demographics], Course]
    accepts_on_score: bool = False


def replay(strategy: Strategy, question: Demographics, answers: Sequence[Answer]) -> Verdict | Ask:
    """The verdict that these answers lead to, or the call still to be made if they are too few."""
    course = strategy.run(question)
    try:
        ask = next(course)
        for answer in answers:
            ask = course.send(answer)
    except StopIteration as stop:
        verdict: Verdict = stop.value
        return verdict
    return ask
