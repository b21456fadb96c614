"""Whatever a source answers, in whatever order, the strategies end and stay honest."""

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.identify import STRATEGIES, Status, identify
from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.pds.search import (
    Answer,
    Found,
    Invalidated,
    NotFound,
    Refused,
    Search,
    TooMany,
    Unavailable,
)
from joinedup.people.demographics import Demographics
from tests.identify.region import nhs_number

NUMBERS = [nhs_number(serial) for serial in range(40, 44)]
GIVEN = ["Jack", "Jake", "John", "Mary Jane", "Baby", "J", "Ólafur"]
FAMILY = ["Smith", "Smyth", "Smith-Jones", "Khan", "O'Brien", "van der Berg"]
BORN = ["2012-03-04", "2012-04-03", "2013-03-04", "2012-03", "2012", "1985-03-04"]
POSTCODES = ["LS11 6AD", "LS11 6AE", "M1 1AA"]

patients = st.builds(
    PdsPatient,
    nhs_number=st.sampled_from(NUMBERS),
    security=st.sampled_from(Security),
    names=st.lists(
        st.builds(
            PdsName,
            use=st.sampled_from(["usual", "old", "nickname"]),
            given=st.lists(st.sampled_from(GIVEN), max_size=3).map(tuple),
            family=st.none() | st.sampled_from(FAMILY),
        ),
        max_size=3,
    ).map(tuple),
    birth_date=st.none() | st.sampled_from(BORN),
    gender=st.sampled_from([None, "male", "female", "other", "unknown"]),
    addresses=st.lists(
        st.builds(
            PdsAddress,
            use=st.just("home"),
            lines=st.just(()),
            postcode=st.none() | st.sampled_from([*POSTCODES, "not a postcode"]),
        ),
        max_size=2,
    ).map(tuple),
    multiple_birth=st.sampled_from([None, 1, 2, 8, 9]),
)
answers: st.SearchStrategy[Answer] = st.one_of(
    st.builds(Found, patient=patients, score=st.none() | st.floats(0, 1)),
    st.just(NotFound()),
    st.just(TooMany()),
    st.just(Invalidated()),
    st.just(Refused(400, "INVALID_SEARCH_DATA")),
    st.just(Unavailable("the source is away")),
)
questions = st.fixed_dictionaries(
    {
        "given": st.sampled_from(GIVEN),
        "family": st.sampled_from(FAMILY),
        "birth_date": st.sampled_from(BORN[:3]),
        "gender": st.sampled_from(["", "M", "F"]),
        "postcode": st.sampled_from(["", *POSTCODES]),
        "nhs_number": st.sampled_from(["", *NUMBERS]),
    }
)


class Anything:
    """Answers from a list; then nobody."""

    def __init__(self, answers: list[Answer]) -> None:
        self.left = list(answers)
        self.given: list[Answer] = []

    def search(self, search: Search) -> Answer:
        search.params()
        self.given.append(self.left.pop(0) if self.left else NotFound())
        return self.given[-1]

    def read(self, nhs_number: str) -> Answer:
        return self.search(Search())


@settings(max_examples=600, deadline=None)
@given(questions, st.lists(answers, max_size=12), st.sampled_from(sorted(STRATEGIES)))
def test_every_course_ends_and_gives_only_a_number_it_was_shown(
    details: dict[str, str], told: list[Answer], strategy: str
) -> None:
    source = Anything(told)
    outcome = identify(Demographics.read(details), source, strategy)
    assert outcome.calls <= 12
    shown = {a.patient.nhs_number for a in source.given if isinstance(a, Found)}
    assert outcome.nhs_number is None or outcome.nhs_number in shown
    if any(isinstance(answer, Unavailable) for answer in source.given):
        assert outcome.status is Status.UNAVAILABLE


@settings(max_examples=600, deadline=None)
@given(questions, st.lists(answers, max_size=12))
def test_adaptive_accepts_nobody_whose_birth_date_or_name_it_cannot_see(
    details: dict[str, str], told: list[Answer]
) -> None:
    """A record that shows no name, or no date of birth, can never be a match."""
    source = Anything(told)
    outcome = identify(Demographics.read(details), source)
    if outcome.nhs_number is None:
        return
    shown = [
        a.patient
        for a in source.given
        if isinstance(a, Found) and a.patient.nhs_number == outcome.nhs_number
    ]
    assert any(p.birth_date and any(n.family for n in p.names) for p in shown)
