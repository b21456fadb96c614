"""The data files, name frequencies and phonetic keys."""

import re

import pytest

from joinedup.people.frequency import expected_namesakes, family_share, given_share
from joinedup.people.keys import soundex
from joinedup.people.listed import custom_of, is_form, shares, spellings
from joinedup.people.names import Name, read_family, read_given
from joinedup.people.tables import rows

FORMS = ("given_name_forms.csv", "family_name_forms.csv")


def name(raw: str, family: bool = False) -> Name:
    value = (read_family if family else read_given)(raw).value
    assert value is not None
    return value


@pytest.mark.parametrize("file", FORMS)
def test_a_name_stands_in_one_spelling_row(file: str) -> None:
    # Two rows would make strangers of one row forms of those of the other.
    seen: set[str] = set()
    for row in rows(file):
        words = [row["name"], *row["forms"].split()]
        assert row["kind"] in ("spelling", "short")
        assert all(re.fullmatch("[A-Z]{2,}", word) for word in words), words
        assert len(set(words)) == len(words), words
        assert len(words) > 1, words
        if row["kind"] == "spelling":
            assert not seen & set(words), seen & set(words)
            seen |= set(words)


def test_frequencies_are_plain_and_believable() -> None:
    for kind in ("given", "family"):
        assert all(re.fullmatch("[A-Z]{2,}", word) for word in shares(kind))
        assert 0.4 < sum(shares(kind).values()) < 0.95
    names = [(row["kind"], row["name"]) for row in rows("name_frequency.csv")]
    assert len(set(names)) == len(names)
    assert len(shares("given")) >= 600
    assert len(shares("family")) >= 500


def test_forms_are_found_both_ways() -> None:
    assert is_form("given", "BOB", "ROBERT")
    assert is_form("given", "ROBERT", "BOB")
    assert not is_form("given", "BETH", "LIZ")
    assert "MUHAMMAD" in spellings("given", "MOHAMMED")
    assert spellings("given", "XANTHIPPE") == {"XANTHIPPE"}


def test_common_names_have_more_namesakes_than_rare_ones() -> None:
    common = expected_namesakes(name("Mohammed"), name("Khan", family=True))
    rare = expected_namesakes(name("Xanthippe"), name("Featherstonehaugh", family=True))
    assert common > 0.1
    assert rare < 0.001
    assert expected_namesakes(name("Jack"), name("Smith", family=True), days=365) > 10
    assert given_share("OLIVER") > given_share("XANTHIPPE") > 0
    assert family_share("SMITH") > family_share("FEATHERSTONEHAUGH") > 0


def test_namesakes_are_never_more_than_bearers_of_either_name() -> None:
    given_name, family = name("Oliver"), name("Smith", family=True)
    bearers = 1_700 * sum(map(given_share, spellings("given", "OLIVER")))
    assert expected_namesakes(given_name, family) <= bearers


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Robert", "R163"), ("Rupert", "R163"), ("Ashcraft", "A261"), ("Tymczak", "T522"),
        ("Pfister", "P236"), ("Honeyman", "H555"), ("O'Brien", "O165"), ("Zoë", "Z000"),
        ("123", ""), ("", ""),
    ],
)  # fmt: skip
def test_soundex(text: str, code: str) -> None:
    assert soundex(text) == code


def test_customs_of_two_given_names() -> None:
    assert custom_of("given", "KWAME") == "Ghana"
    assert custom_of("given", "OLUWATOBILOBA") == "Nigeria"
    assert custom_of("given", "OLUWA") is None  # a beginning alone is no name
    assert custom_of("given", "OLIVER") is None
    assert custom_of("family", "KWAME") is None
    assert custom_of("family", "WONG") == "China"
