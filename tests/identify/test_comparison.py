"""What counts as a difference between what an agency and the source of truth hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.identify.comparison import COMPARED, Sameness, compare_held, missing_local
from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.people.demographics import Demographics
from tests.identify.region import nhs_number

TODAY = date(2026, 11, 23)
NUMBER = nhs_number(1)
HELD = {
    "nhs_number": NUMBER,
    "given": "Anne-Marie",
    "family": "O’Brien",
    "birth_date": "04/05/2012",
    "gender": "F",
    "postcode": "ls116ad",
    "phone": "07700 900123",
    "email": "Anne@Example.org",
    "address_history": "1~Flat 2~5 Mill Lane~Leeds~LS11 6AD",
}
HOME = PdsAddress("home", ("Flat 2", "5 Mill Lane", "Leeds"), "LS11 6AD", start="2019-01-01")
RECORD = {
    "nhs_number": NUMBER,
    "security": Security.UNRESTRICTED,
    "names": (PdsName("usual", ("Anne", "Marie"), "OBrien"),),
    "birth_date": "2012-05-04",
    "gender": "female",
    "addresses": (HOME,),
    "phones": ("+447700900123",),
    "emails": ("anne@example.org",),
}


def compare(held: dict | None = None, record: dict | None = None):
    question = Demographics.read(HELD | (held or {}))
    return compare_held(question, PdsPatient(**RECORD | (record or {})), TODAY)


def test_the_same_child_written_otherwise_has_no_differences() -> None:
    found = compare()
    assert found.differing == found.missing_nhs == found.withheld == found.words == ()
    assert (found.primary_address, found.histories) == (Sameness.MATCHED, Sameness.MATCHED)


def test_a_middle_name_that_one_side_leaves_out_is_no_difference() -> None:
    assert compare({"given": "Anne"}).differing == ()
    assert compare({"given": "Anne Marie Josephine"}).differing == ()


@pytest.mark.parametrize(
    ("held", "differing", "words"),
    [
        ({"given": "Sean"}, ("given",), "given name is different"),
        ({"given": "Annie"}, ("given",), "given name"),
        ({"given": "Anne Josephine"}, ("given",), "other given names differ"),
        ({"family": "O'Bryen"}, ("family",), "spelled almost the same"),
        ({"given": "O'Brien", "family": "Anne-Marie"}, ("given", "family"), "are exchanged"),
        ({"birth_date": "05/04/2012"}, ("birth_date",), "day and month of birth are swapped"),
        ({"gender": "1"}, ("gender",), "gender is different"),
        ({"postcode": "LS11 6AE"}, ("postcode",), "one character"),
        ({"phone": "07700 900124"}, ("phone",), "telephone number is different"),
        ({"email": "ann@example.org"}, ("email",), "e-mail address is different"),
        ({"nhs_number": nhs_number(2)}, ("nhs_number",), "not the number of this record"),
        ({"address_history": "1~Flat 3~5 Mill Lane~LS11 6AD"}, ("address",), "flats differ"),
        ({"birth_date": "31/02/2012"}, ("birth_date",), "date of birth held cannot be used"),
    ],
)
def test_what_differs_is_named_and_put_in_words_without_the_values(held, differing, words) -> None:
    found = compare(held)
    assert found.differing == differing
    said = "; ".join(found.words)
    assert words in said
    for value in ("Brien", "2012", "900123", "example", "LS11", NUMBER):
        assert value not in said


def test_a_field_that_one_side_lacks_is_missing_and_not_different() -> None:
    nothing = dict.fromkeys(HELD, "")
    assert missing_local(Demographics.read(nothing)) == COMPARED
    assert compare(nothing).differing == ()
    bare = compare(record={"names": (), "birth_date": None, "gender": "unknown", "addresses": (),
                           "phones": (), "emails": ()})  # fmt: skip
    assert bare.differing == ()
    assert set(bare.missing_nhs) == set(COMPARED) - {"nhs_number"}
    assert bare.primary_address is Sameness.NO_COMPARISON


def test_a_gender_that_is_not_known_is_missing_and_a_wrong_value_is_not() -> None:
    question = Demographics.read(HELD | {"gender": "0", "postcode": "nowhere"})
    assert missing_local(question) == ("gender",)


def test_the_newest_address_lends_its_postcode() -> None:
    held = HELD | {"postcode": ""}
    assert "postcode" not in missing_local(Demographics.read(held))
    moved = held | {"address_history": "1~5 Mill Lane~LS11 6AD|2~9 High Street~LS1 4AP"}
    found = compare(moved)
    assert found.differing == ("postcode",)
    assert found.primary_address is Sameness.UNMATCHED


@pytest.mark.parametrize(
    ("security", "withheld"),
    [
        (Security.RESTRICTED, {"postcode", "phone", "email"}),
        (Security.VERY_RESTRICTED, set(COMPARED) - {"nhs_number"}),
    ],
)
def test_what_a_protected_record_withholds_is_neither_missing_nor_different(
    security, withheld
) -> None:
    hidden = {"security": security, "addresses": (), "phones": (), "emails": ()}
    if security is Security.VERY_RESTRICTED:
        hidden |= {"names": (), "birth_date": None, "gender": None}
    found = compare(record=hidden)
    assert found.missing_nhs == found.differing == ()
    assert set(found.withheld) == withheld
    assert found.primary_address is found.histories is Sameness.NO_COMPARISON
    assert "the record does not show" in found.words[-1]


def test_a_former_address_is_a_place_lived_at_and_not_where_the_child_lives() -> None:
    old = PdsAddress("home", ("9 High Street",), "LS1 4AP", start="2012", end="2019-01-01")
    held = {"postcode": "LS1 4AP", "address_history": "1~9 High Street~LS1 4AP"}
    found = compare(held, {"addresses": (old, HOME)})
    assert found.differing == ("postcode",)
    assert (found.primary_address, found.histories) == (Sameness.UNMATCHED, Sameness.MATCHED)


@pytest.mark.parametrize(
    ("end", "current"),
    [("2026-11-22", False), ("2026-11-23", True), ("2026-11", True), ("2026", True),
     ("2026-10", False), ("2025", False), ("2026-11-22T09:00:00+00:00", False)],
)  # fmt: skip
def test_a_period_lasts_to_the_end_of_the_date_it_names(end, current) -> None:
    home = PdsAddress("home", HOME.lines, HOME.postcode, end=end)
    found = compare(record={"addresses": (home,)})
    assert ("postcode" in found.missing_nhs) is not current
    assert found.histories is Sameness.MATCHED


def test_an_address_that_has_not_begun_is_not_where_the_child_lives() -> None:
    later = PdsAddress("home", ("9 High Street",), "LS1 4AP", start="2027-01-01")
    found = compare({"postcode": "LS1 4AP"}, {"addresses": (HOME, later)})
    assert found.differing == ("postcode",)


def test_where_a_parent_works_is_no_home() -> None:
    work = PdsAddress("work", ("1 Office Park",), "LS1 4AP")
    assert compare({"postcode": "LS1 4AP"}, {"addresses": (work,)}).missing_nhs == ("postcode",)


def test_a_flat_on_one_side_only_is_uncertain_and_no_difference() -> None:
    found = compare({"address_history": "1~5 Mill Lane~Leeds~LS11 6AD"})
    assert found.primary_address is Sameness.UNCERTAIN
    assert found.differing == ()
    assert "which flat" in found.words[0]


def test_a_postcode_alone_is_uncertain_and_not_worth_words() -> None:
    found = compare({"address_history": ""})
    assert found.primary_address is Sameness.UNCERTAIN
    assert found.words == ()


def test_a_former_name_is_said_and_another_name_in_use_is_no_difference() -> None:
    names = (
        PdsName("nickname", ("Annie",), "OBrien"),
        PdsName("usual", ("Anne Marie",), "Hollis"),
        PdsName("old", ("Anne Marie",), "OBrien", end="2018-01-01"),
    )
    assert compare({"given": "Annie"}, {"names": names}).differing == ()
    former = compare(record={"names": names[1:]})
    assert former.differing == ("family",)
    assert "former one" in former.words[0]


def test_a_newborn_without_a_name_at_the_source_has_none() -> None:
    found = compare(record={"names": (PdsName("usual", ("Baby",), "O'Brien"),)})
    assert found.missing_nhs == ("given",)
    assert found.differing == ()


@given(
    changed=st.dictionaries(st.sampled_from(list(HELD)), st.text(max_size=30)),
    security=st.sampled_from(Security),
    gone=st.sets(st.sampled_from(["names", "addresses", "phones", "emails"])),
)
def test_no_field_is_in_two_lists_and_any_text_is_compared(changed, security, gone) -> None:
    record = {"security": security} | dict.fromkeys(gone, ())
    found = compare(changed, record)
    lists = [*found.differing, *found.missing_nhs, *found.withheld]
    assert len(lists) == len(set(lists))
    assert set(found.differing).isdisjoint(missing_local(Demographics.read(HELD | changed)))
