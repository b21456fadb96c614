"""Clusters of records: nothing lost, nothing joined that cannot be, every cut explained."""

from itertools import combinations, product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.linkage.clusters import Clusters, resolve
from joinedup.linkage.components import components, weakest_support
from joinedup.linkage.constraints import ConstraintError, Constraints, Reason, Ref, pair
from joinedup.linkage.model import Model
from joinedup.linkage.places import RecordsError
from joinedup.linkage.prepare import to_table
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer, Weighed

SOURCES = ("care", "health", "schools")


class Fixed:
    """A scorer that has the weight of every pair written down; the rest differ."""

    def __init__(self, weights: dict) -> None:
        self.weights = weights
        self.asked: list = []

    def weigh(self, one: LinkRecord, other: LinkRecord) -> Weighed:
        key = pair(Ref(one.source, one.id), Ref(other.source, other.id))
        self.asked.append(key)
        weight = self.weights.get(key, -20.0)
        return Weighed(weight, (round(1000 - weight),))

    def weigh_levels(self, levels: tuple, holders: object) -> float:
        """One kind of evidence: of two groups, the pair that fits best."""
        return 1000.0 - levels[0]


def pairs_table(weights: dict) -> pa.Table:
    rows = [(*a, *b, float(w)) for (a, b), w in weights.items()]
    names = ["source_l", "id_l", "source_r", "id_r", "match_weight"]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    types = [pa.string()] * 4 + [pa.float64()]
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names)


def run(records: list, weights: dict, constraints: Constraints | None = None, **also) -> Clusters:
    """``weights`` above 0 are the candidates; the others are only told when asked for."""
    records = [r if isinstance(r, LinkRecord) else LinkRecord(*r) for r in records]
    weights = {pair(Ref(*a), Ref(*b)): w for (a, b), w in weights.items()}
    listed = {key: w for key, w in weights.items() if w > 0}
    return resolve(
        to_table(records),
        pairs_table(listed),
        constraints or Constraints(),
        scorer=also.pop("scorer", Fixed(weights)),
        **also,
    )


def groups(clusters: Clusters) -> set[frozenset]:
    found: dict[str, set] = {}
    for row in clusters.table.to_pylist():
        found.setdefault(row["cluster_id"], set()).add((row["source"], row["id"]))
    return {frozenset(group) for group in found.values()}


A, B, C, D = ("care", "1"), ("health", "1"), ("schools", "1"), ("schools", "2")


@st.composite
def worlds(draw: st.DrawFn):
    refs = draw(
        st.lists(
            st.builds(Ref, st.sampled_from(SOURCES), st.sampled_from("1234")),
            min_size=1, max_size=6, unique=True,
        )
    )  # fmt: skip
    every = [pair(a, b) for a, b in combinations(refs, 2)]
    weights = {key: draw(st.floats(-25, 25)) for key in every}
    chosen = st.frozensets(st.sampled_from(every), max_size=3) if every else st.just(frozenset())
    cannot = draw(chosen)
    one_each = draw(st.frozensets(st.sampled_from(SOURCES), max_size=2))
    return refs, weights, Constraints(one_each=one_each, cannot_link=cannot)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_every_record_is_in_one_cluster_and_no_rule_is_broken(world) -> None:
    refs, weights, constraints = world
    clusters = run(refs, weights, constraints)
    table = clusters.table.to_pylist()
    assert [(row["source"], row["id"]) for row in table] == sorted(refs)
    for group in groups(clusters):
        members = sorted(Ref(*each) for each in group)
        assert {row["cluster_id"] for row in table if Ref(row["source"], row["id"]) in members} == {
            f"{members[0].source}/{members[0].id}"
        }
        for a, b in combinations(members, 2):
            assert pair(a, b) not in constraints.cannot_link
            assert a.source != b.source or a.source not in constraints.one_each


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_every_likely_pair_is_a_link_or_a_cut(world) -> None:
    refs, weights, constraints = world
    clusters = run(refs, weights, constraints)
    likely = {key for key, weight in weights.items() if weight >= np.log2(19)}

    def keys(table: pa.Table) -> set:
        return {
            (Ref(r["source_l"], r["id_l"]), Ref(r["source_r"], r["id_r"]))
            for r in table.to_pylist()
        }

    assert keys(clusters.links) | keys(clusters.cuts) == likely
    assert not keys(clusters.links) & keys(clusters.cuts)
    assert all(row["words"] for row in clusters.cuts.to_pylist())
    assert {r["cluster_id"] for r in clusters.cohesion.to_pylist()} == {
        f"{sorted(group)[0][0]}/{sorted(group)[0][1]}"
        for group in groups(clusters)
        if len(group) > 1
    }


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_input_makes_no_difference(world, rng) -> None:
    refs, weights, constraints = world
    again_refs, items = list(refs), list(weights.items())
    rng.shuffle(again_refs)
    rng.shuffle(items)
    turned = {(b, a) if rng.random() < 0.5 else (a, b): w for (a, b), w in items}
    first, second = run(refs, weights, constraints), run(again_refs, turned, constraints)
    for name in ("table", "links", "cohesion", "cuts", "conflicts"):
        assert getattr(first, name).equals(getattr(second, name)), name


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_what_must_never_be_joined_never_is_whatever_else_is_decided(world, data) -> None:
    """A decision to join beats every rule but the list of what must never be joined."""
    refs, weights, constraints = world
    if len(refs) < 2:
        return
    every = sorted(weights)
    must = data.draw(st.frozensets(st.sampled_from(every), min_size=1, max_size=3))
    decided = Constraints(constraints.one_each, constraints.cannot_link, must)
    try:
        clusters = run(refs, weights, decided)
    except ConstraintError:
        size = len(refs)
        place = {ref: at for at, ref in enumerate(sorted(refs))}
        ends = np.array([[place[a], place[b]] for a, b in must])
        joined = components(size, ends[:, 0], ends[:, 1])
        assert any(joined[place[a]] == joined[place[b]] for a, b in constraints.cannot_link)
        return
    where = {(r["source"], r["id"]): r["cluster_id"] for r in clusters.table.to_pylist()}
    for a, b in must:
        assert where[a] == where[b]
    for a, b in constraints.cannot_link:
        assert where[a] != where[b]


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_pair_put_on_the_list_is_apart(world, data) -> None:
    refs, weights, constraints = world
    if len(refs) < 2:
        return
    more = data.draw(st.sampled_from(sorted(weights)))
    listed = Constraints(constraints.one_each, constraints.cannot_link | {more})
    after = groups(run(refs, weights, listed))
    assert not any({*more} <= {Ref(*each) for each in group} for group in after)
    # What is joined now was worth joining before: only likely pairs hold a cluster together.
    for group in after:
        for one in group:
            assert len(group) == 1 or any(
                weights[pair(Ref(*one), Ref(*other))] >= np.log2(19)
                for other in group
                if other != one
            )


def test_a_million_lonely_records_stay_themselves() -> None:
    size = 1_000_000
    lowest = components(size, np.arange(0, size, 4), np.arange(0, size, 4) + 1)
    assert (lowest[1::4] == np.arange(0, size, 4)).all()
    assert (lowest[2::4] == np.arange(2, size, 4)).all()


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(20_000)
    assert (components(20_000, order[:-1], order[1:]) == 0).all()


# ---------------------------------------------------------------------- the truth about people
def child(source: str, id: str, given: str, **also) -> LinkRecord:
    columns = {"family": "SMITH", "birth_date": "2012-05-04", "birth_day": 15464}
    words = {"given_words": (given,), "given_forms": (given,), "family_forms": ("SMITH",)}
    return LinkRecord(source, id, given=given, **{**columns, **words, **also})


@given(st.dictionaries(st.sampled_from(list(combinations(range(7), 2))), st.integers(1, 9)))
def test_a_cluster_comes_apart_at_its_cohesion(weights: dict) -> None:
    left, right = (np.array([pair[end] for pair in weights], np.int64) for end in (0, 1))
    weight = np.array(list(weights.values()), float)
    cluster = components(7, left, right)[left]
    for name, cohesion in weakest_support(cluster, left, right, weight).items():
        inside = components(7, left, right) == name
        held, fewer = weight >= cohesion, weight > cohesion
        assert len(set(components(7, left[held], right[held])[inside])) == 1
        assert len(set(components(7, left[fewer], right[fewer])[inside])) > 1


def test_twins_side_by_side_are_not_joined_through_a_third_record() -> None:
    twins = [child("schools", "1", "AMY"), child("schools", "2", "OLIVIA")]
    unnamed = LinkRecord("health", "1", family="SMITH", birth_date="2012-05-04")
    health = ("health", "1")
    clusters = run([*twins, unnamed], {(C, health): 12.0, (D, health): 5.0})
    assert groups(clusters) == {frozenset({C, health}), frozenset({D})}
    (cut,) = clusters.cuts.to_pylist()
    assert cut["reason"] == Reason.SIDE_BY_SIDE
    assert "schools 1 and schools 2 stand side by side" in cut["words"]
    assert cut["match_weight"] == 5.0
    assert clusters.conflicts.num_rows == 0


def test_a_record_that_fits_both_twins_is_a_case_for_a_person() -> None:
    twins = [child("schools", "1", "AMY"), child("schools", "2", "OLIVIA")]
    unnamed = LinkRecord("health", "1", family="SMITH", birth_date="2012-05-04")
    health = ("health", "1")
    clusters = run([*twins, unnamed], {(C, health): 9.0, (D, health): 8.5})
    assert groups(clusters) == {frozenset({C}), frozenset({D}), frozenset({health})}
    (case,) = clusters.conflicts.to_pylist()
    assert case["reason"] == Reason.CONTESTED
    assert [tuple(r.values()) for r in case["records"]] == [health, C, D]
    assert (case["match_weight"], case["against"]) == (9.0, 8.5)
    assert "probability of 59%" in case["words"]
    assert {row["reason"] for row in clusters.cuts.to_pylist()} <= {
        Reason.CONTESTED, Reason.SIDE_BY_SIDE,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (child("schools", "1", "AMELIA"), child("schools", "2", "EMELIA")),
        (
            child("schools", "1", "AMY", given_sound="A500"),
            child("schools", "2", "AMIE", given_sound="A500"),
        ),
        (child("schools", "1", "AMY"), child("schools", "2", "A")),
        (
            child("schools", "1", "AMY", given_words=("AMY", "ROSE")),
            child("schools", "2", "ROSE"),
        ),
        (
            child("schools", "1", "AMY", upns=("A1",)),
            child("schools", "2", "OLIVIA", upns=("A1",)),
        ),
        (child("schools", "1", "AMY"), child("schools", "2", "OLIVIA", birth_date="2013-05-04")),
        (
            child("schools", "1", "AMY"),
            child("schools", "2", "OLIVIA", family="JONES", family_forms=("JONES",)),
        ),
    ],
)
def test_one_child_written_down_twice_is_not_twins(one: LinkRecord, other: LinkRecord) -> None:
    clusters = run([one, other], {(C, D): 12.0})
    assert groups(clusters) == {frozenset({C, D})}


def test_a_source_that_holds_each_child_once_holds_two_children() -> None:
    weights = {(C, D): 15.0, (A, C): 20.0}
    once = Constraints(one_each=frozenset({"schools"}))
    clusters = run([A, C, D], weights, once)
    assert groups(clusters) == {frozenset({A, C}), frozenset({D})}
    (cut,) = clusters.cuts.to_pylist()
    assert cut["words"] == (
        "schools 1 and schools 2 are two records of schools, which holds each child once."
    )
    (case,) = clusters.conflicts.to_pylist()
    assert case["reason"] == Reason.ONE_EACH
    assert groups(run([A, C, D], {**weights, (A, D): 9.0})) == {frozenset({A, C, D})}


def test_two_verified_nhs_numbers_are_two_children_and_a_superseded_one_is_not() -> None:
    def record(ref: tuple[str, str], *numbers: str) -> LinkRecord:
        return LinkRecord(*ref, nhs_numbers=numbers)

    verified = Constraints(
        verified_sources=frozenset({"care"}), verified=frozenset({Ref(*B), Ref("x", "9")})
    )
    two = [record(A, "9990000018"), record(B, "9990000026")]
    clusters = run(two, {(A, B): 25.0}, verified)
    assert groups(clusters) == {frozenset({A}), frozenset({B})}
    assert clusters.conflicts.to_pylist()[0]["reason"] == Reason.VERIFIED
    assert "999" not in clusters.conflicts.to_pylist()[0]["words"]
    old = [record(A, "9990000018"), record(B, "9990000026", "9990000018")]
    assert groups(run(old, {(A, B): 25.0}, verified)) == {frozenset({A, B})}
    held = Constraints(verified_sources=frozenset({"care"}))
    assert groups(run(two, {(A, B): 25.0}, held)) == {frozenset({A, B})}


def test_records_before_and_after_adoption_are_not_shown_together() -> None:
    """The list holds; what a person is shown does not tell which two identities are one child."""
    sealed = Constraints(cannot_link=frozenset({pair(Ref(*A), Ref(*C))}))
    clusters = run([A, B, C], {(A, B): 11.0, (B, C): 11.5}, sealed)
    assert groups(clusters) == {frozenset({A}), frozenset({B}), frozenset({C})}
    (case,) = clusters.conflicts.to_pylist()
    assert [tuple(r.values()) for r in case["records"]] == [B]
    assert "care" not in case["words"]
    assert "schools" not in case["words"]
    clearly = run([A, B, C], {(A, B): 22.0, (B, C): 6.0}, sealed)
    assert groups(clearly) == {frozenset({A, B}), frozenset({C})}
    assert clearly.conflicts.num_rows == 0
    assert clearly.cuts.to_pylist()[0]["reason"] == Reason.CANNOT_LINK


def test_what_a_person_decided_beats_a_rule_and_is_shown_again() -> None:
    decided = Constraints(
        one_each=frozenset({"schools"}), must_link=frozenset({pair(Ref(*C), Ref(*D))})
    )
    clusters = run([A, C, D], {(A, C): 9.0, (C, D): -8.0}, decided)
    assert frozenset({C, D}) <= max(groups(clusters), key=len)
    assert ("schools", "2") in {
        (row["source_r"], row["id_r"]) for row in clusters.links.to_pylist()
    }
    case = next(r for r in clusters.conflicts.to_pylist() if r["reason"] == Reason.DECISION)
    assert "which holds each child once" in case["words"]


def test_decisions_that_contradict_each_other_are_refused() -> None:
    contrary = Constraints(
        cannot_link=frozenset({pair(Ref(*A), Ref(*C))}),
        must_link=frozenset({pair(Ref(*A), Ref(*B)), pair(Ref(*B), Ref(*C))}),
    )
    with pytest.raises(ConstraintError, match=r"care 1 and schools 1 .* Undo one"):
        run([A, B, C], {}, contrary)


def test_a_decision_about_a_record_that_is_not_there_is_said() -> None:
    away = Constraints(cannot_link=frozenset({pair(Ref(*A), Ref("care", "404"))}))
    clusters = run([A, B], {(A, B): 9.0}, away)
    assert clusters.notes == (
        "1 of 1 pairs never to be joined name a record that is not in the files.",
    )


# ---------------------------------------------------------------------- evidence
def test_a_pair_that_was_no_candidate_is_weighed_and_not_assumed() -> None:
    weights = {(A, B): 12.0, (B, C): 11.0, (A, C): -19.0}
    scorer = Fixed({pair(Ref(*a), Ref(*b)): w for (a, b), w in weights.items()})
    clusters = run([A, B, C], weights, scorer=scorer)
    assert (Ref(*A), Ref(*C)) in scorer.asked
    assert frozenset({A, B, C}) not in groups(clusters)
    linked = {(A, B): 12.0, (B, C): 11.0, (A, C): 6.0}
    fits = Fixed({pair(Ref(*a), Ref(*b)): w for (a, b), w in linked.items()})
    listed = {key: w for key, w in linked.items() if key != (A, C)}
    joined = run([A, B, C], listed, scorer=fits)
    assert groups(joined) == {frozenset({A, B, C})}
    assert joined.links.num_rows == 3
    assert joined.cohesion.to_pylist() == [{"cluster_id": "care/1", "records": 3, "cohesion": 11.0}]


def test_two_children_of_one_name_and_birth_date_are_not_joined_by_counting_it_four_times() -> None:
    """Each agency holds both; what tells them apart shows in two of the pairs alone."""

    def amy(source: str, id: str, postcode: str, phone: str, **numbers: tuple[str]) -> LinkRecord:
        where = {"postcode": postcode, "postcodes": (postcode,), "phone": phone}
        return child(source, id, "AMY", family="SMITH", gender="female", **where, **numbers)

    records = [
        amy("health", "1", "LU1 0AA", "1", nhs_numbers=("9990000018",)),
        amy("schools", "1", "LU1 0AA", "1", upns=("A",)),
        amy("health", "2", "LU1 0BB", "2", nhs_numbers=("9990000026",)),
        amy("schools", "2", "LU1 0BB", "2", upns=("B",)),
    ]
    scorer = Scorer(Model.default().with_population(150_000))
    weights = {
        pair(Ref(a.source, a.id), Ref(b.source, b.id)): scorer.weigh(a, b).weight
        for a, b in combinations(records, 2)
    }
    assert weights[Ref("health", "1"), Ref("schools", "2")] > np.log2(19)
    clusters = run(records, weights, scorer=scorer)
    assert groups(clusters) == {
        frozenset({("health", "1"), ("schools", "1")}),
        frozenset({("health", "2"), ("schools", "2")}),
    }
    assert {row["reason"] for row in clusters.cuts.to_pylist()} == {Reason.EVIDENCE}


def test_the_threshold_is_what_a_join_needs() -> None:
    pairs = {(A, B): 6.0}  # a probability of 0.985
    assert groups(run([A, B], pairs)) == {frozenset({A, B})}
    assert groups(run([A, B], pairs, threshold=0.99)) == {frozenset({A}), frozenset({B})}
    with pytest.raises(RecordsError, match=r"0\.5 to below 1"):
        run([A, B], pairs, threshold=1.0)


def test_forty_records_of_one_child_are_one_cluster() -> None:
    refs = [("schools", f"{n:02}") for n in range(40)]
    weights = {
        (a, b): 9.0 for at, a in enumerate(refs) for b in refs[at + 1 :] if a[1][0] == b[1][0]
    } | {(a, b): 6.0 for a, b in product(refs[:20], refs[20:]) if a[1][1] == b[1][1]}
    scorer = Fixed({})
    scorer.weigh = lambda one, other: Weighed(2.0, (991,))  # type: ignore[method-assign]
    assert groups(run(refs, weights, scorer=scorer)) == {frozenset(refs)}


@pytest.mark.parametrize(
    ("records", "weights", "message"),
    [
        ([A, A], {}, "Two records are called care 1"),
        ([A], {(A, B): 9.0}, "A pair names health 1, which is not among the records"),
        ([A], {(A, A): 9.0}, "care 1 is paired with itself"),
        ([A, B], {(A, B): float("inf")}, "not a finite number"),
    ],
)
def test_input_that_cannot_be_clustered_is_refused(records, weights, message) -> None:
    with pytest.raises(RecordsError, match=message):
        run(records, weights)


def test_no_records_make_no_clusters() -> None:
    clusters = run([], {})
    assert clusters.table.num_rows == 0
    assert clusters.table.column_names == ["source", "id", "cluster_id"]
