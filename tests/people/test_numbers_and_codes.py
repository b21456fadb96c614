"""Gender codes, postcodes, telephone, e-mail, NHS number and UPN."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.people.address import read_address_history
from joinedup.people.checked import Checked, Quality
from joinedup.people.contact import read_email, read_phone
from joinedup.people.dates import read_birth_date
from joinedup.people.demographics import FIELDS, Demographics
from joinedup.people.gender import Gender, read_gender
from joinedup.people.nhs_number import check_digit, read_nhs_number
from joinedup.people.postcode import read_postcode
from joinedup.people.upn import check_letter, read_upn

READERS = (
    read_gender, read_postcode, read_phone, read_email, read_nhs_number, read_upn,
    read_address_history, read_birth_date,
)  # fmt: skip


@pytest.mark.parametrize(
    ("gender", "raws"),
    [
        (Gender.MALE, "1 M m male MALE Boy 1.0 01"),
        (Gender.FEMALE, "2 F f female Girl 2.0"),
        (Gender.OTHER, "I other Indeterminate"),
        (Gender.UNKNOWN, "0 9 U X unknown 0.0 9.0"),
    ],
)
def test_codes_and_words_of_gender(gender: Gender, raws: str) -> None:
    for raw in raws.split():
        assert read_gender(raw).value is gender, raw
    for raw in ("not known", "Not  Specified", "Not stated"):
        assert read_gender(raw).value is Gender.UNKNOWN


def test_an_unknown_gender_code_is_refused() -> None:
    assert read_gender("3").quality is Quality.INVALID
    assert read_gender("Q").quality is Quality.INVALID


@pytest.mark.parametrize(
    ("raw", "postcode"),
    [
        ("LS11 6AD", "LS11 6AD"),
        ("ls116ad", "LS11 6AD"),
        (" l s 1 1 6 a d ", "LS11 6AD"),
        ("LS11\u00a06AD", "LS11 6AD"),
        ("M1 1AA", "M1 1AA"),
        ("M60 1NW", "M60 1NW"),
        ("CR2 6XH", "CR2 6XH"),
        ("DN55 1PT", "DN55 1PT"),
        ("W1A 0AX", "W1A 0AX"),
        ("EC1A 1BB", "EC1A 1BB"),
        ("GIR 0AA", "GIR 0AA"),
        ("gir0aa", "GIR 0AA"),
    ],
)
def test_a_postcode_is_read_to_its_normal_form(raw: str, postcode: str) -> None:
    checked = read_postcode(raw)
    assert checked.value == postcode
    assert not checked.reason


@pytest.mark.parametrize(
    ("raw", "postcode"),
    [
        ("LS11 OAD", "LS11 0AD"),
        ("LS1I 6AD", "LS11 6AD"),
        ("LSII 6AD", "LS11 6AD"),
        ("0X1 2JD", "OX1 2JD"),
        ("S011 6AD", "SO11 6AD"),
        ("1P1 2AB", "IP1 2AB"),
        ("SW1A IAA", "SW1A 1AA"),
        ("GIR OAA", "GIR 0AA"),
        ("LS01 6AD", "LS1 6AD"),
        ("P01 3AA", "PO1 3AA"),
        ("C01 1AA", "CO1 1AA"),
        ("BI1 1AA", "B11 1AA"),
    ],
)
def test_letters_and_digits_that_look_alike_are_put_right_with_a_word(
    raw: str, postcode: str
) -> None:
    checked = read_postcode(raw)
    assert checked.value == postcode
    assert checked.reason


def test_a_slip_that_could_be_two_postcodes_is_not_guessed_at() -> None:
    # Sheffield's S1 with a 0 too many, or Southampton's SO1 with a 0 for the O.
    assert read_postcode("S01 2HH").quality is Quality.INVALID


def test_a_pseudo_postcode_agrees_with_nobody() -> None:
    # Everyone of no fixed abode shares ZZ99 3VZ: as a value it would join strangers.
    for raw in ("ZZ99 3VZ", "zz993wz", "ZZ99 3CZ"):
        checked = read_postcode(raw)
        assert checked.value is None
        assert checked.quality is Quality.NOT_PROVIDED
        assert checked.flags == {"pseudo-postcode"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("LS11", "first part"),
        ("M1", "first part"),
        ("LS11 6", "first part"),
        ("LS11 6AD LS1 1AA", "longer"),
        ("HELLO", "check each character"),
        ("12345", "check each character"),
        ("LS11 6A£", "letters and digits"),
        ("BFPO 57", "Forces"),
        ("A" * 1_000_000, "far longer"),
    ],
)
def test_what_is_no_postcode_says_why(raw: str, said: str) -> None:
    checked = read_postcode(raw)
    assert checked.quality is Quality.INVALID
    assert said in checked.reason


def test_a_postcode_of_no_area_is_kept_and_flagged() -> None:
    assert read_postcode("AA1 1AA").flags == {"unlikely-postcode"}


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("07911 123456", "+447911123456"),
        ("+44 (0)7911 123456", "+447911123456"),
        ("0044 7911 123456", "+447911123456"),
        ("7911123456", "+447911123456"),
        ("(0113) 245-1234", "+441132451234"),
        ("07700 900123", "+447700900123"),
        ("0113 496 0123", "+441134960123"),
        ("0113 245 1234 ext 12", "+441132451234"),
    ],
)
def test_a_telephone_number_has_one_form(raw: str, number: str) -> None:
    assert read_phone(raw).value == number


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("07911 12345", "missing"),
        ("07911 1234567", "missing"),
        ("+33 1 42 68 53 00", "United Kingdom"),
        ("call mum", "letters"),
        ("07911123456 / 07911123457", "one number"),
        ("00000000000", "repeated"),
        ("1" * 1_000_000, "far longer"),
    ],
)
def test_what_is_no_telephone_number_says_why(raw: str, said: str) -> None:
    checked = read_phone(raw)
    assert checked.quality is Quality.INVALID
    assert said in checked.reason


def test_an_email_address_keeps_its_name_and_lowers_its_domain() -> None:
    assert read_email("Jo.Smith@Example.ORG").value == "Jo.Smith@example.org"
    assert read_email("mailto:jo@example.org").value == "jo@example.org"
    for raw in ("jo", "jo@", "@x.org", "jo@x", "a b@x.org", "a..b@x.org", "jo@@x.org", "jo@-x.org"):
        assert read_email(raw).quality is Quality.INVALID, raw
    assert read_email("noemail@noemail.com").quality is Quality.NOT_PROVIDED


@pytest.mark.parametrize(
    "raw", ["9990000018", "999 000 0018", "999-000-0018", " 9990000018 ", "9990000018.0"]
)
def test_an_nhs_number_is_ten_digits(raw: str) -> None:
    checked = read_nhs_number(raw)
    assert checked.value == "9990000018"
    assert checked.flags == {"test-range"}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("9990000019", "check digit"),
        ("9990000081", "check digit"),
        ("999000001", "9 digits"),
        ("99900000181", "11 digits"),
        ("999000001A", "digits"),
        ("٩٩٩٠٠٠٠٠١٨", "digits"),
        ("9.99E+09", "spreadsheet"),
        ("9,99E9", "spreadsheet"),
        ("0000000000", "ten times"),
        ("9999999999", "ten times"),
        ("4444444444", "ten times"),
        ("9" * 1_000_000, "far longer"),
    ],
)
def test_what_is_no_nhs_number_says_why(raw: str, said: str) -> None:
    checked = read_nhs_number(raw)
    assert checked.quality is Quality.INVALID
    assert said in checked.reason


@given(st.integers(0, 10**6 - 1))
def test_one_wrong_digit_or_two_swapped_are_always_caught(tail: int) -> None:
    nine = f"999{tail:06d}"
    check = check_digit(nine)
    if check is None:
        return
    right = f"{nine}{check}"
    assert read_nhs_number(right).value == right or len(set(right)) == 1
    for place in range(10):
        wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        assert read_nhs_number(wrong).value is None
    for place in range(9):
        swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
        if swapped != right:
            assert read_nhs_number(swapped).value is None


@pytest.mark.parametrize("twelve", ["801200001001", "86012340000A", "99912345678Z"])
def test_a_upn_carries_its_check_letter(twelve: str) -> None:
    upn = check_letter(twelve) + twelve
    checked = read_upn(f" {upn.lower()} ")
    assert checked.value == upn
    assert ("temporary-upn" in checked.flags) == twelve[-1].isalpha()
    wrong = ("B" if upn[0] == "A" else "A") + twelve
    assert "check letter" in read_upn(wrong).reason


def test_a_upn_never_holds_i_o_or_s() -> None:
    for raw in ("I801200001001", "H80120000100O", "H80120000100S", "H8012000010"):
        assert read_upn(raw).quality is Quality.INVALID


@given(st.text(max_size=80) | st.text(alphabet="0123456789ABEILOSZ -+().@~|,;/", max_size=40))
def test_reading_never_raises_and_is_settled_after_once(raw: str) -> None:
    for read in READERS:
        checked: Checked[object] = read(raw)
        assert (checked.value is not None) == (checked.quality is Quality.VALID)
        if checked.quality is Quality.INVALID:
            assert checked.reason
        if isinstance(checked.value, str):
            again = read(str(checked.value))
            assert again.value == checked.value


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=30))
def test_a_reason_never_repeats_the_value(word: str) -> None:
    for field, check in Demographics.read(dict.fromkeys(FIELDS, f"{word}9!")).checks().items():
        assert word not in check.reason, field


def test_a_row_of_huge_cells_is_read_at_once() -> None:
    for huge in ("A" * 1_000_000, "1" * 1_000_000, " " * 1_000_000, "~|" * 500_000, ";," * 500_000):
        started = time.perf_counter()
        Demographics.read(dict.fromkeys(FIELDS, huge))
        assert time.perf_counter() - started < 2


def test_an_absent_field_is_not_provided() -> None:
    checks = Demographics.read({}).checks()
    assert set(checks) == set(FIELDS)
    assert {check.quality for check in checks.values()} == {Quality.NOT_PROVIDED}


@pytest.mark.parametrize("code", ["UN1", "un5", " UN10 "])
def test_a_reason_for_an_unknown_upn_is_no_upn(code: str) -> None:
    check = read_upn(code)
    assert (check.value, check.quality) == (None, Quality.NOT_PROVIDED)
    assert check.reason
