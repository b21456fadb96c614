"""What the household says: a child of two names is joined, twins are not."""

import pyarrow.parquet as pq
import pytest

from joinedup.linkage import open_groups
from joinedup.linkage.batch import find_pairs
from joinedup.linkage.clusters import Clusters, resolve
from joinedup.linkage.constraints import Constraints
from joinedup.linkage.household import LEAST
from joinedup.linkage.model import Model
from joinedup.linkage.prepare import to_table
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer
from joinedup.people.demographics import Demographics

GIVEN = ("Amelia", "Boris", "Clara", "Dominic", "Esther", "Felix", "Gwen", "Hugo")


def record(source: str, at: int, given: str, **also: str) -> LinkRecord:
    """A record of family number ``at``; ``also`` changes details."""
    letters = "".join("BCDFGLMNPR"[int(digit)] + "a" for digit in f"{at:03d}")
    raw = {
        "given": given,
        "family": f"{letters}ton",
        "birth_date": f"2015-{at % 12 + 1:02d}-{at % 28 + 1:02d}",
        "gender": "female",
        "postcode": f"LS{at % 9 + 1} {at // 90 % 10}A{'ABDEFGHJLN'[at // 9 % 10]}",
        **also,
    }
    return LinkRecord.of(source, f"{at}-{given}", Demographics.read(raw))


def region(*, twins_missed: bool) -> list[LinkRecord]:
    """Sixty families with twins. One source lists both, the other both as well, or only one."""
    records = []
    for at in range(60):
        one, other = GIVEN[at % 4], GIVEN[4 + at % 4]
        records += [record("gp", at, one), record("gp", at, other), record("health", at, one)]
        if not twins_missed:
            records.append(record("health", at, other))
    return records


def link(records: list[LinkRecord], tmp_path, **also) -> Clusters:
    table = to_table(records)
    model = Model.default().with_population(10_000)
    pairs = find_pairs(table, model, least=LEAST, out=tmp_path / "pairs.parquet")
    return resolve(table, pairs, Constraints(), scorer=Scorer(model), **also)


def joined(clusters: Clusters, one: LinkRecord, other: LinkRecord) -> bool:
    of = {(r["source"], r["id"]): r["cluster_id"] for r in clusters.table.to_pylist()}
    return of[one.source, one.id] == of[other.source, other.id]


KEVIN, WEI = record("gp", 500, "Kevin"), record("health", 500, "Wei")


def test_one_child_of_two_names_is_joined_where_sources_miss_no_twin(tmp_path) -> None:
    records = [*region(twins_missed=False), KEVIN, WEI]
    assert not joined(link(records, tmp_path), KEVIN, WEI)
    clusters = link(records, tmp_path, household=True)
    assert joined(clusters, KEVIN, WEI)
    found = next(r for r in clusters.links.to_pylist() if r["id_l"] == KEVIN.id)
    own = Scorer(Model.default().with_population(10_000)).weigh(KEVIN, WEI).weight
    assert found["match_weight"] - found["context"] == pytest.approx(own)
    assert found["context"] > 4


def test_a_source_that_misses_twins_proves_nothing(tmp_path) -> None:
    police = record("police", 500, "Kevin")
    clusters = link([*region(twins_missed=True), WEI, police], tmp_path, household=True)
    assert not joined(clusters, WEI, police)


def test_twins_listed_by_one_source_are_not_joined(tmp_path) -> None:
    twin = record("gp", 500, "Oscar")
    clusters = link([*region(twins_missed=False), KEVIN, twin, WEI], tmp_path, household=True)
    assert not joined(clusters, KEVIN, twin)
    assert not joined(clusters, KEVIN, WEI)
    assert not joined(clusters, twin, WEI)


def test_where_both_twins_are_listed_the_one_who_is_left_is_meant(tmp_path) -> None:
    gp, health = record("gp", 500, "Oscar"), record("health", 500, "Oscar")
    records = [*region(twins_missed=False), KEVIN, gp, WEI, health]
    clusters = link(records, tmp_path, household=True)
    assert joined(clusters, gp, health)
    assert joined(clusters, KEVIN, WEI)
    assert not joined(clusters, KEVIN, gp)


def test_a_boy_and_a_girl_of_one_birth_date_are_two_children(tmp_path) -> None:
    boy = record("health", 500, "Wei", gender="male")
    clusters = link([*region(twins_missed=False), KEVIN, boy], tmp_path, household=True)
    assert not joined(clusters, KEVIN, boy)


def test_the_order_of_records_makes_no_difference(tmp_path) -> None:
    records = [*region(twins_missed=False), KEVIN, WEI]
    one = link(records, tmp_path, household=True)
    other = link(records[::-1], tmp_path, household=True)
    assert one.table == other.table
    assert one.links["context"].to_pylist() == pytest.approx(other.links["context"].to_pylist())


def test_two_processes_divide_as_one_does(tmp_path, monkeypatch) -> None:
    records = [*region(twins_missed=True), KEVIN, record("gp", 500, "Oscar"), WEI]
    records += [record("schools", at, GIVEN[at % 4], postcode="LS1 1AA") for at in range(30)]
    alone = link(records, tmp_path, household=True)
    monkeypatch.setattr(open_groups, "_PAYS", 2)
    beside = link(records, tmp_path, household=True)
    assert alone.cuts.num_rows
    for name in ("table", "links", "cohesion", "cuts", "conflicts"):
        assert getattr(alone, name) == getattr(beside, name)


def test_one_record_without_pairs_is_a_child(tmp_path) -> None:
    alone = link([KEVIN], tmp_path, household=True)
    assert alone.table.num_rows == 1
    assert alone.links.num_rows == 0


def test_pairs_of_another_model_are_refused(tmp_path) -> None:
    table = to_table([KEVIN, WEI])
    model = Model.default()
    file = find_pairs(table, model, least=LEAST, out=tmp_path / "pairs.parquet")
    bare = pq.read_table(file).drop_columns(["gamma_given"])
    with pytest.raises(ValueError, match="gamma_given"):
        resolve(table, bare, Constraints(), scorer=Scorer(model), household=True)
