"""Putting one child's question to the source of truth."""

from joinedup.identify import adaptive, prototype
from joinedup.identify.outcome import Outcome, Status, Step
from joinedup.identify.strategy import Strategy, Verdict
from joinedup.pds.search import (
    Answer,
    Found,
    Invalidated,
    NotFound,
    Refused,
    Source,
    TooMany,
    Unavailable,
)
from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics

STRATEGIES: dict[str, Strategy] = {"adaptive": adaptive.STRATEGY, **prototype.load()}

_ANSWER_NAMES: dict[type, str] = {
    Found: "found",
    NotFound: "not-found",
    TooMany: "too-many",
    Invalidated: "invalidated",
    Refused: "refused",
    Unavailable: "unavailable",
}

ADVICE = {
    Status.MATCH: "",
    Status.POTENTIAL_MATCH: "Check the details with someone who knows the child, correct them and "
    "ask again. Do not use a number until it is a match.",
    Status.LOW_CONFIDENCE_MATCH: "Check the name, date of birth and postcode at their source and "
    "ask again.",
    Status.MANY_MATCH: "Add what tells the child apart: postcode, middle name, gender, or a number "
    "already held.",
    Status.NO_MATCH: "Check the spelling, the date of birth and any earlier name, and ask again. "
    "A child new to the country may not have an NHS number yet.",
    Status.INVALID: "Correct what is named here and ask again.",
    Status.UNAVAILABLE: "This is not an answer about the child. Ask again later.",
}

_FIELD_WORDS = {"given": "given name", "family": "family name", "birth_date": "date of birth"}


def _missing_minimum(question: Demographics, strategy: Strategy) -> tuple[str, ...]:
    """What keeps this question from being asked at all, in words.

    A child without a given name yet can be searched for by family name, date of birth, gender and
    postcode: with them, the source's minimum for a search is met.
    """
    problems = []
    for name, words in _FIELD_WORDS.items():
        check = getattr(question, name)
        nameless = name == "given" and not strategy.accepts_on_score
        if nameless and question.gender.value and question.postcode.value:
            continue
        if check.quality is Quality.NOT_PROVIDED:
            problems.append(f"{words} is missing")
        elif check.quality is Quality.INVALID:
            problems.append(f"{words}: {check.reason}")
        elif "placeholder" in check.flags:
            problems.append(f"{words} is a placeholder")
    return tuple(problems)


def _step(name: str, answer: Answer) -> Step:
    score = answer.score if isinstance(answer, Found) else None
    return Step(name, _ANSWER_NAMES[type(answer)], score)


def identify(
    question: Demographics, source: Source, strategy: Strategy | str = "adaptive"
) -> Outcome:
    """Ask the source of truth for one child's NHS number.

    Takes the child's details, anything that answers as the PDS does, and a strategy or its name
    (KeyError for a name that ``STRATEGIES`` lacks). Gives an ``Outcome``; a source that does not
    answer gives ``Unavailable``, never an exception and never ``NoMatch``.
    """
    if isinstance(strategy, str):
        strategy = STRATEGIES[strategy]
    quality = {
        name: (check.quality, check.reason)
        for name, check in question.checks().items()
        if name != "address_history"
    }

    def outcome(verdict: Verdict, steps: list[Step], advice: str = "") -> Outcome:
        return Outcome(
            status=verdict.status,
            nhs_number=verdict.nhs_number,
            score=verdict.score,
            reasons=verdict.reasons,
            advice=advice or ADVICE[verdict.status],
            data_quality=quality,
            steps=tuple(steps),
        )

    if problems := _missing_minimum(question, strategy):
        return outcome(Verdict(Status.INVALID, reasons=problems), [])

    steps: list[Step] = []
    refused: list[Refused] = []
    course = strategy.run(question)
    try:
        ask = next(course)
        while True:
            answer = (
                source.read(ask.request)
                if isinstance(ask.request, str)
                else source.search(ask.request)
            )
            steps.append(_step(ask.name, answer))
            if isinstance(answer, Unavailable):
                return outcome(Verdict(Status.UNAVAILABLE, reasons=(answer.reason,)), steps)
            if isinstance(answer, Refused):
                refused.append(answer)
            ask = course.send(answer)
    except StopIteration as stop:
        verdict: Verdict = stop.value
    # The prototype's strategies have steps that the source always refuses, and went on regardless.
    forgiven = strategy.accepts_on_score and len(refused) < len(steps)
    if verdict.status is Status.NO_MATCH and refused and not forgiven:
        reason = f"the source of truth refused to answer ({refused[0].code})"
        advice = "This says nothing about the child. Tell your supplier what the source answered."
        return outcome(Verdict(Status.UNAVAILABLE, reasons=(reason,)), steps, advice)
    return outcome(verdict, steps)
