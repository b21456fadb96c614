"""How what was asked agrees with what is held."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.people.compare import (
    Level,
    compare_birth_date,
    compare_email,
    compare_family,
    compare_gender,
    compare_given,
    compare_phone,
    compare_postcode,
    family_elsewhere,
    given_beside,
    names_swapped,
)
from joinedup.people.gender import Gender
from joinedup.people.names import Name, read_family, read_given


def g(raw: str) -> Name:
    value = read_given(raw).value
    assert value is not None
    return value


def f(raw: str) -> Name:
    value = read_family(raw).value
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("asked", "held", "level"),
    [
        ("Jack", ["Jack"], Level.EXACT),
        ("JACK", ["jack", "William"], Level.EXACT),
        ("Jack William", ["Jack"], Level.EXACT),
        ("Jack W", ["Jack", "William"], Level.EXACT),
        ("Zoe", ["Zoë"], Level.EXACT),
        ("Anne Marie", ["Anne-Marie"], Level.EXACT),
        ("Annemarie", ["Anne-Marie"], Level.VARIANT),
        ("Mohammed", ["Muhammad"], Level.VARIANT),
        ("Md Yusuf", ["Muhammad", "Yousef"], Level.VARIANT),
        ("Bob", ["Robert"], Level.VARIANT),
        ("Robert", ["Bob"], Level.VARIANT),
        ("Kate", ["Catherine"], Level.VARIANT),
        ("Katherine", ["Catherine"], Level.VARIANT),
        ("Kasia", ["Katarzyna"], Level.VARIANT),
        ("Tobi", ["Oluwatobiloba"], Level.VARIANT),
        ("Aadan", ["Adam"], Level.VARIANT),
        ("Robert (Bobby)", ["Bobby"], Level.VARIANT),
        ("Alexander known as Sasha", ["Sasha"], Level.VARIANT),
        ("Marie", ["Anne-Marie"], Level.PART),
        ("William Jack", ["Jack", "William"], Level.PART),
        ("William", ["Jack", "William"], Level.PART),
        ("James Peter", ["James", "Paul"], Level.PART),
        ("Yusuf", ["Mohammed", "Yusuf"], Level.PART),
        ("Zihao", ["Zi Hao"], Level.VARIANT),
        ("Zihao", ["Jason", "Zi Hao"], Level.PART),
        ("Jason Zi Hao", ["Zihao"], Level.PART),
        ("Kwame", ["Emmanuel", "Kwame"], Level.PART),
        ("Kwame", ["Emmanuel"], Level.POSSIBLE),
        ("Oluwaseun", ["David"], Level.POSSIBLE),
        ("Wing Yan", ["Chloe"], Level.POSSIBLE),
        ("Haitham", ["Mohamed"], Level.POSSIBLE),
        ("Muhammad", ["Yusuf"], Level.POSSIBLE),
        ("Sim", ["Simran"], Level.VARIANT),
        ("Khadijatu", ["Khadijatulkubra"], Level.CLOSE),
        ("Clinis", ["Dinis"], Level.CLOSE),
        ("J", ["Jack"], Level.INITIAL),
        ("Jack", ["J"], Level.INITIAL),
        ("Jcak", ["Jack"], Level.CLOSE),
        ("Christoher", ["Christopher"], Level.CLOSE),
        ("Charlottte", ["Charlotte"], Level.CLOSE),
        ("Jack", [], Level.MISSING),
        ("Jack", [""], Level.MISSING),
        ("Jack", ["Thomas"], Level.DIFFERENT),
    ],
)
def test_given_names_that_agree(asked: str, held: list[str], level: Level) -> None:
    assert compare_given(g(asked), held).level is level


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jack", "Jake"), ("Evie", "Ellie"), ("Ella", "Emma"), ("Ella", "Ellie"), ("Lily", "Lola"),
        ("Daniel", "Danielle"), ("Alexander", "Alexandra"), ("Christine", "Christopher"),
        ("Louis", "Louise"), ("Hasan", "Husain"), ("Leo", "Leon"), ("Mia", "Maya"),
        ("Taiwo", "Kehinde"), ("Oluwaseun", "Oluwatobi"), ("Oluwadamilola", "Oluwadamilare"),
        ("Abdulrahman", "Abdulaziz"), ("Harpreet", "Manpreet"), ("Julia", "Juliet"),
        ("Kwame", "Kofi"), ("Wing Yan", "Ka Yan"),
    ],
)  # fmt: skip
def test_names_of_twins_are_never_a_slip_of_one_another(one: str, other: str) -> None:
    assert compare_given(g(one), [other]).level is Level.DIFFERENT
    assert compare_given(g(other), [one]).level is Level.DIFFERENT


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("Mohammed Hasan", ["Mohammed", "Husain"]),
        ("Muhammad Isa", ["Mohammed", "Yusuf"]),
        ("Harpreet Kaur", ["Manpreet", "Kaur"]),
        ("Emily Rose", ["Olivia", "Rose"]),
        ("Maria Clara", ["Maria", "Luisa"]),
    ],
)
def test_a_name_that_siblings_share_is_no_agreement(asked: str, held: list[str]) -> None:
    assert compare_given(g(asked), held).level is Level.DIFFERENT


@pytest.mark.parametrize(
    ("asked", "held", "level"),
    [
        ("Smith", "SMITH", Level.EXACT),
        ("O'Brien", "O’BRIEN", Level.EXACT),
        ("Smith Jones", "Smith-Jones", Level.EXACT),
        ("O Brien", "O'Brien", Level.VARIANT),
        ("O'Brien", "Brien", Level.VARIANT),
        ("MacDonald", "McDonald", Level.VARIANT),
        ("Mc Donald", "McDonald", Level.VARIANT),
        ("Smyth", "Smith", Level.VARIANT),
        ("Chowdhury", "Chaudhry", Level.VARIANT),
        ("Kowalska", "Kowalski", Level.VARIANT),
        ("de la Cruz", "Cruz", Level.VARIANT),
        ("Al-Hassan", "Hassan", Level.VARIANT),
        ("AlSaadi", "Al-Saadi", Level.VARIANT),
        ("Smith (née Jones)", "Jones", Level.VARIANT),
        ("Smith-Jones", "Jones", Level.PART),
        ("Smith", "Smith-Jones", Level.PART),
        ("Jones-Smith", "Smith Jones", Level.PART),
        ("Smtih", "Smith", Level.CLOSE),
        ("Featherstonhaugh", "Featherstonehaugh", Level.CLOSE),
        ("S", "Smith", Level.INITIAL),
        ("Harris", "Harrison", Level.DIFFERENT),
        ("Ahmed", "Hussain", Level.DIFFERENT),
        ("Li", "Lee", Level.DIFFERENT),
        ("Smith", None, Level.MISSING),
        ("Smith", "", Level.MISSING),
    ],
)
def test_family_names_compared(asked: str, held: str | None, level: Level) -> None:
    assert compare_family(f(asked), held).level is level


def test_given_and_family_name_in_each_others_place() -> None:
    assert names_swapped(g("Smith"), f("John"), ["John"], "Smith")
    assert names_swapped(g("Smith"), f("Jon"), ["John", "Paul"], "Smith")
    assert names_swapped(g("Thomas"), f("James"), ["James"], "Thomas")
    assert not names_swapped(g("John"), f("Smith"), ["John"], "Smith")
    assert not names_swapped(g("Thomas"), f("Thomas"), ["Thomas"], "Thomas")
    assert not names_swapped(g("John"), f("Smith"), [], None)


def test_several_given_names_in_the_family_names_place() -> None:
    assert names_swapped(g("Tse"), f("Ze Yu"), ["Daniel", "Ze Yu"], "Tse")
    assert names_swapped(g("Princess"), f("Baah"), ["Baah"], "Princess Adwoa Ewurama")
    assert not names_swapped(g("Princess"), f("Baah"), ["Adwoa"], "Baah")


def test_a_name_that_is_now_given_and_now_family_name() -> None:
    father = family_elsewhere(g("Khaled"), f("Umar"), ["Khaled", "Omar"], "Saad")
    assert father is not None
    assert father.level is Level.PART
    the_other_way = family_elsewhere(g("Khaled Umar"), f("Saad"), ["Khaled"], "Omar")
    assert the_other_way == father
    singh = family_elsewhere(g("Arjan"), f("Singh"), ["Arjan"], "Gill")
    assert singh is not None
    assert singh.level is Level.POSSIBLE
    assert family_elsewhere(g("Jack"), f("Smith"), ["Jack", "William"], "Jones") is None
    assert family_elsewhere(g("Jack"), f("William"), ["William"], "Jones") is None


def test_family_names_of_a_custom_of_two_given_names() -> None:
    families = ("Nyarko", "Nyarko")
    different = compare_given(g("Daniel"), ["Kelvin"])
    assert given_beside(different, g("Daniel"), ["Kelvin"], families).level is Level.POSSIBLE
    assert given_beside(different, g("Daniel"), ["Kelvin"], ("Smith", "Jones")) is different
    slip = compare_given(g("Kwmae"), ["Kelvin", "Kofi"])
    assert given_beside(slip, g("Kwmae"), ["Kelvin", "Kofi"], families).level is Level.POSSIBLE
    brothers = compare_given(g("Kwame"), ["Kofi"])
    assert given_beside(brothers, g("Kwame"), ["Kofi"], families) is brothers
    same = compare_given(g("Daniel"), ["Daniel"])
    assert given_beside(same, g("Daniel"), ["Daniel"], families) is same


@pytest.mark.parametrize(
    ("held", "level"),
    [
        ("2012-03-05", Level.EXACT),
        ("2012-05-03", Level.SWAPPED),
        ("2012-03-06", Level.CLOSE),
        ("2012-08-05", Level.CLOSE),
        ("2021-03-05", Level.CLOSE),
        ("2012-02-29", Level.DIFFERENT),
        ("2012-03-02", Level.CLOSE),
        ("2012", Level.MISSING),
        ("2012-03", Level.MISSING),
        ("2011", Level.DIFFERENT),
        ("2012-04", Level.DIFFERENT),
        ("1985-11-19", Level.DIFFERENT),
        ("", Level.MISSING),
        (None, Level.MISSING),
        ("not a date", Level.MISSING),
    ],
)
def test_birth_dates_compared(held: str | None, level: Level) -> None:
    assert compare_birth_date(date(2012, 3, 5), held).level is level


def test_birth_dates_near_one_another() -> None:
    assert compare_birth_date(date(2012, 2, 29), "2012-03-02").level is Level.NEAR
    assert compare_birth_date(date(2009, 6, 15), "2010-06-15").level is Level.NEAR
    assert "year" in compare_birth_date(date(2009, 6, 15), "2010-06-15").words


@pytest.mark.parametrize(
    ("held", "level"),
    [
        (["LS11 6AD"], Level.EXACT),
        (["YO1 7HH", "ls116ad"], Level.EXACT),
        (["LS11 6AE"], Level.CLOSE),
        (["LS11 6DA"], Level.CLOSE),
        (["LS11 6BX"], Level.SECTOR),
        (["LS1 4HR"], Level.AREA),
        (["L1 8JQ"], Level.DIFFERENT),
        (["L1 8JQ", "LS11 6BX"], Level.SECTOR),
        ([], Level.MISSING),
        (["ZZ99 3VZ"], Level.MISSING),
    ],
)
def test_postcodes_compared(held: list[str], level: Level) -> None:
    assert compare_postcode("LS11 6AD", held).level is level


def test_gender_telephone_and_email() -> None:
    assert compare_gender(Gender.MALE, "male").level is Level.EXACT
    assert compare_gender(Gender.MALE, "female").level is Level.DIFFERENT
    assert compare_gender(Gender.UNKNOWN, "female").level is Level.MISSING
    assert compare_gender(Gender.MALE, "unknown").level is Level.MISSING
    assert compare_gender(Gender.MALE, None).level is Level.MISSING
    assert compare_phone("+447911123456", ["07911 123456"]).level is Level.EXACT
    assert compare_phone("+447911123456", ["07911 123457"]).level is Level.DIFFERENT
    assert compare_phone("+447911123456", ["x"]).level is Level.MISSING
    assert compare_email("Jo@x.org", ["jo@X.org"]).level is Level.EXACT
    assert compare_email("jo@x.org", ["ann@x.org"]).level is Level.DIFFERENT
    assert compare_email("jo@x.org", [""]).level is Level.MISSING


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4), st.text(max_size=60))
def test_comparing_never_raises_on_anything_held(asked: str, held: list[str], family: str) -> None:
    given_name, family_name = read_given(asked).value, read_family(asked).value
    if given_name is not None and family_name is not None:
        agreement = compare_given(given_name, held)
        assert agreement.words
        compare_family(family_name, family)
        names_swapped(given_name, family_name, held, family)
        assert compare_given(given_name, list(given_name.each)).level is Level.EXACT
        assert compare_family(family_name, family_name.text).level is Level.EXACT
    compare_birth_date(date(2012, 3, 5), family)
    compare_postcode("LS11 6AD", held)
    compare_phone("+447911123456", held)
    compare_email("jo@x.org", held)


@given(st.dates(date(1990, 1, 1), date(2025, 1, 1)), st.dates(date(1990, 1, 1), date(2025, 1, 1)))
def test_birth_dates_agree_the_same_both_ways(one: date, other: date) -> None:
    there = compare_birth_date(one, other.isoformat())
    assert there == compare_birth_date(other, one.isoformat())
    assert (there.level is Level.EXACT) == (one == other)
