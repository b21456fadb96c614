"""Finding pairs in a table: each once, in order, resumable, and nothing silently left out."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from joinedup.linkage import LinkRecord, Model, Scorer
from joinedup.linkage import batch as module
from joinedup.linkage.batch import find_pairs
from tests.linkage.generated import records, table


def child(**raw: str) -> dict[str, str | None]:
    return {"given": "Khadija", "family": "Musa", "birth_date": "2008-09-06", **raw}


def pairs_of(made: list[LinkRecord], out: Path, least: float = 0.0) -> list[tuple[str, str]]:
    found = pq.read_table(find_pairs(table(made), Model.default(), least=least, out=out))
    return [(row["id_l"], row["id_r"]) for row in found.to_pylist()]


def test_a_pair_that_many_rules_find_comes_once(tmp_path: Path) -> None:
    homes = "1~7 Dove Terrace~Luton~Beds~LU1 0XA|2~9 Hill Road~Luton~Beds~M14 9AJ"
    same = child(postcode="LU1 0XA", upn="U990100016001", address_history=homes)
    assert pairs_of(records([same, same, same]), tmp_path / "pairs.parquet") == [
        ("R000", "R001"), ("R000", "R002"), ("R001", "R002"),
    ]  # fmt: skip


def test_pairs_below_the_least_probability_are_left_out(tmp_path: Path) -> None:
    made = records(
        [
            child(postcode="LU1 0XA", upn="U990100016001"),
            child(postcode="LU1 0XA", upn="U990100016001"),
            child(given="Karim", postcode="LU1 0XA", gender="1"),
        ]
    )
    assert len(pairs_of(made, tmp_path / "all.parquet")) == 3
    assert pairs_of(made, tmp_path / "sure.parquet", least=0.9) == [("R000", "R001")]


def test_records_that_share_nothing_give_an_empty_file_with_its_columns(tmp_path: Path) -> None:
    made = records([child(), child(given="Zoe", family="Hill", birth_date="2012-01-31")])
    file = find_pairs(table(made), Model.default(), out=tmp_path / "pairs.parquet")
    found = pq.read_table(file)
    assert found.num_rows == 0
    assert found.column_names[:6] == [
        "source_l", "id_l", "source_r", "id_r", "match_weight", "match_probability",
    ]  # fmt: skip


def test_a_twin_is_not_a_probable_match(tmp_path: Path) -> None:
    home = {"postcode": "LU1 0XA", "phone": "0131 496 0781", "family": "Musa"}
    made = records([child(**home, gender="2"), child(**home, given="Karim", gender="1")])
    assert pairs_of(made, tmp_path / "pairs.parquet", least=0.5) == []


def test_a_broken_off_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = records([child(postcode="LU1 0XA")] * 4)
    whole = pairs_of(made, tmp_path / "whole.parquet")
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 2)
    out = tmp_path / "pairs.parquet"

    def stop(what: str, done: int, of: int) -> None:
        if what.startswith("Weighing") and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_pairs(table(made), Model.default(), least=0.0, out=out, progress=stop)
    assert not out.exists()

    told: list[str] = []
    find_pairs(
        table(made), Model.default(), least=0.0, out=out,
        progress=lambda what, done, of: told.append(what),
    )  # fmt: skip
    assert not any(what.startswith("Looking") for what in told)
    assert [(r["id_l"], r["id_r"]) for r in pq.read_table(out).to_pylist()] == whole
    assert not list(tmp_path.glob("*.parts"))


def test_other_records_do_not_go_on_from_what_was_broken_off(tmp_path: Path) -> None:
    out = tmp_path / "pairs.parquet"

    def stop(what: str, done: int, of: int) -> None:
        if what.startswith("Weighing"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_pairs(table(records([child()] * 3)), Model.default(), out=out, progress=stop)
    assert pairs_of(records([child()] * 2), out) == [("R000", "R001")]


def test_a_value_that_too_many_share_makes_no_pairs_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ALIKE", 3)
    crowd = [child(phone="0131 496 0781", birth_date=f"2010-01-{d:02d}") for d in range(1, 7)]
    told: list[str] = []
    file = find_pairs(
        table(records(crowd)), Model.default(), least=0.0, out=tmp_path / "pairs.parquet",
        progress=lambda what, done, of: told.append(what),
    )  # fmt: skip
    assert pq.read_table(file).num_rows == 0
    assert any("more than 3 records" in what for what in told)
    assert not any("496" in what for what in told)


def test_the_weight_is_the_online_one_for_any_population(tmp_path: Path) -> None:
    made = records([child(postcode="LU1 0XA")] * 2)
    for population in (10, 1_000_000):
        model = Model.default().with_population(population)
        file = find_pairs(table(made), model, least=0.0, out=tmp_path / f"{population}.parquet")
        weight = pq.read_table(file)["match_weight"][0].as_py()
        assert weight == pytest.approx(Scorer(model).weigh(*made).weight, abs=1e-9)
