"""Linking in batch: quality against known truth and time, beside plain Splink in the same run.

    .venv/bin/python benchmarks/linkage.py REGION [--febrl] [--write]

REGION is a folder of ``joinedup simulate --no-formats``. Each engine runs in a process of its own,
so that its memory can be told. ``--write`` puts the result into docs/benchmarks.md.
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

ENGINES = ("ours, shipped model", "ours, trained here", "plain Splink")
LEAST = 0.95


def ours(records: pa.Table, out: Path, *, training: bool) -> None:
    """Weigh with our model, shipped or trained on the records."""
    model = Model.default().with_population(records.num_rows)
    if training:
        model = train(records, Model.default())
    find_pairs(records, model, least=LEAST, out=out)


def plain(records: pa.Table, out: Path) -> None:
    """Train and weigh with Splink as its own guide does: its library's comparisons."""
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
    pq.write_table(found.as_duckdbpyrelation().to_arrow_table(), out)


def worker(engine: str, records: Path, out: Path) -> None:
    """Run one engine; says its seconds and its memory on stdout."""
    table = pq.read_table(records)
    start, processor = time.perf_counter(), time.process_time()
    if engine == "plain Splink":
        plain(table, out)
    else:
        ours(table, out, training=engine == "ours, trained here")
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "processor": time.process_time() - processor,
                "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            }
        )
    )


def quality(region: Path, pairs: Path) -> dict[str, Any]:
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
        f"from '{pairs}' f join truth l on l.source = source_l and l.id = id_l "
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region", type=Path)
    parser.add_argument("--febrl", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--engine", nargs=3, metavar=("NAME", "RECORDS", "OUT"))
    given = parser.parse_args()
    if given.engine:
        worker(given.engine[0], Path(given.engine[1]), Path(given.engine[2]))
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        records = read_records(sorted(given.region.glob("*.csv"))).table
        pq.write_table(records, work / "records.parquet")
        lines += [
            "| engine | precision | recall | wrong pairs (twins) | recall by name group, worst to "
            "best | wall / processor seconds | peak memory |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for engine in ENGINES:
            out = work / "pairs.parquet"
            ran = subprocess.run(
                [
                    sys.executable, __file__, str(given.region), "--engine", engine,
                    str(work / "records.parquet"), str(out),
                ],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            cost = json.loads(ran.stdout.splitlines()[-1])
            found = quality(given.region, out)
            lines.append(
                f"| {engine} | {found['precision']:.4f} | {found['recall']:.4f} "
                f"| {found['wrong']:,} ({found['twins']:,}) "
                f"| {found['worst'][0]:.3f} ({found['worst'][1]}) to {found['best'][0]:.3f} "
                f"({found['best'][1]}) | {cost['seconds']:.1f} / {cost['processor']:.1f} "
                f"| {cost['gigabytes']:.2f} GB |"
            )
            print(lines[-1], file=sys.stderr)
        about = (
            f"{records.num_rows:,} records, {found['true']:,} true pairs (pairs within one source "
            f"too), at a probability of {LEAST} or more: pairs only, before clusters are resolved. "
            f"`benchmarks/linkage.py`; {describe()}; the machine was shared."
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
