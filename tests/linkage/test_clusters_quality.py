"""Quality counted by groups equals quality counted pair by pair."""

from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.linkage.quality import (
    Accuracy,
    QualityError,
    group_markdown,
    interval,
    measure,
)

PEOPLE = {
    # person: name group, age, twin, siblings, family, birth date, role, never_join
    "p1": ("Welsh", 4, True, 1, "f1", "2018-01-01", "child", None),
    "p2": ("Welsh", 4, True, 1, "f1", "2018-01-01", "child", None),
    "p3": ("Tamil", 12, False, 1, "f2", "2012-02-02", "child", None),
    "p4": ("Tamil", 9, False, 1, "f2", "2015-02-02", "child", None),
    "p5": ("Irish", 9, False, 0, "f3", "2015-03-03", "before_adoption", "p6"),
    "p6": ("Irish", 9, False, 0, "f4", "2015-03-03", "child", "p5"),
}


def write(folder: Path, rows: list[tuple], links: list[tuple]) -> None:
    """``rows``: source, id, person, cluster, kinds of mistakes."""

    def table(name: str, columns: dict) -> None:
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")

    text = pa.string()
    source, ids, person, cluster, kinds = zip(*rows, strict=True)
    table("clusters", {"source": source, "id": ids, "cluster_id": cluster})
    table("truth", {"source": [*source, "pds"], "id": [*ids, "9"], "person_id": [*person, "p1"]})
    table(
        "mistakes",
        {
            "source": pa.array(source, text),
            "id": pa.array(ids, text),
            "kinds": pa.array(kinds, pa.list_(text)),
        },
    )
    ends = list(zip(*links, strict=True)) or [()] * 4
    names = ("source_l", "id_l", "source_r", "id_r")
    table("links", {n: pa.array(e, text) for n, e in zip(names, ends, strict=True)})
    columns = list(zip(*PEOPLE.values(), strict=True))
    names = ("name_group", "age", "twin", "siblings", "family_id", "birth_date", "role")
    table(
        "people",
        {
            "person_id": list(PEOPLE),
            **dict(zip(names, columns, strict=False)),
            "never_join": pa.array(columns[-1], text),
            "adopted": [person == "p6" for person in PEOPLE],
        },
    )


def worlds():
    row = st.tuples(
        st.sampled_from(["care", "health"]), st.sampled_from(sorted(PEOPLE)),
        st.sampled_from("abcd"), st.lists(st.sampled_from(["typo", "moved"]), unique=True),
    )  # fmt: skip
    return st.lists(row, min_size=1, max_size=12)


def by_hand(rows: list[tuple], value: str = "", values_of=lambda a, b: {""}) -> Accuracy:
    pairs = [(a, b) for a, b in combinations(rows, 2) if value in values_of(a, b)]
    true = [(a, b) for a, b in pairs if a[2] == b[2]]
    said = [(a, b) for a, b in pairs if a[3] == b[3]]
    right = [(a, b) for a, b in true if a[3] == b[3]]
    return Accuracy(len(right), len(said), len(true))


@given(worlds())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_counting_by_groups_is_counting_pair_by_pair(tmp_path, drawn) -> None:
    rows = [(s, str(n), p, c, kinds) for n, (s, p, c, kinds) in enumerate(drawn)]
    links = [
        (a[0], a[1], b[0], b[1])
        for a, b in combinations(rows, 2)
        if a[3] == b[3] and (int(a[1]) + int(b[1])) % 2
    ]
    write(tmp_path, rows, links)
    found = measure(tmp_path / "links.parquet", tmp_path / "clusters.parquet", tmp_path)
    assert found.clusters == by_hand(rows)
    who = {(row[0], row[1]): row[2] for row in rows}
    right = sum(who[a, b] == who[c, d] for a, b, c, d in links)
    assert found.links == Accuracy(right, len(links), by_hand(rows).true)
    for kind, values_of in {
        "name group": lambda a, b: {PEOPLE[a[2]][0], PEOPLE[b[2]][0]},
        "agencies": lambda a, b: {" and ".join(sorted((a[0], b[0])))},
        "mistake": lambda a, b: {*a[4], *b[4]},
    }.items():
        for value, accuracy in found.groups[kind].items():
            assert accuracy == by_hand(rows, value, values_of)
    people = {row[2] for row in rows}
    clusters = {row[3] for row in rows}
    assert found.whole.of == len(people)
    assert found.whole.hits == sum(
        {row[1] for row in rows if row[2] == person}
        in [{row[1] for row in rows if row[3] == cluster} for cluster in clusters]
        for person in people
    )
    for name, one, other in (
        ("twins", "p1", "p2"),
        ("other brothers and sisters", "p3", "p4"),
        ("before and after an adoption", "p5", "p6"),
    ):
        both = {one, other} <= people
        together = any({one, other} <= {r[2] for r in rows if r[3] == c} for c in clusters)
        assert (found.wrong[name].hits, found.wrong[name].of) == (int(together), int(both))


def test_records_that_the_truth_does_not_know_are_refused(tmp_path) -> None:
    write(tmp_path, [("care", "1", "p1", "a", [])], [])
    strange = {"source": ["gp"], "id": ["1"], "cluster_id": ["a"]}
    pq.write_table(pa.table(strange), tmp_path / "clusters.parquet")
    with pytest.raises(QualityError, match="named as there: care, pds"):
        measure(tmp_path / "links.parquet", tmp_path / "clusters.parquet", tmp_path)
    with pytest.raises(QualityError, match="is not there"):
        measure(tmp_path / "links.parquet", tmp_path / "clusters.parquet", tmp_path / "no")


def test_small_groups_are_gathered() -> None:
    table = group_markdown("age", {"4": Accuracy(90, 90, 100), "5": Accuracy(9, 12, 10)})
    assert "| 4 | 100 | 90.000%" in table
    assert "| other (fewer than 30 pairs each) | 10 | 90.000%" in table
    assert "| 75.000% | 3 | 1 |" in table


def test_no_case_seen_is_not_no_doubt() -> None:
    low, high = interval(0, 100)
    assert low == 0.0
    assert 0.03 < high < 0.04
    assert interval(0, 0) == (0.0, 1.0)
