"""Evidence: what is never enough, whatever else agrees."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.identify.evidence import Said, weigh
from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.people.compare import Level
from joinedup.people.demographics import Demographics
from tests.identify.region import nhs_number

ASKED = {
    "given": "Kwame",
    "family": "Asamoah",
    "birth_date": "2012-04-14",
    "gender": "M",
    "postcode": "LU38 0AT",
    "phone": "0113 496 0172",
}
HELD = PdsPatient(
    nhs_number=nhs_number(70),
    security=Security.UNRESTRICTED,
    names=(PdsName("usual", ("Emmanuel",), "Asamoah"),),
    birth_date="2012-04-14",
    gender="male",
    addresses=(PdsAddress("home", (), "LU38 0AT"),),
    phones=("01134960172",),
)
searched = st.builds(
    Said,
    only_one=st.booleans(),
    only_of_family=st.booleans(),
    postcode_known=st.booleans(),
    no_rival=st.booleans(),
)


def named(given_names: tuple[str, ...], family: str = "Asamoah") -> PdsPatient:
    return replace(HELD, names=(PdsName("usual", given_names, family),))


def question(**changes: str) -> Demographics:
    return Demographics.read(ASKED | changes)


def test_another_name_by_custom_counts_when_nobody_else_there_has_it() -> None:
    evidence = weigh(question(), HELD, Said(unnamed=True))
    assert evidence.level("given") is Level.POSSIBLE
    assert evidence.accepted


@settings(max_examples=200, deadline=None)
@given(searched, st.sampled_from(["Emmanuel", "Kofi", "Akua", "Zi Han", "Oliver"]))
def test_another_given_name_is_never_enough_alone(said: Said, held: str) -> None:
    assert not weigh(question(), named((held,)), said).accepted


@settings(max_examples=200, deadline=None)
@given(searched, st.integers(1, 7))
def test_one_of_a_multiple_birth_is_told_by_the_given_name(said: Said, order: int) -> None:
    twin = replace(HELD, multiple_birth=order)
    assert not weigh(question(), twin, replace(said, unnamed=True)).accepted


@settings(max_examples=200, deadline=None)
@given(searched)
def test_another_gender_is_not_another_name(said: Said) -> None:
    other = replace(HELD, gender="female")
    assert not weigh(question(), other, replace(said, unnamed=True)).accepted


@settings(max_examples=200, deadline=None)
@given(searched)
def test_a_changed_family_name_alone_is_never_enough(said: Said) -> None:
    changed = replace(named(("Kwame",), "Whitfield"), phones=())
    assert not weigh(question(), changed, said).accepted


@settings(max_examples=200, deadline=None)
@given(
    searched,
    st.sampled_from(["Asamoah", "Singh", "Smith", "Wong"]),
    st.sampled_from(["1985-04-14", "2012", "2013-09-30"]),
)
def test_names_do_not_make_up_for_another_birth_date(said: Said, family: str, born: str) -> None:
    patient = replace(named(("Kwame",), family), birth_date=born, phones=())
    assert not weigh(question(family=family, postcode="", phone=""), patient, said).accepted


def test_singh_for_a_family_name_is_no_change_of_family() -> None:
    arjan = named(("Arjan",), "Sahota")
    with_singh = weigh(question(given="Arjan", family="Singh"), arjan)
    assert with_singh.level("family") is Level.POSSIBLE
    assert with_singh.accepted
    middle = weigh(question(given="Arjan", family="Singh"), named(("Arjan", "Singh"), "Sahota"))
    assert middle.level("family") is Level.PART
    other = weigh(question(given="Arjan", family="Bains", phone=""), arjan)
    assert other.level("family") is Level.DIFFERENT
    assert not other.accepted
