"""One model, three engines: the same pair has the same weight in all of them."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.linkage import LinkRecord, Model, Scorer
from joinedup.linkage.batch import connected, find_pairs, load
from joinedup.linkage.prepare import rows
from joinedup.linkage.settings import compared, weighed
from tests.linkage.generated import children, records, table

SAME = 1e-9
SCORER = Scorer(Model.default().with_population(1_000_000))
Pair = tuple[str, str, str, str]


def online(scorer: Scorer, one: LinkRecord, other: LinkRecord) -> tuple[float, tuple[int, ...]]:
    """The weight, and the levels as Splink numbers them."""
    found = scorer.weigh(one, other)
    return found.weight, tuple(
        -1 if level < 0 else len(comparison.levels) - 1 - level
        for comparison, level in zip(scorer.model.comparisons, found.levels, strict=True)
    )


def batch(weights: pa.Table, model: Model) -> dict[Pair, tuple[float, tuple[int, ...]]]:
    names = [f"gamma_{comparison.name}" for comparison in model.comparisons]
    return {
        (row["source_l"], row["id_l"], row["source_r"], row["id_r"]): (
            row["match_weight"],
            tuple(row[name] for name in names),
        )
        for row in weights.to_pylist()
    }


def assert_same(made: list[LinkRecord], weights: pa.Table, model: Model) -> None:
    by_id = {(each.source, each.id): each for each in made}
    found = batch(weights, model)
    scorer = Scorer(model)
    for (source_l, id_l, source_r, id_r), (weight, levels) in found.items():
        expected = online(scorer, by_id[source_l, id_l], by_id[source_r, id_r])
        assert levels == expected[1]
        assert weight == pytest.approx(expected[0], abs=SAME)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with connected(tmp_path_factory.mktemp("spill")) as con:
        yield con


@given(st.lists(children, min_size=2, max_size=12))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_generated_pair_weighs_the_same_online_and_on_duckdb(
    database: duckdb.DuckDBPyConnection, raw: list[dict[str, str | None]]
) -> None:
    model = Model.default()
    made = records(raw)
    database.execute("drop table if exists records")
    load(database, table(made), model)
    every = list(combinations(range(len(made)), 2))
    database.register(
        "every", pa.table({"left_row": [a for a, _ in every], "right_row": [b for _, b in every]})
    )
    levels = compared(model, "duckdb", "records", "every")
    weights = database.sql(weighed(model, "duckdb", f"({levels})", 0.0)).to_arrow_table()
    assert weights.num_rows == len(every)
    assert_same(made, weights, model)


@given(children, children)
@settings(max_examples=200, deadline=None)
def test_the_order_of_two_records_makes_no_difference(
    one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    a, b = records([one, other])
    assert SCORER.weigh(a, b).weight == pytest.approx(SCORER.weigh(b, a).weight, abs=SAME)
    assert SCORER.weigh(a, b).levels == SCORER.weigh(b, a).levels


@given(children, children, st.floats(-60, 60))
@settings(max_examples=300, deadline=None)
def test_what_is_left_off_early_could_not_have_come_to_that_much(
    one: dict[str, str | None], other: dict[str, str | None], least: float
) -> None:
    a, b = records([one, other])
    weighed = SCORER.weigh(a, b)
    assert SCORER.weigh_least(a, b, least) == (weighed if weighed.weight >= least else None)
    assert SCORER.weigh_least(a, b, weighed.weight) == weighed


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17: make java")
    from joinedup.linkage.spark import start_session

    session = start_session()
    session.sparkContext.setLogLevel("ERROR")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    yield session
    session.stop()


def test_spark_finds_the_same_pairs_with_the_same_weights(spark: Any, tmp_path: Path) -> None:
    # Fewer rules: Spark plans each for seconds.
    model = replace(
        Model.default(),
        block=(("birth_date", "given_sound"), ("upns",), ("birth_date", "postcodes")),
    )
    raw = [
        {"given": given, "family": family, "birth_date": born, "postcode": "LU1 0XA", "upn": upn}
        for given, family, born, upn in [
            ("Valentina", "Smith", "2013-08-25", "U990100016001"),
            ("Valemtina", "Smith", "2013-08-25", None),
            ("Nathaniel", "Butler", "2011-09-19", None),
            ("Natheniel", "Baah", "2011-09-19", "X990100015002"),
            ("Smith", "Valentina", "2013-08-25", None),
            ("Val", "Smith", "2013-08-26", "U990100016001"),
            (None, "Smith", "2013-08-25", None),
        ]
    ]
    made = records(raw)
    ours = find_pairs(table(made), model, least=0.0, out=tmp_path / "duckdb.parquet")
    theirs = find_pairs(
        table(made), model, least=0.0, engine="spark", spark=spark, out=tmp_path / "spark.parquet"
    )
    on_spark = pq.read_table(theirs)
    assert batch(on_spark, model).keys() == batch(pq.read_table(ours), model).keys()
    assert on_spark.num_rows >= 6
    assert_same(made, on_spark, model)


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    from joinedup.identities.files import read_records
    from joinedup.simulate import simulate

    folder = tmp_path_factory.mktemp("region")
    simulate(folder, children=100_000, seed=11, formats=False)
    return read_records(sorted(folder.glob("*.csv"))).table


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_candidate_pair_of_a_region_weighs_the_same(region: pa.Table, tmp_path: Path) -> None:
    model = Model.default()
    file = find_pairs(region, model, least=0.0, out=tmp_path / "pairs.parquet")
    weights = pq.read_table(file)
    assert weights.num_rows > 80_000
    assert_same(list(rows(region)), weights, model)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_spark_gives_a_region_the_same_links(region: pa.Table, spark: Any, tmp_path: Path) -> None:
    model = Model.default()
    some = region.slice(0, 20_000)
    ours = find_pairs(some, model, out=tmp_path / "duckdb.parquet")
    theirs = find_pairs(some, model, engine="spark", spark=spark, out=tmp_path / "spark.parquet")
    here, there = (batch(pq.read_table(each), model) for each in (ours, theirs))
    assert here.keys() == there.keys()
    assert all(abs(here[pair][0] - there[pair][0]) <= SAME for pair in here)
