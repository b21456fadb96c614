"""Nothing is lost in the merge, its order is stable, and what differs is shown."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.chronology.fields import Nature, described, without_place
from joinedup.chronology.merging import Certainty, merge
from joinedup.chronology.statement import Fetched, statements
from joinedup.standards.schemas import RECORD_TYPES, example, schema, validate
from tests.chronology.records import NOON, care, fetched, hospital, police, record, school, who

DAYS = st.dates(date(2020, 1, 1), date(2026, 11, 23)).map(date.isoformat)
WORDS = st.sampled_from(["Fall", "fall ", "Ear ache", "Überfall", "—"])
EVENTS = st.lists(st.tuples(DAYS, WORDS), max_size=4)


@st.composite
def one_record(draw) -> Fetched:
    custodian = draw(st.sampled_from(["A", "B", "C"]))
    kind = draw(st.sampled_from(["police", "health", "who", "care"]))
    events = draw(EVENTS)
    if kind == "police":
        made = police(custodian, *(day for day, _ in events), servicesKnownTo=["Police"])
    elif kind == "health":
        seen = [{"date": day, "reason": words} for day, words in events]
        made = fetched(
            custodian, "health.details",
            {"registeredGP": draw(WORDS), "emergencyDepartmentAttendances": seen},
        )  # fmt: skip
    elif kind == "care":
        made = care(custodian, *events)
    else:
        made = who(custodian, firstName=draw(WORDS), dateOfBirth=draw(DAYS))
    minutes = draw(st.integers(0, 3))
    return Fetched(
        made.key, made.record, custodian, made.custodian_name, NOON + timedelta(minutes=minutes)
    )


RECORDS = st.lists(one_record(), max_size=8)


def all_said(chronology):
    return [one for entry in (*chronology.entries, *chronology.details) for one in entry.said]


@given(RECORDS)
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost_and_nothing_is_added(records):
    """Every field of every record is said once, by its own source; an older version is listed."""
    merged = merge(records)
    said = all_said(merged)
    kept = [each for each in records if each not in merged.replaced]
    assert {each.key for each in kept} == {each.key for each in records}
    expected = {
        (each.key, str(name), index)
        for each in kept
        for name, value in each.record["payload"].items()
        for index in (
            range(len(value))
            if name in described()[each.record["recordType"]].events and isinstance(value, list)
            else [None]
        )
    }
    found = [
        (one.source.key, str(one.place[0]), one.place[1] if one.place[1:] else None) for one in said
    ]
    assert sorted(map(str, found)) == sorted(map(str, expected))
    for one in said:
        source = next(each for each in kept if each.key == one.source.key)
        value = source.record["payload"][one.place[0]]
        for step in one.place[1:]:
            value = value[step]
        assert dict(one.facts) == (
            value if isinstance(value, dict) and one.when else {one.place[0]: value}
        )


@given(RECORDS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_input_makes_no_difference(records, random):
    mixed = [*records]
    random.shuffle(mixed)
    once, again = merge(records), merge(mixed)
    assert once == again


@given(RECORDS)
@settings(max_examples=100, deadline=None)
def test_the_newest_comes_first_and_more_records_do_not_reorder_the_rest(records):
    days = [entry.when.last for entry in merge(records).entries]
    assert days == sorted(days, reverse=True)
    before = [(e.kind, e.text, e.when) for e in merge(records[:-1]).entries]
    after = [(e.kind, e.text, e.when) for e in merge(records).entries]
    if records and records[-1].key not in {each.key for each in records[:-1]}:
        kept = [each for each in after if each in before]
        assert kept == [each for each in before if each in after]


def values_of(value):
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in values_of(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in values_of(each)]
    return [value]


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_every_field_of_every_schema_is_described(record_type):
    known = described()[record_type]
    fields = schema(record_type)["properties"]
    assert set(fields) == {*known.details, *known.events}
    shown = list(statements(Fetched("k", example(record_type), "A", "Agency A", NOON)))
    text = " ".join(f"{one.label} {one.text} {one.when}" for one in shown).casefold()
    for value in values_of(example(record_type)["payload"]):
        if isinstance(value, str) and not value[:4].isdigit():
            assert value.casefold() in text


def test_what_two_agencies_say_alike_is_one_entry_with_both():
    merged = merge([police("A", "2026-10-30"), police("B", "2026-10-30")])
    [entry] = merged.entries
    assert entry.certainty is Certainty.AGREED
    assert [one.source.custodian for one in entry.said] == ["A", "B"]


def test_two_dates_of_what_may_be_one_event_are_both_shown():
    merged = merge(
        [
            police("A", "2026-10-30"),
            police(
                "B",
                "2026-10-31",
            ),
        ]
    )
    assert [entry.when.first.day for entry in merged.entries] == [31, 30]
    assert {entry.certainty for entry in merged.entries} == {Certainty.DIFFERS}
    [difference] = merged.differences
    assert difference.is_event
    assert difference.about == "Reported missing"
    far = merge([police("A", "2026-10-30"), police("B", "2026-11-10")])
    assert not far.differences
    alone = merge([police("A", "2026-10-30", "2026-10-31")])
    assert not alone.differences


def test_different_birth_dates_and_addresses_stand_side_by_side():
    address = {"line1": "1 Sample Street", "postcode": "LS1 4AP"}
    merged = merge(
        [
            who("A", address=address),
            who("B", dateOfBirth="2014-03-28", address={**address, "line1": "1 SAMPLE STREET"}),
            who("C", address={"line1": "9 Other Road", "postcode": "LS6 2AB"}),
        ]
    )
    found = {each.about: each for each in merged.differences}
    assert set(found) == {"Date of birth", "Address"}
    assert [entry.text for entry in found["Date of birth"].entries] == [
        "27 March 2014", "28 March 2014",
    ]  # fmt: skip
    by = [[one.source.custodian for one in entry.said] for entry in found["Address"].entries]
    assert sorted(map(sorted, by)) == [["A", "B"], ["C"]]


def test_a_record_given_again_takes_the_earlier_ones_place_and_says_so():
    old = who("A")
    corrected = record("personal.details", {"lastName": "T", "dateOfBirth": "2014-03-28"})
    new = Fetched(old.key, corrected, "A", "Agency A", NOON + timedelta(hours=1))
    merged = merge([new, old])
    assert merged.replaced == (old,)
    assert not merged.differences
    assert [e.text for e in merged.details if e.kind == "dateOfBirth"] == ["28 March 2014"]


def test_fact_opinion_and_what_was_told_are_kept_apart():
    risks = [{"date": "2026-10-22", "riskType": "CriminalExploitation"}]
    merged = merge(
        [police("A", "2026-10-30", linkedCrimeRisks=risks), hospital("B", seen=["2026-06-12"])]
    )
    natures = {one.kind: one.nature for one in all_said(merged)}
    assert natures["missing"] is Nature.FACT
    assert natures["exploitation-risk"] is Nature.OPINION
    assert natures["emergency-department"] is Nature.REPORTED


def test_codes_are_told_in_words_where_there_are_words():
    titles = {"health.details/setting": {"Hospital": "In hospital"}}
    [entry] = merge([hospital("A", missed=["2026-01-24"])], titles).entries
    assert entry.text == "In hospital"


def test_a_masked_agency_is_only_itself_and_is_not_named():
    one, two = police("A", "2026-10-30"), police("B", "2026-10-30")
    masked = [Fetched(each.key, each.record, "", "Not shown", NOON) for each in (one, two)]
    [entry] = merge(masked).entries
    assert entry.certainty is Certainty.AGREED
    assert {each.source.custodian_name for each in entry.said} == {"Not shown"}


@pytest.mark.parametrize("record_type", RECORD_TYPES)
def test_without_place_nothing_tells_where_the_child_is(record_type):
    bare = without_place(example(record_type))
    text = str(bare["payload"])
    for value in ("LS1", "Exampleton", "0113", "Street", "Academy", "Surgery", "Patel", "Grace"):
        assert value not in text
    assert not {"contactDetails", "recordLinks", "sourceSystem"} & bare.keys()


def test_a_field_that_is_new_is_told_as_it_came_and_withheld_with_the_place():
    new = record("health.details", {"newField": "Something"})
    assert validate(new)
    [one] = statements(Fetched("k", new, "A", "Agency A", NOON))
    assert (one.label, one.text) == ("newField", "Something")
    assert without_place(new)["payload"] == {}


def test_a_school_year_has_its_own_dates():
    [entry] = merge([school("A", y2024=71.5)]).entries
    assert (entry.when.first, entry.when.last) == (date(2024, 9, 1), date(2025, 8, 31))
    assert entry.text == "attended 71.5 %"
