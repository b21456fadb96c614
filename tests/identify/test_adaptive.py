"""What the adaptive strategy says of children who are easy to confuse, and at how many calls."""

import pytest

from joinedup.identify import STRATEGIES, Outcome, Status, identify
from joinedup.identify.strategy import Verdict, replay
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.source import InProcessSource
from joinedup.pds.search import Answer, Refused, Search, Source, Unavailable
from joinedup.people.demographics import Demographics
from tests.identify import region as r


class Recorded:
    """A source that keeps what it was asked and answered, and can be away from the n-th call on."""

    def __init__(self, source: Source, away_from: int | None = None) -> None:
        self.source, self.away_from = source, away_from
        self.asked: list[Search | str] = []
        self.answers: list[Answer] = []

    def _keep(self, asked: Search | str, answer: Answer) -> Answer:
        if self.away_from is not None and len(self.asked) >= self.away_from:
            answer = Unavailable("no answer within 10 seconds")
        self.asked.append(asked)
        self.answers.append(answer)
        return answer

    def search(self, search: Search) -> Answer:
        return self._keep(search, self.source.search(search))

    def read(self, nhs_number: str) -> Answer:
        return self._keep(nhs_number, self.source.read(nhs_number))


@pytest.fixture(scope="module")
def pds(tmp_path_factory: pytest.TempPathFactory) -> InProcessSource:
    people = r.write(tmp_path_factory.mktemp("people") / "people.ndjson")
    return InProcessSource(Engine(people))


def question(
    given: str,
    family: str,
    born: str,
    gender: str | None = None,
    postcode: str | None = None,
    nhs_number: str | None = None,
) -> Demographics:
    return Demographics.read(
        {
            "given": given,
            "family": family,
            "birth_date": born,
            "gender": gender,
            "postcode": postcode,
            "nhs_number": nhs_number,
        }
    )


# (what it shows, question, serial of the child whose number must come, most calls)
FOUND = [
    ("agrees in all", ("Seraphina", "Thistlewood", "04/03/2012", "F", "LS11 6AD"), r.CLEAN, 1),
    ("moved, rare names", ("Ottoline", "Brackenbury", "23/10/2011", "F", "LS1 4AP"), r.MOVED, 1),
    (
        "moved, common names: former address",
        ("Muhammad", "Khan", "2013-06-07", "M", "BD1 1AB"),
        r.COMMON,
        2,
    ),
    (
        "restricted, postcode given",
        ("Marigold", "Featherstone", "2010-02-03", "F", "YO1 7HH"),
        r.RESTRICTED,
        1,
    ),
    ("first twin", ("Jack", "Winterbourne", "2014-01-15", "M", "LS11 6AD"), r.TWIN_JACK, 2),
    ("second twin", ("Jake", "Winterbourne", "2014-01-15", "M", "LS11 6AD"), r.TWIN_JAKE, 2),
    ("son of the same name", ("Thaddeus", "Oakenshaw", "2012-04-02", "M", "CF10 1AA"), r.SON, 1),
    ("names exchanged", ("Thistlewood", "Seraphina", "2012-03-04", "F", "LS11 6AD"), r.CLEAN, 1),
    ("several exchanged", ("Yang", "Ryan Lok Hin", "2012-05-05", "M", "CR0 2AA"), r.RYAN, 3),
    ("former name", ("Clementine", "Vane", "2011-12-13", "F", "L1 8JQ"), r.RENAMED, 2),
    ("short form", ("Bob", "Quillfeather", "2013-02-11", "M", "HU1 2AA"), r.ROBERT, 2),
    ("slip in the name", ("Seraphnia", "Thistlewood", "2012-03-04", "F", "LS11 6AD"), r.CLEAN, 2),
    ("day and month exchanged", ("Seraphina", "Thistlewood", "2012-04-03", "F", "LS11 6AD"), 1, 3),
    ("one digit of the date", ("Ottoline", "Brackenbury", "2011-10-13", "F", "M1 1AA"), r.MOVED, 3),
    ("postcode settles namesakes", ("Oliver", "Smith", "2014-09-10", "M", "TR1 2QE"), 17, 2),
    ("two given names", ("Seraphina Jane", "Thistlewood", "2012-03-04", "F", "LS11 6AD"), 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("shows", "asked", "serial", "most"), FOUND, ids=[f[0] for f in FOUND])
def test_right_number(
    pds: InProcessSource, shows: str, asked: tuple[str, ...], serial: int, most: int
) -> None:
    outcome = identify(question(*asked), pds)
    assert (outcome.status, outcome.nhs_number) == (Status.MATCH, r.nhs_number(serial)), outcome
    assert outcome.calls <= most, [step.name for step in outcome.steps]
    assert outcome.reasons


# (what it shows, question, statuses that are honest)
DOUBT = {Status.POTENTIAL_MATCH, Status.LOW_CONFIDENCE_MATCH, Status.MANY_MATCH, Status.NO_MATCH}
UNSURE = [
    ("the twin is not on the source", ("Emma", "Copperfield", "2015-05-16", "F", "NE1 4ST"), DOUBT),
    ("the twin sounds alike", ("Ellie", "Copperfield", "2015-05-16", "F", "NE1 4ST"), DOUBT),
    ("sister's date of birth", ("Imogen", "Larkspur", "2010-07-08", "F", "S1 2HE"), DOUBT),
    ("a sister nobody knows", ("Cordelia", "Larkspur", "2010-07-08", "F", "S1 2HE"), DOUBT),
    (
        "not discoverable",
        ("Peregrine", "Ashcombe", "2009-09-09", "M", "YO1 7HH"),
        {Status.NO_MATCH},
    ),
    ("namesakes, no postcode", ("Oliver", "Smith", "2014-09-10", "M"), {Status.MANY_MATCH}),
    ("common names, another address", ("Muhammad", "Khan", "2013-06-07", "M", "TN1 1AA"), DOUBT),
    ("twin of the other sex", ("Danielle", "Marchbanks", "2016-06-06", "M", "IP1 1AA"), DOUBT),
    ("another name", ("Araminta", "Jolly", "2012-08-09", "F", "L2 2DP"), {Status.POTENTIAL_MATCH}),
    ("nobody", ("Zebedee", "Nowhere", "2012-01-02", "M", "LS1 4AP"), {Status.NO_MATCH}),
]


@pytest.mark.parametrize(("shows", "asked", "honest"), UNSURE, ids=[u[0] for u in UNSURE])
def test_honest_doubt(
    pds: InProcessSource, shows: str, asked: tuple[str, ...], honest: set[Status]
) -> None:
    outcome = identify(question(*asked), pds)
    assert outcome.status in honest, outcome
    assert outcome.nhs_number is None
    assert outcome.advice
    assert outcome.calls <= 6


def test_a_changed_name_needs_more_than_the_same_home(pds: InProcessSource) -> None:
    """Before and after an adoption the home may be the same; the family's telephone is not."""
    details = {
        "given": "Araminta",
        "family": "Jolly",
        "birth_date": "2012-08-09",
        "gender": "F",
        "postcode": "L2 2DP",
    }
    without = identify(Demographics.read(details), pds)
    assert without.status is Status.POTENTIAL_MATCH
    assert any("another identity" in reason for reason in without.reasons)
    with_phone = identify(Demographics.read(details | {"phone": r.PHONE}), pds)
    assert with_phone.nhs_number == r.nhs_number(r.NEWLY_NAMED)


def test_newborn_without_a_name(pds: InProcessSource) -> None:
    asked = question("Baby", "Ravenscroft", "2026-02-03", "F", "DN1 1AA")
    outcome = identify(asked, pds)
    assert outcome.nhs_number == r.nhs_number(r.NEWBORN)
    assert [step.name for step in outcome.steps] == ["no-given-name", "rival"]


def test_newborn_twins_without_names_are_not_told_apart(pds: InProcessSource) -> None:
    asked = question("Twin 1", "Marchbanks", "2016-06-06", "F", "IP1 1AA")
    outcome = identify(asked, pds)
    assert outcome.status in DOUBT


def test_held_number_is_confirmed_with_one_read(pds: InProcessSource) -> None:
    held = r.nhs_number(r.CLEAN)
    outcome = identify(question("Seraphina", "Thistlewood", "2012-03-04", nhs_number=held), pds)
    assert (outcome.nhs_number, outcome.calls) == (held, 1)


def test_held_number_is_confirmed_under_a_changed_name(pds: InProcessSource) -> None:
    held = r.nhs_number(r.NEWLY_NAMED)
    asked = ("Araminta", "Jolly", "2012-08-09", "F", "L2 2DP", held)
    outcome = identify(question(*asked), pds)
    assert (outcome.nhs_number, outcome.calls) == (held, 1)


def test_a_refused_question_is_not_nobody(pds: InProcessSource) -> None:
    """When one search is refused, the searches that found nobody do not show that there is none."""

    class Refusing(Recorded):
        def search(self, search: Search) -> Answer:
            if search.history:
                return Refused(400, "INVALID_SEARCH_DATA")
            return super().search(search)

    outcome = identify(question("Zebedee", "Nowhere", "2012-01-02", "M", "LS1 4AP"), Refusing(pds))
    assert outcome.status is Status.UNAVAILABLE
    assert "INVALID_SEARCH_DATA" in outcome.reasons[0]


def test_another_childs_number_is_never_given(pds: InProcessSource) -> None:
    asked = ("Imogen", "Larkspur", "2012-11-19", "F", "S1 2HE", r.nhs_number(r.ELDER))
    outcome = identify(question(*asked), pds)
    assert outcome.nhs_number == r.nhs_number(r.YOUNGER)
    assert "the NHS number held belongs to somebody else, or details differ" in outcome.reasons


def test_the_date_of_a_sister_still_called_baby(pds: InProcessSource) -> None:
    """The held number is of the child asked about; the row has her newborn sister's date."""
    asked = ("Philippa", "Wolstenholme", "2026-03-01", "F", "DN2 2BB", r.nhs_number(r.PHILIPPA))
    for held in (asked, asked[:5]):
        outcome = identify(question(*held), pds)
        assert outcome.status in DOUBT, outcome


def test_replaced_number_gives_the_new_one(pds: InProcessSource) -> None:
    asked = ("Rosalind", "Merryweather", "2011-01-22", "F", "PL1 2AA", r.nhs_number(r.OLD))
    outcome = identify(question(*asked), pds)
    assert (outcome.nhs_number, outcome.calls) == (r.nhs_number(r.NEW), 1)
    assert any("replaced by a newer one" in reason for reason in outcome.reasons)


def test_withdrawn_number_is_not_followed_by_a_search(pds: InProcessSource) -> None:
    """After an adoption the new number must never be inferred from the old record."""
    recorded = Recorded(pds)
    asked = ("Isolde", "Greenaway", "2013-03-30", "F", None, r.nhs_number(r.WITHDRAWN))
    outcome = identify(question(*asked), recorded)
    assert outcome.status is Status.NO_MATCH
    assert recorded.asked == [r.nhs_number(r.WITHDRAWN)]


@pytest.mark.parametrize("asked", [f[1] for f in FOUND] + [u[1] for u in UNSURE])
def test_a_silent_source_is_never_an_answer(pds: InProcessSource, asked: tuple[str, ...]) -> None:
    """Whichever call the source fails at, the outcome is Unavailable: not a match, not nobody."""
    calls = identify(question(*asked), pds).calls
    for away_from in range(calls):
        outcome = identify(question(*asked), Recorded(pds, away_from))
        assert outcome.status is Status.UNAVAILABLE
        assert "Ask again later" in outcome.advice


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("asked", [f[1] for f in FOUND] + [u[1] for u in UNSURE])
def test_verdict_follows_from_question_and_answers_alone(
    pds: InProcessSource, name: str, asked: tuple[str, ...]
) -> None:
    recorded = Recorded(pds)
    outcome = identify(question(*asked), recorded, name)
    for _ in range(2):
        verdict = replay(STRATEGIES[name], question(*asked), recorded.answers)
        assert isinstance(verdict, Verdict)
        assert (verdict.status, verdict.nhs_number) == (outcome.status, outcome.nhs_number)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("", "Smith", "2012-01-02"), "given name is missing"),
        (("Baby", "Smith", "2012-01-02"), "given name"),
        (("Amy", "Smith", "02/01/12"), "date of birth"),
        (("Amy", "Unknown", "2012-01-02"), "family name"),
        (("Amy", "Smith", "1900-01-01"), "date of birth"),
    ],
)
def test_minimum_details(pds: InProcessSource, asked: tuple[str, ...], said: str) -> None:
    recorded = Recorded(pds)
    outcome = identify(question(*asked), recorded)
    assert outcome.status is Status.INVALID
    assert any(said in reason for reason in outcome.reasons)
    assert recorded.asked == []


def test_a_number_only_with_a_match() -> None:
    with pytest.raises(ValueError, match="only for Match"):
        Outcome(Status.POTENTIAL_MATCH, nhs_number="9990000018")
    with pytest.raises(ValueError, match="only for Match"):
        Outcome(Status.MATCH)
