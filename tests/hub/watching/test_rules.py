"""The rules over looks: what each finds, what it leaves alone, and all of them over worlds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from benchmarks.watching_worlds import PATTERNS, measure
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.judging import judge
from joinedup.hub.watching.rules import RulesError, read, shipped
from joinedup.hub.watching.signs import SIGNS

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


def look(number=0, *, days=0, minutes=0, person="pat", **facts) -> Access:
    known = {"child": f"child-{number}", "worked": True, "organisation": "LA", "role": "nurse"}
    at = MONDAY + timedelta(days=days, minutes=minutes)
    return Access(
        facts.pop("id", (person, number, days, minutes)), at, person, **{**known, **facts}
    )


def codes(*looks):
    return {finding.rule for finding in judge(looks, shipped())}


def test_every_pattern_is_found_in_few_looks():
    """Two of the fifty worlds that `benchmarks/watching.py` measures."""
    found = measure(0)
    found.add(measure(1))
    assert found.recall >= 0.9
    assert found.flagged <= 0.0115 * found.looks, "the limit of 1 % holds over fifty worlds"
    assert len(PATTERNS) == 20


@pytest.mark.parametrize(
    ("near", "rule"),
    [("own-postcode", "own-home"), ("own-child", "own-child")],
)
def test_ones_own_is_asked_about_even_when_work_followed(near, rule):
    assert codes(look(near=frozenset({near}))) == {rule}


@pytest.mark.parametrize("near", ["own-surname", "colleague-home", "colleague-child"])
def test_a_chance_likeness_is_asked_about_when_no_work_followed(near):
    alike = look(near=frozenset({near}))
    assert codes(alike) == set()
    assert codes(replace(alike, worked=None)) == set()
    assert codes(replace(alike, worked=False))


def test_a_sweep_is_found_across_days_and_random_numbers_are_not():
    slow = [look(n, days=n // 2, minutes=n, place=1_000_000 + 2 * n, child="") for n in range(20)]
    apart = [look(n, days=n // 2, minutes=n, place=1_000_000 + 4 * n) for n in range(20)]
    assert "sweep" in codes(*slow)
    assert "sweep" not in codes(*apart)
    assert "sweep" not in codes(*(replace(each, place=5) for each in slow))


def test_a_colleagues_case_used_for_another_child():
    theirs = [look(1, person="sam", minutes=n, case="C-1", child="x") for n in range(4)]
    mine = look(2, case="C-1", child="y", worked=False)
    sibling = look(3, case="C-1", child="x", worked=False)
    assert codes(*theirs, mine) == {"another-case"}
    assert codes(*theirs, sibling) == set()


def test_night_is_unusual_for_who_works_by_day_alone():
    day = [look(n, days=n % 5, minutes=n) for n in range(40)]
    night = look(99, days=7, minutes=15 * 60, worked=False)
    nights = [replace(each, at=each.at + timedelta(hours=13), id=n) for n, each in enumerate(day)]
    assert codes(*day, night) == {"out-of-hours"}
    assert "out-of-hours" not in codes(*nights, night)


def test_an_account_that_wakes_up():
    assert codes(look(1), look(2, days=50, worked=False)) == {"dormant"}
    assert codes(look(1), look(2, days=40, worked=False)) == set()


LOOKS = st.builds(
    lambda number, minutes, person, worked, found, place: look(
        number, minutes=minutes, person=person, worked=worked, found=found, place=place,
        child=f"c{number}" if found else "", id=(number, minutes, person),
    ),
    st.integers(0, 30), st.integers(0, 60 * 24 * 30), st.sampled_from("abc"),
    st.sampled_from([True, False, None]), st.booleans(), st.none() | st.integers(0, 200),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(LOOKS, max_size=60, unique_by=lambda each: each.id), st.randoms())
def test_the_order_in_which_looks_come_changes_nothing(looks, chance):
    expected = judge(looks, shipped())
    chance.shuffle(looks)
    assert judge(looks, shipped()) == expected
    ids = {each.id for each in looks}
    for finding in expected:
        assert set(finding.looks) <= ids
        assert len(set(finding.looks)) == len(finding.looks)


def test_a_rule_with_a_wrong_sign_is_refused():
    from joinedup.hub.watching.rules import FILE

    text = FILE.read_text("utf-8")
    for wrong, said in (
        (text.replace('"own-child"]', '"own-chlid"]'), "own-chlid"),
        (text.replace("dormant_days", "dormant_weeks"), "dormant_weeks"),
        (text + "\n[[rule", "cannot be read"),
    ):
        with pytest.raises(RulesError, match=said):
            read(wrong)


def test_every_sign_is_used_and_every_rule_says_why():
    rules = shipped().rules
    assert {sign for rule in rules for sign in rule.signs} == set(SIGNS)
    assert all(rule.words.endswith(".") for rule in rules)


def test_the_rules_know_nothing_of_django():
    import pathlib

    import joinedup.hub.watching as package

    folder = pathlib.Path(package.__file__).parent
    pure = [*folder.glob("signs/*.py"), *(folder / f"{n}.py" for n in
            ("access", "limits", "rules", "judging"))]  # fmt: skip
    assert len(pure) > 8
    named = [path.name for path in pure if "import django" in (text := path.read_text("utf-8"))
             or "from django" in text]  # fmt: skip
    assert not named
