"""Children whose custom of naming differs from given name, middle name, family name."""

import json
from pathlib import Path
from typing import Any

import pytest

from joinedup.identify import Outcome, Status, identify
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.source import InProcessSource
from joinedup.pds.patient import PdsName, PdsPatient, Security
from joinedup.pds.search import Answer, Found, Search
from joinedup.people.demographics import Demographics
from tests.identify import region as r


def person(serial: int, given: list[str], family: str, born: str, **more: Any) -> dict[str, Any]:
    """As ``region.person``, with given names one by one: "Zi Han" is one of them."""
    patient = r.person(serial, "", family, born, **more)
    patient["name"][0]["given"] = given
    return patient


HAN, YU, KOJO, KWAME, KOFI, KWAKU, TWIN, ARJAN, BAAH, RENAMED, MEI, SILVA, ALONE, AKAN, IMRAN = (
    range(50, 65)
)
BROTHER, ELDEST, AMA, YOUNG = range(65, 69)

PEOPLE = [
    person(HAN, ["Zi Han"], "Zhou", "2013-01-02", gender="female", postcode="LS11 6AD"),
    person(YU, ["Daniel", "Ze Yu"], "Tse", "2014-01-24", gender="male", postcode="M38 3NP"),
    person(
        KOJO, ["Jeremiah", "Kojo"], "Acheampong", "2018-11-19", gender="male", postcode="E3 4TA"
    ),
    # Two brothers, of whom the source knows the English names alone.
    person(KWAME, ["Emmanuel"], "Asamoah", "2012-04-14", gender="male", postcode="LU38 0AT"),
    person(BROTHER, ["Samuel"], "Asamoah", "2014-06-06", gender="male", postcode="LU38 0AT"),
    # The same, but one has the name asked.
    person(KOFI, ["Caleb"], "Frimpong", "2012-04-13", gender="male", postcode="BD1 1AB"),
    person(ELDEST, ["Kofi"], "Frimpong", "2010-05-07", gender="male", postcode="BD1 1AB"),
    # One of twins, says the record; the other is not there.
    person(TWIN, ["Michelle"], "Owusu", "2015-07-18", gender="female", multiple_birth=1),
    person(ARJAN, ["Arjan"], "Sahota", "2016-09-25", gender="male", postcode="M47 2AZ"),
    person(BAAH, ["Baah"], "Princess Adwoa", "2012-06-27", gender="female", postcode="CV5 4TA"),
    person(RENAMED, ["Priscilla"], "Bediako", "2013-11-03", gender="female", postcode="BD1 2TA"),
    person(MEI, ["Amy", "Mei Ling"], "Kwok", "2019-08-20", gender="female", postcode="BD33 4DN"),
    person(SILVA, ["Beatriz"], "Tavares Rocha", "2020-02-28", gender="female", postcode="NG4 6DD"),
    person(ALONE, ["Jessamine"], "Quillinan", "2012-05-06", gender="female", postcode="TR1 2QE"),
    person(IMRAN, ["Mohammed"], "Darzi", "2011-02-03", gender="male", postcode="B19 7LD"),
    person(AMA, ["Comfort"], "Tawiah", "2017-02-18", gender="female", postcode="SE4 6RZ"),
    person(YOUNG, ["Baby"], "Tawiah", "2026-02-18", gender="female", postcode="SE4 6RZ"),
]
PEOPLE[10]["name"].append(
    {"id": "n2", "use": "old", "given": ["Stephanie"], "family": "Bediako"}
    | {"period": {"start": "2013-11-03", "end": "2019-01-01"}}
)


@pytest.fixture(scope="module")
def pds(tmp_path_factory: pytest.TempPathFactory) -> InProcessSource:
    path: Path = tmp_path_factory.mktemp("people") / "people.ndjson"
    path.write_bytes(b"".join(_line(p) for p in PEOPLE))
    return InProcessSource(Engine(path))


def _line(patient: dict[str, Any]) -> bytes:
    return json.dumps(patient).encode() + b"\n"


def ask(pds: InProcessSource, given: str, family: str, *rest: str) -> Outcome:
    fields = ("given", "family", "birth_date", "gender", "postcode")
    return identify(Demographics.read(dict(zip(fields, (given, family, *rest), strict=True))), pds)


# (what it shows, question, serial, most calls)
FOUND = [
    ("a name of two syllables is one", ("Zi Han", "Zhou", "2013-01-02", "F", "LS11 6AD"), HAN, 1),
    ("joined", ("Zihan", "Zhou", "2013-01-02", "F", "LS11 6AD"), HAN, 1),
    ("family name first", ("Zhou", "Zi Han", "2013-01-02", "F", "LS11 6AD"), HAN, 1),
    ("English name held first", ("Ze Yu", "Tse", "2014-01-24", "M", "M38 3NP"), YU, 3),
    ("the same, family name first", ("Tse", "Ze Yu", "2014-01-24", "M", "M38 3NP"), YU, 7),
    ("day name, another home", ("Kojo", "Acheampong", "2018-11-19", "M", "E8 1AA"), KOJO, 5),
    ("day name not on the record", ("Kwame", "Asamoah", "2012-04-14", "M", "LU38 0AT"), KWAME, 4),
    ("the name after Mohammed", ("Imran", "Darzi", "2011-02-03", "M", "B19 7LD"), IMRAN, 4),
    ("Singh for the family name", ("Arjan", "Singh", "2016-09-25", "M", "M47 2AZ"), ARJAN, 4),
    ("held with names exchanged", ("Princess", "Baah", "2012-06-27", "F", "CV5 4TA"), BAAH, 4),
    ("former given name", ("Stephanie", "Bediako", "2013-11-03", "F", "BD1 2TA"), RENAMED, 2),
    ("spelled as in Mandarin", ("Mei Ling", "Guo", "2019-08-20", "F", "BD33 4DN"), MEI, 10),
    ("first of two family names", ("Bia", "Tavares", "2020-02-28", "F", "NG4 9XX"), SILVA, 5),
]  # fmt: skip


@pytest.mark.parametrize(("shows", "asked", "serial", "most"), FOUND, ids=[f[0] for f in FOUND])
def test_found_whatever_the_custom(
    pds: InProcessSource, shows: str, asked: tuple[str, ...], serial: int, most: int
) -> None:
    outcome = ask(pds, *asked)
    assert (outcome.status, outcome.nhs_number) == (Status.MATCH, r.nhs_number(serial)), outcome
    assert outcome.calls <= most, [step.name for step in outcome.steps]


UNSURE = [
    ("a brother has the name", ("Kofi", "Frimpong", "2012-04-13", "M", "BD1 1AB")),
    ("perhaps the twin", ("Ama", "Owusu", "2015-07-18", "F", "LS11 6AD")),
    ("another gender", ("Kwame", "Asamoah", "2012-04-14", "F", "LU38 0AT")),
    ("another home", ("Kwame", "Asamoah", "2012-04-14", "M", "TR1 9ZZ")),
    ("another given name", ("Ottilie", "Quillinan", "2012-05-06", "F", "TR1 2QE")),
    ("another family name is not Singh", ("Arjan", "Bains", "2016-09-25", "M", "M47 2AZ")),
    ("Singh says little of a stranger", ("Arjan", "Singh", "2016-09-25", "M", "TR1 2QE")),
]


@pytest.mark.parametrize(("shows", "asked"), UNSURE, ids=[u[0] for u in UNSURE])
def test_a_custom_is_no_licence(pds: InProcessSource, shows: str, asked: tuple[str, ...]) -> None:
    outcome = ask(pds, *asked)
    assert outcome.nhs_number is None, outcome
    assert outcome.status is not Status.UNAVAILABLE


def test_another_given_name_is_said(pds: InProcessSource) -> None:
    """Whoever reads a match on another given name sees why it was thought safe."""
    beside = ask(pds, "Kwame", "Asamoah", "2012-04-14", "M", "LU38 0AT")
    assert "nobody of the given name asked is known there" in beside.reasons


def test_no_answers_make_the_source_be_asked_for_ever(pds: InProcessSource) -> None:
    """Whoever comes back, and however wrong: ten calls for one child, and no number."""

    class Strangers:
        asked = 0

        def search(self, search: Search) -> Answer:
            self.asked += 1
            names = (PdsName("usual", (f"Stranger{self.asked}",), "Else"),)
            return Found(PdsPatient(r.nhs_number(80), Security.UNRESTRICTED, names, "2012-04-14"))

        def read(self, nhs_number: str) -> Answer:
            return self.search(Search())

    fields = {"given": "Kwame Kofi", "family": "Asamoah Addo", "birth_date": "2012-04-14"}
    source = Strangers()
    outcome = identify(Demographics.read(fields | {"gender": "M", "postcode": "LU38 0AT"}), source)
    assert outcome.nhs_number is None
    assert source.asked == outcome.calls == 10
