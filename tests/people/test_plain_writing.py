"""What is read at once because it is plainly written is read as with all care."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from joinedup.people import address, names, placeholders, postcode

_WORDS = """
    Amy AMY Anne-Marie O'Neil McDonald MCDONALD Mr MISS Junior Senior Doctor Baby BABIES Twin
    Twins One II Unknown UNKNOWN Not Known Test Null None Na NA Aka AKA Now Called
    Nee Also Xxx XXX Aa AA AJ Jo JO J Zoë Surname Name No Child Boy
"""
WORDS = st.sampled_from(_WORDS.split()) | st.sampled_from(
    sorted(placeholders.placeholder_words())
).flatmap(lambda word: st.sampled_from([word, word.capitalize()]))
NAMES = st.lists(WORDS, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([" ", "-", "  ", ", "]).map(lambda between: between.join(words))
)


@given(NAMES, st.sampled_from(["given", "family"]))
@settings(max_examples=500, deadline=None)
@example("A" * 36, "family")
@example("Mcdonald", "family")
def test_names(raw: str, field: str) -> None:
    assert names._read.__wrapped__(raw, field) == names._read_with_care(raw, field)


def test_a_plain_name_is_read_at_once() -> None:
    assert all(
        names._PLAINLY.fullmatch(name) and names._means_more().isdisjoint(name.upper().split())
        for name in ("Amy", "SMITH", "Sophie Erin", "Anne-Marie")
    )


LETTERS = st.sampled_from("ABCEIKLMOSVWZ")
DIGITS = st.sampled_from("0129")


@given(
    st.lists(LETTERS | DIGITS | st.just(" "), min_size=5, max_size=9).map("".join)
    | st.sampled_from(["ZZ99 3VZ", "LS1 4AB", "LS01 4AB", "EC1A 1BB", "W1A 0AX", "LS1 4CB"])
)
@settings(max_examples=500, deadline=None)
def test_postcodes(raw: str) -> None:
    assert postcode._read.__wrapped__(raw) == postcode._read_with_care(raw)


LINES = st.sampled_from(
    """
    36 Tower Road|Flat 6|Flat 6B|7A St Johns Rd|Garden Flat|12 Garden Flat|3 Farm Close|Rose Court
    |4 Flat Lane|1 Unit Way|5 Plot Ab|Luton|Stoke-on-Trent|St Albans|09 Hill Rd|2 A Road|1/2|Flat A
    |3 Room Ground Floor Flat|12 To Let Street|4 First Floor Flat
    """.replace("\n", "").split("|")
).map(str.strip)
CODES = st.sampled_from(["LE1 0ET", "LE1 0CT", "ZZ99 3VZ", "le1 0et", "LE10ET", "QQ1 1AA"])


@given(st.sampled_from(["1", "22", "x"]), st.lists(LINES, max_size=4), CODES)
@settings(max_examples=500, deadline=None)
def test_addresses(number: str, lines: list[str], code: str) -> None:
    record = "~".join((number, *lines, code))
    at_once = address._regular_address(record)
    assert at_once is None or at_once == address._any_tilde_address(record)


def test_a_plain_address_is_read_at_once() -> None:
    for record in ("1~36 Tower Road~Luton~Beds~LE1 0ET", "2~Flat 6~1 Rook Drive~Luton~LE1 0ET"):
        assert address._regular_address(record) is not None
