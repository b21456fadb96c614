"""The national prototype's strategies, read from ``strategies.toml``, with its own decision rule.

They show what was done before. Three of the prototype's faults are not repeated: a source that
does not answer ends the run as ``Unavailable`` and never as ``NoMatch``, a number is given out for
``Match`` alone, and every field is normalised first.
"""

import tomllib
from calendar import monthrange
from datetime import date
from importlib.resources import files
from typing import Any

from joinedup.identify.outcome import Status
from joinedup.identify.strategy import Ask, Course, Strategy, Verdict
from joinedup.pds.search import Found, Search, TooMany
from joinedup.people.demographics import Demographics

MATCH_SCORE = 0.95
POTENTIAL_SCORE = 0.85


def _months_from(day: date, months: int) -> date:
    """The same day so many months on (or back); the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _search(step: dict[str, Any], question: Demographics, split_given: bool) -> Search | None:
    """The step's search for this child; None if the step does not apply."""
    given, family = question.given.value, question.family.value
    born, postcode = question.birth_date.value, question.postcode.value
    if given is None or family is None or born is None:
        return None
    birth_from = birth_to = born
    if step["birth"] == "range":
        birth_from, birth_to = _months_from(born, -6), _months_from(born, 6)
    elif step["birth"] == "swapped":
        if born.day > 12:
            return None
        birth_from = birth_to = date(born.year, born.day, born.month)
    if postcode and step.get("postcode") == "area":
        postcode = f"{postcode[:2]}*"
    fields, mode = step["fields"], step["mode"]
    givens = tuple(given.text.split()) if split_given else (given.text,)
    return Search(
        family=family.text,
        given=givens if "given" in fields else (),
        birth_from=birth_from,
        birth_to=birth_to,
        gender=str(question.gender.value) if "gender" in fields and question.gender.value else None,
        postcode=postcode if "postcode" in step else None,
        phone=question.phone.value if "phone" in fields else None,
        email=question.email.value if "email" in fields else None,
        fuzzy=mode == "fuzzy",
        exact=mode == "exact",
        history=mode == "history",
    )


def _course(steps: dict[str, dict[str, Any]], split_given: bool, question: Demographics) -> Course:
    """Ask every step, then decide: the first score of 0.95 wins, unless two name two people."""
    hits: list[tuple[float, str]] = []
    many = False
    for name, step in steps.items():
        search = _search(step, question, split_given)
        if search is None:
            continue
        answer = yield Ask(name, search)
        if isinstance(answer, Found):
            hits.append((answer.score or 0.0, answer.patient.nhs_number))
        many = many or isinstance(answer, TooMany)
    sure = [(score, number) for score, number in hits if score >= MATCH_SCORE]
    if len({number for _, number in sure}) > 1:
        return Verdict(Status.MANY_MATCH, reasons=("searches named different people",))
    if sure:
        score, number = sure[0]
        return Verdict(Status.MATCH, number, score, (f"the source scored it {score}",))
    if hits:
        score = max(score for score, _ in hits)
        status = Status.POTENTIAL_MATCH if score >= POTENTIAL_SCORE else Status.LOW_CONFIDENCE_MATCH
        return Verdict(status, score=score, reasons=(f"the source scored it {score}",))
    if many:
        return Verdict(Status.MANY_MATCH, reasons=("several people fit",))
    return Verdict(Status.NO_MATCH, reasons=("no search found anybody",))


def load() -> dict[str, Strategy]:
    """The prototype's strategies by name, in the order of the file."""
    text = files("joinedup.identify").joinpath("strategies.toml").read_text("utf-8")
    data = tomllib.loads(text)
    strategies = {}
    for name, spec in data["strategies"].items():
        steps = {step: data["steps"][step] for step in spec["steps"]}

        def run(
            question: Demographics,
            steps: dict[str, dict[str, Any]] = steps,
            split_given: bool = spec["split_given"],
        ) -> Course:
            return _course(steps, split_given, question)

        strategies[name] = Strategy(name, spec["title"], run, accepts_on_score=True)
    return strategies
