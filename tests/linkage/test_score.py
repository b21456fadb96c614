"""Weighing a pair: the number is the one that the model's definition gives."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.linkage.model import STRANGER
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import NOT_KNOWN, Scorer
from tests.linkage.models import small_model

MODEL = small_model()
SCORER = Scorer(MODEL)
PEOPLE = st.builds(
    LinkRecord,
    st.just("s"),
    st.just("1"),
    given=st.sampled_from([None, "", "AMY", "AMI", "BETH"]),
    family=st.sampled_from([None, "SMITH", "LEE"]),
    birth_date=st.sampled_from([None, "2012-03-04", "2013-03-04"]),
    postcodes=st.lists(st.sampled_from(["P1", "P2"]), max_size=2, unique=True).map(tuple),
    phone=st.sampled_from([None, "1", "2"]),
    nhs_numbers=st.lists(st.sampled_from(["N1", "N2"]), max_size=1).map(tuple),
)


@given(PEOPLE, PEOPLE)
def test_the_weight_is_the_log_odds_against_all_doubts_together(one, other):
    weighed = SCORER.weigh(one, other)
    odds_against = 0.0
    for doubt in MODEL.doubts:
        bits = MODEL.prior_bits(doubt)
        for comparison, level in zip(MODEL.comparisons, weighed.levels, strict=True):
            if level == NOT_KNOWN:
                continue
            chosen = comparison.levels[level]
            against = chosen.doubts[doubt]
            if chosen.rarity and doubt == STRANGER:
                shares = MODEL.shares["given"]
                against = shares.get(one.given, shares[""])
            bits += math.log2(chosen.match / against)
        odds_against += 2.0**-bits
    assert weighed.weight == pytest.approx(-math.log2(odds_against), abs=1e-9)
    assert weighed == SCORER.weigh(other, one)


def test_what_is_not_known_on_either_side_is_no_evidence():
    full = LinkRecord("s", "1", given="AMY", family="SMITH", birth_date="2012-03-04", phone="1")
    for column in ("given", "family", "birth_date", "phone"):
        without = full._replace(**{column: None})
        at = [c.name.replace(" ", "_") for c in MODEL.comparisons].index(column)
        assert SCORER.weigh(full, without).levels[at] == NOT_KNOWN
        assert SCORER.weigh(without, full).levels[at] == NOT_KNOWN
        assert SCORER.weigh(full, full).levels[at] == 0


def test_the_first_level_that_holds_counts():
    one = LinkRecord("s", "1", given="AMY")
    levels = [
        SCORER.weigh(one, one._replace(given=name)).levels[0] for name in ("AMY", "AMYA", "X")
    ]
    assert levels == [0, 1, 2]
