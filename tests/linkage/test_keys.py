"""Keys: two records share one exactly when a blocking rule holds between them."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.linkage.keys import key_maker, process_keys
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

BLOCK = (
    ("given",),
    ("family",),
    ("given", "family"),
    ("birth_day", "given"),
    ("birth_date", "postcodes"),
    ("homes", "postcodes", "gender"),
    ("upns",),
    ("nhs_numbers", "nhs_numbers"),
)
# Few values, some of them awkward, so that records often agree; "1 A" could be read as "1" and "A".
VALUES = st.sampled_from(["A", "B", "A A", "1 A", "1", "0", "é", "'", "\n"])
MAYBE = st.none() | VALUES
LISTS = st.lists(VALUES, max_size=3).map(tuple)


def records() -> st.SearchStrategy[LinkRecord]:
    columns = {name: LISTS if name in LIST_COLUMNS else MAYBE for name in LinkRecord._fields[2:]}
    columns["birth_day"] = st.none() | st.integers(-1, 1)
    return st.builds(LinkRecord, st.just("s"), st.just("1"), **columns)


def holds(rule: tuple[str, ...], one: LinkRecord, other: LinkRecord) -> bool:
    for column in rule:
        mine, theirs = getattr(one, column), getattr(other, column)
        if column in LIST_COLUMNS:
            if not set(mine) & set(theirs):
                return False
        elif mine is None or mine != theirs:
            return False
    return True


@given(records(), records())
def test_two_records_share_a_key_exactly_when_they_share_a_rules_columns(one, other):
    for rule in BLOCK:
        make = key_maker((rule,))
        assert bool(set(make(one)) & set(make(other))) == holds(rule, one, other), rule
    make = key_maker(BLOCK)
    shared = set(make(one)) & set(make(other))
    assert bool(shared) == any(holds(rule, one, other) for rule in BLOCK)


@given(records())
def test_keys_are_distinct_and_fit_a_column_of_eight_bytes(record):
    keys = key_maker(BLOCK)(record)
    assert len(set(keys)) == len(keys)
    assert all(-(2**63) <= key < 2**63 for key in keys)


@given(records(), records())
def test_the_keys_of_one_process_say_the_same(one, other):
    pairs = [
        (kept, quick)
        for record in (one, other)
        for kept, quick in zip(key_maker(BLOCK)(record), process_keys(BLOCK)(record), strict=True)
    ]
    assert len({kept for kept, _ in pairs}) == len({quick for _, quick in pairs}) == len(set(pairs))


def test_one_key_for_each_combination_of_lists():
    record = LinkRecord("s", "1", gender="male", homes=("h1", "h2"), postcodes=("p1", "p2", "p3"))
    assert len(key_maker((("homes", "postcodes", "gender"),))(record)) == 6
    assert key_maker((("homes", "postcodes", "given"),))(record) == ()


@pytest.mark.parametrize("seed", ["0", "1"])
def test_keys_are_the_same_in_every_run_and_release(seed):
    """They are kept in a database: another value would lose every record in it."""
    code = (
        "from joinedup.linkage.keys import key_maker; from joinedup.linkage.record import *;"
        "r = LinkRecord('s', '1', given='AMY', birth_date='2012-03-04');"
        "print(*key_maker((('birth_date', 'given'), ('given',)))(r))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["931584422095983392", "7572275961445517884"]
