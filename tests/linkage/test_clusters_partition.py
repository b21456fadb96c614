"""Dividing a few records into children: never worse than trying every way."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.linkage.partition import APART, EXACT, Graph, agglomerate, divide, exact

LEAST = 4.2


@st.composite
def weights(draw: st.DrawFn, most: int, least: int = 1) -> tuple[int, dict]:
    size = draw(st.integers(least, most))
    weight = st.one_of(st.floats(-30, 30), st.sampled_from([APART, 0.0, LEAST, 10.0, 10.0, -10.0]))
    return size, {pair: draw(weight) for pair in combinations(range(size), 2)}


def graph(size: int, known: dict) -> Graph:
    near = [
        [other for other in range(size) if known.get((min(a, other), max(a, other)), -1) > 0]
        for a in range(size)
    ]
    return Graph(size, near, lambda one, other: known[one, other])


def value(groups, known: dict) -> float:
    return sum(known[pair] for group in groups for pair in combinations(sorted(group), 2))


def every_division(records: list[int]):
    if not records:
        yield []
        return
    first, *rest = records
    for division in every_division(rest):
        yield [[first], *division]
        for at in range(len(division)):
            yield [*division[:at], [first, *division[at]], *division[at + 1 :]]


@given(weights(6))
@settings(max_examples=80, deadline=None)
def test_no_other_division_is_better(drawn) -> None:
    size, known = drawn
    found = exact(graph(size, known), range(size))
    assert sorted(record for group in found for record in group) == list(range(size))
    best = max(value(division, known) for division in every_division(list(range(size))))
    assert abs(value(found, known) - best) < 1e-6


@given(weights(7))
@settings(max_examples=80, deadline=None)
def test_nothing_that_cannot_be_is_joined_and_nothing_is_lost(drawn) -> None:
    size, known = drawn
    groups, contests = divide(graph(size, known), LEAST)
    assert sorted(record for group in groups for record in group) == list(range(size))
    for group in groups:
        assert all(known[pair] != APART for pair in combinations(sorted(group), 2))
    for contest in contests:
        assert (contest.record,) in groups
        assert contest.chance < 0.95


@given(weights(7), st.data())
@settings(max_examples=80, deadline=None)
def test_the_order_of_records_makes_no_difference(drawn, data) -> None:
    """Up to ties: sums that are equal may be reached in more than one way."""
    size, known = drawn
    known = {pair: w + 0.01 * at * at for at, (pair, w) in enumerate(known.items())}
    order = data.draw(st.permutations(range(size)))
    turned = {(min(order[a], order[b]), max(order[a], order[b])): w for (a, b), w in known.items()}
    plain, _ = divide(graph(size, known), LEAST)
    other, _ = divide(graph(size, turned), LEAST)
    assert abs(value(plain, known) - value(other, turned)) < 1e-6


@given(weights(14, EXACT + 1))
@settings(max_examples=30, deadline=None)
def test_many_records_are_divided_soundly(drawn) -> None:
    size, known = drawn
    found = agglomerate(graph(size, known), range(size))
    assert sorted(record for group in found for record in group) == list(range(size))
    assert value(found, known) >= 0
    for group in found:
        assert all(known[pair] != APART for pair in combinations(sorted(group), 2))
        for record in group:  # no record would be better off alone
            rest = [other for other in group if other != record]
            assert value([group], known) >= value([rest], known) - 1e-6


@given(weights(7))
@settings(max_examples=100, deadline=None)
def test_a_group_is_held_by_pairs_at_the_threshold(drawn) -> None:
    size, known = drawn
    for group in divide(graph(size, known), LEAST)[0]:
        reached = {group[0]}
        for _ in group:
            reached |= {
                b for a in reached for b in group if known.get((min(a, b), max(a, b)), -1) >= LEAST
            }
        assert reached == set(group)


def test_many_records_of_two_children_are_two_children() -> None:
    """Twelve records of one twin, twelve of the other: the chain between them is cut."""
    size = 24
    known = {(a, b): 15.0 if a // 12 == b // 12 else -20.0 for a, b in combinations(range(size), 2)}
    known[11, 12] = 9.0
    groups, contests = divide(graph(size, known), LEAST)
    assert groups == [tuple(range(12)), tuple(range(12, 24))]
    assert contests == []


def test_a_record_between_twins_goes_to_the_clearly_better_side() -> None:
    groups, contests = divide(graph(3, {(0, 1): 18.0, (1, 2): 6.0, (0, 2): APART}), LEAST)
    assert groups == [(0, 1), (2,)]
    assert contests == []


def test_a_record_that_fits_both_twins_alike_is_left_alone() -> None:
    groups, (contest,) = divide(graph(3, {(0, 1): 10.0, (1, 2): 9.0, (0, 2): APART}), LEAST)
    assert groups == [(0,), (1,), (2,)]
    assert contest.record == 1
    assert contest.group == (0, 1)
    assert contest.rivals == ((2,),)
    assert round(contest.chance, 2) == 0.67


def test_a_rival_too_weak_to_be_joined_still_takes_away_certainty() -> None:
    """At 5 bits it would be joined; with a twin at 3 bits it is more likely than not, no more."""
    alone, _ = divide(graph(2, {(0, 1): 5.0}), LEAST)
    assert alone == [(0, 1)]
    groups, (contest,) = divide(graph(3, {(0, 1): 5.0, (1, 2): 3.0, (0, 2): -20.0}), LEAST)
    assert groups == [(0,), (1,), (2,)]
    assert contest.record == 1


def test_a_rival_that_may_be_the_same_child_is_none() -> None:
    """Old and new details that do not meet are joined by the record that has both."""
    groups, contests = divide(graph(3, {(0, 1): 14.0, (1, 2): 13.0, (0, 2): -8.0}), LEAST)
    assert groups == [(0, 1, 2)]
    assert contests == []


def test_a_group_falls_into_the_halves_that_do_not_fit_as_groups() -> None:
    """Four pairs agree across; counted once, what they agree in is not enough."""
    known = {(0, 1): 13.0, (2, 3): 13.0, (0, 2): -2.0, (1, 3): 0.0, (0, 3): 6.0, (1, 2): 6.0}
    plain = graph(4, known)
    assert divide(plain, LEAST)[0] == [(0, 1, 2, 3)]

    def together(some, others) -> float:
        return -4.0 if {*some} in ({0, 1}, {2, 3}) else 9.0

    careful = Graph(4, plain.near, plain.weigh, together)
    groups, _ = divide(careful, LEAST)
    assert groups == [(0, 1), (2, 3)]
