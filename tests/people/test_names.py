"""Names as agencies write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.people.checked import Quality
from joinedup.people.names import Name, plain_words, read_family, read_given

READ = [("given", read_given), ("family", read_family)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Jack", "Jack"),
        ("  Jack   William ", "Jack William"),
        ("JACK", "Jack"),
        ("jack", "Jack"),
        ("McKenzie", "McKenzie"),
        ("Anne-Marie", "Anne-Marie"),
        ("Anne – Marie", "Anne-Marie"),
        ("ANNE‑MARIE", "Anne-Marie"),
        ("D’Arcy", "D'Arcy"),
        ("d`arcy", "D'Arcy"),
        ("D´Arcy", "D'Arcy"),
        ("Dʼarcy", "D'arcy"),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("Łukasz", "Łukasz"),
        ("Ａｎｎ", "Ann"),
        ("Smi\u00adth", "Smith"),
        ("Ja\u200bck", "Jack"),
        ("\u202eJack\u202c", "Jack"),
        ("\ufeffJack", "Jack"),
        ("Mr Jack", "Jack"),
        ("Miss Ann", "Ann"),
        ("Dr. Ann", "Ann"),
        ("Jack Jr.", "Jack"),
        ("Jack Junior", "Jack"),
        ("Junior", "Junior"),
        ("J. R.", "J R"),
        ("Ann, Marie", "Ann Marie"),
        ("MD Abdul", "MD Abdul"),
        ("AJ", "AJ"),
        ("Jack\tWilliam\n", "Jack William"),
        ("'Jack", "Jack"),
        ("JohnA", "John A"),
        ("Na", "Na"),
    ],
)
def test_a_given_name_is_read_to_its_tidy_form(raw: str, text: str) -> None:
    checked = read_given(raw)
    assert checked.quality is Quality.VALID
    assert checked.value is not None
    assert checked.value.text == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("O'BRIEN", "O'Brien"),
        ("o' brien", "O'Brien"),
        ("O‘Brien", "O'Brien"),
        ("MCDONALD", "McDonald"),
        ("SMITH-JONES", "Smith-Jones"),
        ("de la Cruz", "de la Cruz"),
        ("St. John", "St John"),
        ("Smith Jnr", "Smith"),
        ("Doctor", "Doctor"),
        ("Child", "Child"),
        ("SMITH, John", "Smith"),
        ("Smith,", "Smith"),
    ],
)
def test_a_family_name_is_read_to_its_tidy_form(raw: str, text: str) -> None:
    value = read_family(raw).value
    assert value is not None
    assert value.text == text


@pytest.mark.parametrize(
    ("raw", "text", "known_as"),
    [
        ("Katherine (Kate)", "Katherine", ("Kate",)),
        ("Katherine [Kate]", "Katherine", ("Kate",)),
        ("Katherine (Kate", "Katherine", ("Kate",)),
        ("Katherine known as Kate", "Katherine", ("Kate",)),
        ("Katherine (known as: Kate)", "Katherine", ("Kate",)),
        ("Robert aka Bob", "Robert", ("Bob",)),
        ("Robert A.K.A. Bob", "Robert", ("Bob",)),
        ("Robert “Bob”", "Robert", ("Bob",)),
        ("Robert 'Bob'", "Robert", ("Bob",)),
        ("Robert/Bob", "Robert", ("Bob",)),
        ("Katherine preferred name: Kate", "Katherine", ("Kate",)),
        ("Kate (twin 1)", "Kate", ()),
        ("Kate (deceased)", "Kate", ()),
        ("(Kate)", "Kate", ()),
        ("known as Kate", "Kate", ()),
        ("Katherine (Kate) (Kitty)", "Katherine", ("Kate", "Kitty")),
    ],
)
def test_other_names_are_kept_apart(raw: str, text: str, known_as: tuple[str, ...]) -> None:
    value = read_given(raw).value
    assert value is not None
    assert (value.text, value.known_as) == (text, known_as)


@pytest.mark.parametrize(
    ("raw", "text", "known_as"),
    [
        ("Smith née Jones", "Smith", ("Jones",)),
        ("Smith (nee Jones)", "Smith", ("Jones",)),
        ("Smith formerly Jones", "Smith", ("Jones",)),
        ("Smith (formerly known as Jones)", "Smith", ("Jones",)),
        ("Smith/Jones", "Smith", ("Jones",)),
        ("Smith (now Jones)", "Smith", ("Jones",)),
    ],
)
def test_former_family_names_are_kept_apart(raw: str, text: str, known_as: tuple[str, ...]) -> None:
    value = read_family(raw).value
    assert value is not None
    assert (value.text, value.known_as) == (text, known_as)


@pytest.mark.parametrize("read", [read_given, read_family])
@pytest.mark.parametrize(
    "raw",
    [
        "Baby", "BABY SMITH", "Baby Girl", "Baby 1", "Unknown", "unknown smith", "Twin 1", "TWIN A",
        "Twin", "Infant", "Unborn", "Unborn Smith", "Smith (unborn) unborn", "Test", "Test Child",
        "N/A", "n/a", "Not known", "NOT  KNOWN", ".", "..", "?", "***", "xxx", "TBC", "FNU",
        "B/O Ann", "No name",
    ],
)  # fmt: skip
def test_a_placeholder_is_no_name(read, raw: str) -> None:
    checked = read(raw)
    assert checked.quality is Quality.INVALID
    assert "placeholder" in checked.flags
    assert checked.reason


@pytest.mark.parametrize("raw", ["Testa", "Babington", "Twinkle", "Unity", "Infantino", "Boyd"])
def test_a_real_name_that_begins_like_a_placeholder_stays(raw: str) -> None:
    assert read_given(raw).quality is Quality.VALID
    assert read_family(raw).quality is Quality.VALID


@pytest.mark.parametrize(
    "raw", [None, "", "  ", "\t\n", "NULL", "null", "-", "–", "--", "#N/A", "NA"]
)
@pytest.mark.parametrize("read", [read_given, read_family])
def test_nothing_is_not_provided(read, raw: str | None) -> None:
    assert read(raw).quality is Quality.NOT_PROVIDED


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("J0hn", "digit"),
        ("John2", "digit"),
        ("John@home", "symbol"),
        ("=cmd|' /C calc'!A0", "symbol"),
        ("Jack😀", "symbol"),
        ("😀", "symbol"),
        ("John & Jane", "more than one person"),
        ("ZoÃ«", "UTF-8"),
        ("Zo\ufffd", "UTF-8"),
        ("Владимир", "Latin"),
        ("محمد", "Latin"),
        ("王小明", "Latin"),
        ("Jасk", "Latin"),  # two Cyrillic letters that look Latin
        ("Mr", "title"),
        ("Abcdefghijklmnopqrstuvwxyzabcdefghij", "35"),
    ],
)
def test_what_is_no_name_says_why(raw: str, said: str) -> None:
    checked = read_given(raw)
    assert checked.quality is Quality.INVALID
    assert said in checked.reason


def test_the_length_limit_is_for_each_given_name() -> None:
    # Three long names are each within the limit of the Personal Demographics Service.
    assert read_given("Oluwadamilola Chukwuemekachidera Abdulrahmanmuhammad").value is not None
    assert read_family("A" + "b" * 34).value is not None
    assert read_family("A" + "b" * 35).value is None


def test_a_whole_name_in_one_cell_gives_each_field_its_part() -> None:
    given_name, family = read_given("SMITH, John"), read_family("SMITH, John")
    assert given_name.value is not None
    assert family.value is not None
    assert (given_name.value.text, family.value.text) == ("John", "Smith")
    assert "whole-name" in given_name.flags & family.flags
    assert read_given("Smith, John").value == given_name.value
    glued = read_given("JohnSmith")
    assert glued.value is not None
    assert glued.value.text == "John"
    assert read_given("MaryAnn").value != read_given("Mary").value


def test_words_are_comparable() -> None:
    assert plain_words("Zoë O’Neil-Çelik") == ("ZOE", "ONEIL", "CELIK")
    assert plain_words("Ngọc Ánh") == ("NGOC", "ANH")
    assert plain_words("Straße Ørsted") == ("STRASSE", "ORSTED")
    name = read_given("Anne-Marie Zoë").value
    assert name is not None
    assert name.words == ("ANNE", "MARIE", "ZOE")
    assert name.first == "Anne-Marie"
    assert name.each == ("Anne-Marie", "Zoë")


def test_a_huge_cell_is_refused_at_once() -> None:
    for huge in (
        "A" * 1_000_000,
        "(" * 1_000_000,
        " " * 1_000_000,
        "a' " * 300_000,
        "é" * 1_000_000,
    ):
        started = time.perf_counter()
        assert read_given(huge).quality in (Quality.INVALID, Quality.NOT_PROVIDED)
        assert time.perf_counter() - started < 0.5


@given(st.text(max_size=300) | st.text(alphabet="Ab '-.,()/\"’–\u200béłß1", max_size=60))
def test_reading_never_raises_and_is_settled_after_once(raw: str) -> None:
    for field, read in READ:
        checked = read(raw)
        assert (checked.value is not None) == (checked.quality is Quality.VALID)
        if checked.quality is Quality.INVALID:
            assert checked.reason
        if checked.value is not None:
            name: Name = checked.value
            again = read(name.text)
            assert again.value is not None, (field, name)
            assert (again.value.text, again.value.words) == (name.text, name.words)
            assert name.words
            assert all(word.isascii() and word.isupper() for word in name.words)
            assert all(other and other.strip() == other for other in name.known_as)


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        ("Jack William", "Jack"),
        ("Mary-Jane Ann", "Mary-Jane"),
        ("Zi Han", "Zi Han"),
        ("Tsz Hin", "Tsz Hin"),
        ("Thi Mai", "Thi Mai"),
        ("Ryan Lok Hin", "Ryan"),
        ("Bassam Abdulrahman", "Bassam"),
        ("Wing-Yan", "Wing-Yan"),
    ],
)
def test_what_to_ask_for_first(raw: str, first: str) -> None:
    value = read_given(raw).value
    assert value is not None
    assert value.to_ask[0] == first
    assert set(value.each) <= set(value.to_ask)


def test_a_name_of_two_syllables_can_still_be_asked_for_by_the_first() -> None:
    value = read_given("Zi Han").value
    assert value is not None
    assert value.to_ask == ("Zi Han", "Zi", "Han")
