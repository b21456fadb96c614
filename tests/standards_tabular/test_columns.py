"""Which column is which: a column taken for another would ask about the wrong child."""

import pytest

from joinedup.standards.columns import ALIASES, TableError, find_columns, read_mapping

MINIMUM = ["Given", "Family", "DOB"]


@pytest.mark.parametrize(
    ("heading", "field"), [(name, field) for field, names in ALIASES.items() for name in names]
)
def test_every_name_of_the_contract_is_recognised_whatever_its_case_and_spacing(
    heading: str, field: str
) -> None:
    others = [ALIASES[f][0] for f in ("given", "family", "birth_date") if f != field]
    for spelling in (heading, heading.upper(), heading.lower(), " ".join(heading), f"_{heading}_ "):
        columns = find_columns([*others, spelling])
        assert columns.positions[field] == len(others)


def test_missing_columns_are_named_with_what_was_found_and_the_fix() -> None:
    with pytest.raises(TableError) as error:
        find_columns(["Forename", "Last", "Born"])
    text = str(error.value)
    assert "Family" in text
    assert "DOB" in text
    assert "Columns found: Forename, Last, Born" in text
    assert '--map family="YOUR COLUMN"' in text
    assert "Given" not in text.replace("GivenName", "")


def test_a_file_without_headings_does_not_have_its_first_child_shown() -> None:
    with pytest.raises(TableError) as error:
        find_columns(["Amelia", "Featherstone", "03/04/2012", "LS1 4AP"])
    assert "first row looks like data" in str(error.value)
    for personal in ("Amelia", "Featherstone", "2012", "LS1"):
        assert personal not in str(error.value)


def test_two_columns_for_one_field_are_an_error_that_names_both() -> None:
    with pytest.raises(TableError) as error:
        find_columns(["Forename", "First Name", "Surname", "DOB"])
    assert "Forename (column 1) and First Name (column 2)" in str(error.value)
    assert "--map given=Forename" in str(error.value)


def test_a_field_heading_that_is_there_twice_is_an_error_that_says_where() -> None:
    with pytest.raises(TableError, match=r"DOB is there 2 times \(columns 3 and 5\)"):
        find_columns(["Given", "Family", "DOB", "x", "DOB"])


def test_a_map_settles_which_of_two_columns_is_meant() -> None:
    columns = find_columns(
        ["Forename", "First Name", "Surname", "DOB"], read_mapping(["given=First Name"])
    )
    assert columns.positions["given"] == 1


def test_a_map_can_take_a_column_whose_own_name_says_otherwise() -> None:
    columns = find_columns(["Given", "Family", "DOB", "Id"], read_mapping(["nhs_number=Id"]))
    assert columns.positions["nhs_number"] == 3
    assert "id" not in columns.positions


def test_a_mapped_heading_may_hold_an_equals_sign() -> None:
    columns = find_columns(["a=b", "Family", "DOB"], read_mapping(["Forename=a=b"]))
    assert columns.positions["given"] == 0


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["given"], "name=column"),
        (["=x"], "name=column"),
        (["shoe size=x"], "there is no field shoe size"),
        (["given=a", "forename=b"], "twice"),
    ],
)
def test_a_wrong_map_says_how_to_write_it(pairs: list[str], words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_mapping(pairs)


def test_a_map_to_a_column_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(TableError, match=r"no column Nme\. Columns found: Name, Family, DOB"):
        find_columns(["Name", "Family", "DOB"], {"given": "Nme"})


def test_one_column_cannot_be_mapped_to_two_fields() -> None:
    with pytest.raises(TableError, match="two fields"):
        find_columns([*MINIMUM, "x"], {"phone": "x", "email": "x"})


def test_other_columns_that_repeat_are_kept_apart_and_people_are_told() -> None:
    columns = find_columns([*MINIMUM, "Notes", "Notes", "Notes_2", "", ""])
    assert columns.headings == (*MINIMUM, "Notes", "Notes_2_2", "Notes_2", "Column_7", "Column_8")
    assert len(set(columns.headings)) == len(columns.headings)
    assert any("Notes" in note for note in columns.notes)


def test_results_of_an_earlier_run_are_kept_under_another_name() -> None:
    columns = find_columns([*MINIMUM, "SUI_Status"])
    assert columns.headings[-1] == "Earlier_SUI_Status"
    assert "earlier run" in columns.notes[0]
