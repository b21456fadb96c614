"""The prototype's strategies ask what it asked, and decide as it decided."""

from datetime import date

import pytest

from joinedup.identify import Status, identify
from joinedup.pds.patient import PdsPatient, Security
from joinedup.pds.search import Answer, Found, NotFound, Refused, Search, TooMany
from joinedup.people.demographics import Demographics

CHILD = Demographics.read(
    {
        "given": "Mary Jane",
        "family": "Smith",
        "birth_date": "2012-08-31",
        "gender": "F",
        "postcode": "LS11 6AD",
    }
)


class Scripted:
    """Answers in order; the last answer again when they run out."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Search] = []

    def search(self, search: Search) -> Answer:
        self.asked.append(search)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    def read(self, nhs_number: str) -> Answer:
        raise AssertionError("the prototype does not read while it matches")


def found(number: str, score: float) -> Found:
    return Found(PdsPatient(number, Security.UNRESTRICTED), score)


@pytest.mark.parametrize(
    ("name", "calls"),
    [("s1", 5), ("s2", 8), ("s3", 7), ("s4v1", 7), ("s4v2", 5), ("s5", 7), ("one-call", 1)],
)
def test_every_step_is_asked_even_after_a_match(name: str, calls: int) -> None:
    source = Scripted(found("9990000018", 1.0))
    outcome = identify(CHILD, source, name)
    assert outcome.calls == calls
    assert outcome.nhs_number == "9990000018"


def test_day_and_month_are_exchanged_when_they_can_be() -> None:
    source = Scripted(NotFound())
    early = Demographics.read({"given": "A-J", "family": "Smith", "birth_date": "2012-08-03"})
    assert identify(early, source, "s1").calls == 6
    assert source.asked[-1].birth_from == date(2012, 3, 8)


def test_range_is_six_months_either_side_to_the_end_of_a_shorter_month() -> None:
    source = Scripted(NotFound())
    identify(CHILD, source, "s4v2")
    assert (source.asked[3].birth_from, source.asked[3].birth_to) == (
        date(2012, 2, 29),
        date(2013, 2, 28),
    )


def test_given_names_are_sent_apart_from_strategy_four_on() -> None:
    source = Scripted(NotFound())
    identify(CHILD, source, "s3")
    identify(CHILD, source, "s4v2")
    assert source.asked[0].given == ("Mary Jane",)
    assert source.asked[7].given == ("Mary", "Jane")


def test_wildcard_is_the_first_two_characters_of_the_postcode() -> None:
    source = Scripted(NotFound())
    identify(CHILD, source, "s2")
    assert source.asked[2].postcode == "LS*"


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((found("9990000018", 0.94), found("9990000018", 0.96)), Status.MATCH),
        ((found("9990000018", 0.97), found("9990000026", 0.97)), Status.MANY_MATCH),
        ((found("9990000018", 0.86), NotFound()), Status.POTENTIAL_MATCH),
        ((found("9990000018", 0.5), NotFound()), Status.LOW_CONFIDENCE_MATCH),
        ((TooMany(), NotFound()), Status.MANY_MATCH),
        ((NotFound(),), Status.NO_MATCH),
        ((Refused(400, "INVALID_SEARCH_DATA"), NotFound()), Status.NO_MATCH),
        ((Refused(403, "INVALID_VALUE"),), Status.UNAVAILABLE),
    ],
)
def test_decision_rule(answers: tuple[Answer, ...], status: Status) -> None:
    assert identify(CHILD, Scripted(*answers), "s4v2").status is status
