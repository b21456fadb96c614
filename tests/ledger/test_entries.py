"""What of an entry is open, what is sealed, and that its hash is always the same."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.ledger.canonical import canonical
from joinedup.ledger.entry import SEALED, Entry, read_content
from joinedup.ledger.seal import Keys, SealError, commitment, content_of, seal, unseal

ID = UUID("6f1c9b1e-8f0e-4c67-9d9a-0c1a2b3c4d5e")
AT = datetime(2026, 11, 23, 5, 0, 0, 123, tzinfo=UTC)
KEYS = Keys(b"k" * 32)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(
        st.characters(exclude_categories=["Cs"])
    ),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(codec="ascii")), inner
    ),
    max_leaves=12,
)  # fmt: skip


@given(PLAIN)
def test_canonical_json_reads_back_and_is_one_text_whatever_the_order(value):
    written = canonical(value)
    assert json.loads(written) == value
    assert b"\n" not in written
    if isinstance(value, dict):
        assert canonical(dict(reversed(value.items()))) == written


def test_canonical_json_is_that_of_rfc_8785():
    """The string of RFC 8785 section 3.2.2.2, and its rule of order for ASCII names."""
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False], "1": 1, "\r": 0}
    expected = (
        '{"\\r":0,"1":1,"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [1.5, 2**53, {"é": 1}, {1: 1}, b"bytes", {"a": {1}}])
def test_what_has_no_one_form_is_refused(value):
    with pytest.raises(ValueError, match=r"form|reader|ASCII"):
        canonical(value)


def test_half_a_character_does_not_stop_an_entry():
    entry = Entry(AT, "record.find", "allowed", purpose="\ud800", reason="\udfff")
    assert b"?" in entry.content(ID, None)
    assert b"?" in entry.personal_part()


PERSONAL = {
    "subject": "9990000018", "reason": "Amy Smith was seen in Leeds", "case_reference": "C-4711",
    "person": "person-77", "relationship": "caseload",
}  # fmt: skip


def test_nothing_personal_is_in_the_log():
    entry = Entry(AT, "record.find", "allowed", others=("9990000026",), **PERSONAL)
    assert set(PERSONAL) == set(SEALED)
    content = entry.content(ID, b"c" * 32)
    for text in (*PERSONAL.values(), "9990000026"):
        assert text.encode() not in content
    assert set(json.loads(entry.personal_part())) == set(SEALED)


def test_every_open_fact_is_in_the_log():
    """A field that is added to an entry is either open, or sealed, or told apart here."""
    told = read_content(Entry(AT, "a", "b").content(ID, None))
    assert {each.name for each in fields(Entry)} - set(SEALED) - {"others"} <= set(told)


def test_the_same_moment_is_the_same_content():
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    assert Entry(AT, "a", "b").content(ID, None) == Entry(elsewhere, "a", "b").content(ID, None)


def test_another_version_is_not_misread():
    with pytest.raises(ValueError, match="version"):
        read_content(b'{"v":2}')


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_for_its_entry_and_its_key_alone(content):
    key, other = b"a" * 32, b"b" * 32
    sealed = seal(key, content, b"entry 1")
    opening = unseal(key, sealed.box, b"entry 1")
    assert content_of(opening) == content
    assert commitment(opening) == sealed.commitment
    for wrong in ((other, sealed.box, b"entry 1"), (key, sealed.box, b"entry 2")):
        with pytest.raises(SealError):
            unseal(*wrong)
    with pytest.raises(SealError):
        unseal(key, sealed.box[:-1], b"entry 1")


def test_a_commitment_says_nothing_about_what_is_easily_guessed():
    one, other = (seal(b"a" * 32, b"9990000018", b"entry").commitment for _ in range(2))
    assert one != other


def test_an_index_needs_the_secret_and_tells_kinds_apart():
    assert KEYS.index("subject", "9990000018") == Keys(b"k" * 32).index("subject", "9990000018")
    assert KEYS.index("subject", "9990000018") != Keys(b"l" * 32).index("subject", "9990000018")
    assert KEYS.index("subject", "7") != KEYS.index("person", "7")


def test_a_wrapped_key_is_bound_to_its_subject():
    wrapped = KEYS.wrap(b"s" * 32, b"one")
    assert KEYS.unwrap(wrapped, b"one") == b"s" * 32
    for keys, index in ((KEYS, b"other"), (Keys(b"l" * 32), b"one")):
        with pytest.raises(SealError):
            keys.unwrap(wrapped, index)
    with pytest.raises(ValueError, match="32"):
        Keys(b"short")
