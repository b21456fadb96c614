"""The same model on Spark, for more records than one machine holds.

``find_pairs(..., engine="spark")`` starts Spark on this machine, or on the cluster whose master
``JOINEDUP_SPARK_MASTER`` names; or it is given a session:

    session = configured(SparkSession.builder.master("spark://head:7077")).getOrCreate()
    find_pairs(records, model, engine="spark", spark=session, out=Path("/shared/links.parquet"))

- Spark 4 and Java 17 on every machine; ``spark-submit`` and YARN or Kubernetes masters work too.
- The folder of ``out`` must be one that every machine sees under the same path: records, pairs and
  weights pass through Parquet files there, which also are what a broken-off run goes on from. No
  checkpoint folder is needed.
- Names are compared by rapidfuzz, as online: Splink's own functions for Spark count transposed
  letters otherwise. So every worker's Python, which ``PYSPARK_PYTHON`` names, needs ``rapidfuzz``
  and ``pyarrow`` (installed, or a packed environment through ``spark.archives``), and no jar.
"""

import os
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.linkage.conditions import FUNCTIONS
from joinedup.linkage.model import Model
from joinedup.linkage.settings import ROW, candidates, compared, share_rows, weighed, with_shares


def configured(builder: Any) -> Any:
    """Give a session's builder with what the SQL here needs."""
    return builder.config("spark.sql.execution.arrow.pyspark.enabled", "true").config(
        "spark.ui.enabled", "false"
    )


def start_session() -> Any:
    """Start Spark where ``JOINEDUP_SPARK_MASTER`` says.

    Without it on this machine, on every core, reachable from nowhere else.
    """
    from pyspark.sql import SparkSession

    builder = configured(SparkSession.builder.appName("joinedup"))
    if master := os.environ.get("JOINEDUP_SPARK_MASTER"):
        return builder.master(master).getOrCreate()

    # Else the workers take the system's Python, which has no rapidfuzz.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return (
        builder.master("local[*]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )


def register_functions(session: Any) -> None:
    """Let a session's SQL compare names as rapidfuzz does."""
    import pyspark.sql.functions

    # Its types do not tell of it yet.
    arrow_udf: Any = getattr(pyspark.sql.functions, "arrow_udf")  # noqa: B009

    # Functions within a function travel to the workers whole: they need not have this package.
    def similarity(left: pa.Array, right: pa.Array) -> pa.Array:
        from rapidfuzz.distance import JaroWinkler

        values = [
            None if one is None or other is None else JaroWinkler.similarity(one, other)
            for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True)
        ]
        return pa.array(values, pa.float64())

    def distance(left: pa.Array, right: pa.Array) -> pa.Array:
        from rapidfuzz.distance import DamerauLevenshtein

        values = [
            None if one is None or other is None else DamerauLevenshtein.distance(one, other)
            for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True)
        ]
        return pa.array(values, pa.int32())

    for name, function, kind in (
        (FUNCTIONS["spark"]["alike"], similarity, "double"),
        (FUNCTIONS["spark"]["edits"], distance, "int"),
    ):
        # Without annotations: Spark would ask this module for their names.
        function.__annotations__ = {"left": pa.Array, "right": pa.Array, "return": pa.Array}
        session.udf.register(name, arrow_udf(function, kind))


def score(
    records: pa.Table,
    model: Model,
    *,
    least: float,
    most: int,
    work: Path,
    progress: Any,
    session: Any = None,
) -> list[Path]:
    """Weigh the pairs that the model's rules find, into Parquet files in ``work``: gives them."""
    spark = session or start_session()
    try:
        register_functions(spark)
        progress("Loading records", 0, 1)
        _load(spark, records, model, work)
        pairs = work / "pairs"
        if not (pairs / "_SUCCESS").exists():
            progress("Looking for pairs", 0, 1)
            found = [spark.sql(candidates(rule, "records", "spark", most)) for rule in model.block]
            together = found[0]
            for more in found[1:]:
                together = together.unionAll(more)
            together.distinct().write.mode("overwrite").parquet(str(pairs))
        spark.read.parquet(str(pairs)).createOrReplaceTempView("pairs")
        scored = work / "scored"
        if not (scored / "_SUCCESS").exists():
            progress("Weighing pairs", 0, 1)
            # Kept by themselves: joined into the next step, Spark would compare names again for
            # every weight.
            levels = spark.sql(compared(model, "spark", "records", "pairs"))
            levels.write.mode("overwrite").parquet(str(work / "levels"))
            spark.read.parquet(str(work / "levels")).createOrReplaceTempView("levels")
            weights = spark.sql(weighed(model, "spark", "levels", least))
            weights.write.mode("overwrite").parquet(str(scored))
        progress("Weighing pairs", 1, 1)
    finally:
        if session is None:
            spark.stop()
    return sorted(scored.glob("*.parquet"))


def _load(spark: Any, records: pa.Table, model: Model, work: Path) -> None:
    rows = records.append_column(ROW, pa.array(range(records.num_rows), pa.int64()))
    file = work / "records.parquet"
    pq.write_table(rows, file)
    spark.read.parquet(str(file)).createOrReplaceTempView("loaded_rows")
    names, values, shares = zip(*share_rows(model), strict=True)
    listed = pa.table({"name": names, "value": values, "share": shares})
    spark.createDataFrame(listed).createOrReplaceTempView("shares")
    spark.sql(with_shares(model, "loaded_rows", "shares")).createOrReplaceTempView("records")
