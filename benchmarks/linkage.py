"""Linking in batch: quality against known truth and time, beside plain Splink in the same run.

    .venv/bin/python benchmarks/linkage.py REGION [--febrl] [--write]

REGION is a folder of ``joinedup simulate --no-formats``. Each engine runs in a process of its own,
so that its memory can be told. Its records are read before, but those of ``joinedup link`` are not:
it is timed from the files to the report. ``--write`` puts the result into docs/benchmarks.md.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from document import put
from machine import describe

from joinedup.identities.files import read_records
from joinedup.linkage.batch import find_pairs
from joinedup.linkage.model import Model
from joinedup.linkage.train import train

LINK = "`joinedup link`, files to report"
PLAIN = "plain Splink, with its clusters"
ENGINES = (LINK, "our pairs, shipped model", "our pairs, trained here", PLAIN)
LEAST = 0.95


def whole(region: Path, out: Path) -> None:
    """Run the command that people run, over the region's files."""
    command = Path(sys.executable).with_name("joinedup")
    files = sorted(region.glob("*.csv"))
    ran = subprocess.run([command, "link", "-q", *files, "-o", out], stdout=sys.stderr)
    if ran.returncode not in (0, 1):  # 1: done, and the files have problems, as invented ones do
        raise SystemExit(f"joinedup link ended with {ran.returncode}")


def ours(records: pa.Table, out: Path, *, training: bool) -> None:
    """Weigh with our model, shipped or trained on the records."""
    model = Model.default().with_population(records.num_rows)
    if training:
        model = train(records, Model.default())
    find_pairs(records, model, least=LEAST, out=out / "links.parquet")


def plain(records: pa.Table, out: Path) -> None:
    """Train, weigh and cluster with Splink as its own guide does: its library's comparisons."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = records.append_column("unique_id", pa.array(range(records.num_rows)))
    for many, one in (("upns", "upn"), ("nhs_numbers", "nhs_number")):
        first = [each[0] if each else None for each in table[many].to_pylist()]
        table = table.append_column(one, pa.array(first, pa.string()))
    rules = [
        block_on("birth_date", "given_sound"), block_on("birth_date", "family_sound"),
        block_on("birth_date", "postcode"), block_on("given", "family", "postcode"),
        block_on("phone", "given_sound"), block_on("upn"), block_on("nhs_number"),
    ]  # fmt: skip
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("given", [0.92, 0.84]).configure(
                term_frequency_adjustments=True
            ),
            cl.JaroWinklerAtThresholds("family", [0.92, 0.84]).configure(
                term_frequency_adjustments=True
            ),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            *(cl.ExactMatch(each) for each in ("gender", "phone", "email", "upn", "nhs_number")),
        ],
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        additional_columns_to_retain=["source", "id"],
    )
    api = DuckDBAPI()
    linker = Linker(api.register(table), settings)
    learn = linker.training
    learn.estimate_probability_two_random_records_match(
        [block_on("nhs_number"), block_on("upn"), block_on("given", "family", "birth_date")],
        recall=0.9,
    )
    learn.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in (block_on("birth_date", "family"), block_on("given", "postcode"), block_on("upn")):
        learn.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=LEAST)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(
        found, threshold_match_probability=LEAST
    )
    pq.write_table(found.as_duckdbpyrelation().to_arrow_table(), out / "links.parquet")
    pq.write_table(groups.as_duckdbpyrelation().to_arrow_table(), out / "clusters.parquet")


def worker(engine: str, region: Path, records: Path, out: Path) -> None:
    """Run one engine; says its seconds and its memory on stdout."""
    table = pq.read_table(records) if engine != LINK else None
    whose = resource.RUSAGE_CHILDREN if engine == LINK else resource.RUSAGE_SELF
    start, before = time.perf_counter(), resource.getrusage(whose)
    if table is None:
        whole(region, out)
    elif engine == PLAIN:
        plain(table, out)
    else:
        ours(table, out, training="trained" in engine)
    after = resource.getrusage(whose)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "gigabytes": after.ru_maxrss / 2**20,
            }
        )
    )


def pairs_of(clusters: Path) -> str:
    """Give the SQL of every pair of records that stand in one cluster."""
    return (
        f"(select a.source as source_l, a.id as id_l, b.source as source_r, b.id as id_r "
        f"from '{clusters}' a join '{clusters}' b using (cluster_id) "
        f"where (a.source, a.id) < (b.source, b.id))"
    )


def quality(region: Path, pairs: str) -> dict[str, Any]:
    """Count right and wrong pairs, and what they are."""
    con = duckdb.connect()
    con.execute(
        f"create table truth as select t.source, t.id, t.person_id, p.family_id, p.name_group, "
        f"p.birth_date from '{region}/truth.parquet' t "
        f"join '{region}/people.parquet' p using (person_id) where t.source <> 'pds'"
    )
    con.execute(
        f"create table found as select l.person_id = r.person_id as right_, "
        f"l.family_id = r.family_id and l.birth_date = r.birth_date as twins, l.name_group "
        f"from {pairs} f join truth l on l.source = source_l and l.id = id_l "
        f"join truth r on r.source = source_r and r.id = id_r"
    )
    right, wrong, twins = con.execute(
        "select count(*) filter (right_), count(*) filter (not right_), "
        "count(*) filter (not right_ and twins) from found"
    ).fetchall()[0]
    true, groups = 0, {}
    for group, many in con.execute(
        "select name_group, sum(n * (n - 1) / 2)::bigint from (select name_group, count(*) as n "
        "from truth group by person_id, name_group) g group by name_group"
    ).fetchall():
        true += many
        groups[group] = many
    got = dict(
        con.execute("select name_group, count(*) from found where right_ group by all").fetchall()
    )
    con.close()
    recalls = sorted(
        (got.get(group, 0) / many, group) for group, many in groups.items() if many >= 500
    )
    return {
        "precision": right / (right + wrong), "recall": right / true, "wrong": wrong,
        "twins": twins, "worst": recalls[0], "best": recalls[-1], "true": true,
    }  # fmt: skip


def told(found: dict[str, Any]) -> str:
    """Write precision, recall and what is wrong as a table's cells."""
    return (
        f"{found['precision']:.5f}, {found['recall']:.4f} | {found['wrong']:,} ({found['twins']:,})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region", type=Path)
    parser.add_argument("--febrl", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--engine", nargs=3, metavar=("NAME", "RECORDS", "OUT"))
    given = parser.parse_args()
    if given.engine:
        worker(given.engine[0], given.region, Path(given.engine[1]), Path(given.engine[2]))
        return
    lines = [
        "| engine | pairs: precision, recall | wrong (twins) | clusters: precision, recall "
        "| wrong (twins) | recall by name group, worst to best | wall / processor seconds "
        "| peak memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        records = read_records(sorted(given.region.glob("*.csv"))).table
        pq.write_table(records, work / "records.parquet")
        for number, engine in enumerate(ENGINES):
            out = work / str(number)
            out.mkdir()
            ran = subprocess.run(
                [
                    sys.executable, __file__, str(given.region), "--engine", engine,
                    str(work / "records.parquet"), str(out),
                ],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            cost = json.loads(ran.stdout.splitlines()[-1])
            found = quality(given.region, f"'{out / 'links.parquet'}'")
            joined, best = "|", found
            if (out / "clusters.parquet").exists():
                best = quality(given.region, pairs_of(out / "clusters.parquet"))
                joined = told(best)
            (least, worst), (most, finest) = best["worst"], best["best"]
            lines.append(
                f"| {engine} | {told(found)} | {joined} | {least:.3f} ({worst}) to {most:.3f} "
                f"({finest}) | {cost['seconds']:.1f} / {cost['processor']:.1f} "
                f"| {cost['gigabytes']:.2f} GB |"
            )
            print(lines[-1], file=sys.stderr)
        about = (
            f"{records.num_rows:,} records, {found['true']:,} true pairs (pairs within one source "
            f"too), at a probability of {LEAST} or more. {describe()}."
        )
        if given.febrl:
            from febrl import febrl

            for number in (3, 4):
                result = febrl(number, work)
                lines.append(
                    f"\nFEBRL {number}, learnt without labels: F1 {result.f1:.4f} "
                    f"({result.wrong} wrong, {result.missed} missed)."
                )
    text = "\n".join([about, "", *lines])
    if given.write:
        put("linkage", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
