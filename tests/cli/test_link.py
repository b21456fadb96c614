"""``joinedup link`` as people run it, and ``joinedup evaluate --links`` on what it made."""

import csv as csv_file
import json
import math
import re
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from joinedup.cli.evaluate import command as evaluate
from joinedup.cli.link import command as link
from joinedup.identities import link_files
from joinedup.linkage.explain import signed
from joinedup.simulate import simulate

AGENCIES = ("childrens_services", "gp", "health", "police", "schools")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("region"), 600, seed=5)


def files(region: Path) -> list[str]:
    return [str(region / f"{agency}.csv") for agency in AGENCIES]


def run(*args: object) -> Result:
    return CliRunner().invoke(link, list(map(str, args)), catch_exceptions=False)


@pytest.fixture(scope="module")
def linked(region: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("linked")
    result = run(*files(region), "-o", out, "--json", "-q")
    assert result.exit_code in (0, 1), result.output
    assert result.stdout.count("\n") == 1
    return out, json.loads(result.stdout)


def test_every_record_has_a_child_and_the_files_are_as_promised(region, linked) -> None:
    out, summary = linked
    clusters = pq.read_table(out / "clusters.parquet")
    assert clusters.column_names == ["source", "id", "cluster_id"]
    truth = pq.read_table(region / "truth.parquet").to_pylist()
    held = {(row["source"], row["id"]) for row in truth if row["source"] != "pds"}
    assert {(row["source"], row["id"]) for row in clusters.to_pylist()} == held
    assert clusters.num_rows == len(held) == summary["records"]
    links = pq.read_table(out / "links.parquet")
    assert links.column_names == [
        "source_l", "id_l", "source_r", "id_r", "match_weight", "match_probability",
        "context",
    ]  # fmt: skip
    of = {(row["source"], row["id"]): row["cluster_id"] for row in clusters.to_pylist()}
    for row in links.to_pylist():
        assert of[row["source_l"], row["id_l"]] == of[row["source_r"], row["id_r"]]
        assert row["match_probability"] >= 0.95
    assert not (out / "work").exists()
    assert sum(size * n for size, n in ((int(s), n) for s, n in summary["cluster_sizes"].items()))


def test_the_report_stands_alone_and_names_no_child(region, linked) -> None:
    out, summary = linked
    page = (out / "report.html").read_text("utf-8")
    assert f"{summary['children']:,}" in page
    assert page.count("<svg") == 3 + page.count("<h3")
    assert "<script" not in page
    assert not re.search(r'(src|href)="?http', page)
    people = duckdb.sql(f"select * from read_csv('{region}/schools.csv', all_varchar = true)")
    names = [row[people.columns.index("Surname")] for row in people.fetchall()]
    shown = re.sub(r"<style.*?</style>", "", page, flags=re.S)
    assert not [name for name in names if name and len(name) > 5 and f">{name}<" in shown]
    assert not re.search(r"\b[A-Z]\d{9}\b", shown)


def test_every_cut_is_in_a_file_that_opens_anywhere_with_why(region, linked) -> None:
    out, summary = linked
    with (out / "cuts.csv").open(newline="") as file:
        cuts = list(csv_file.DictReader(file))
    assert Counter(cut["reason"] for cut in cuts) == summary["cuts"]
    assert cuts, "some records look alike and are not one child"
    of = {
        (row["source"], row["id"]): row["cluster_id"]
        for row in pq.read_table(out / "clusters.parquet").to_pylist()
    }
    for cut in cuts:
        one, other = (cut["source_l"], cut["id_l"]), (cut["source_r"], cut["id_r"])
        assert of[one] != of[other]
        assert float(cut["match_weight"]) >= math.log2(0.95 / 0.05)
        assert " ".join(one) in cut["words"]
    assert (out / "cuts.csv").stat().st_mode & 0o077 == 0


def test_the_report_shows_pairs_that_were_joined_and_cut_step_by_step(region, linked) -> None:
    """The figures end at the weight by which it was decided, as the tables have it."""
    out, _ = linked
    page = re.sub(r"<svg.*?</svg>", "", (out / "report.html").read_text("utf-8"), flags=re.S)
    shown = page[page.index('id="examples"') : page.index('id="conflicts"')]
    links = pq.read_table(out / "links.parquet").to_pylist()
    weakest = min(links, key=lambda link: link["match_weight"])
    with (out / "cuts.csv").open(newline="") as file:
        cuts = [cut for cut in csv_file.DictReader(file) if cut["reason"] == "evidence"]
    likeliest = max(cuts, key=lambda cut: float(cut["match_weight"]))
    assert "Joined: the weakest link" in shown
    assert "Not joined: the likeliest pair: evidence" in shown
    for pair in (weakest, likeliest):
        details = float(pair["match_weight"]) - float(pair["context"])
        assert f"Together {signed(details)} bits" in shown
        assert f'<td class="number">{signed(details)}</td></tr>\n</tbody>' in shown
        if abs(float(pair["context"])) >= 0.05:
            assert f"{signed(float(pair['match_weight']))} in all" in shown


def test_what_was_linked_is_compared_with_the_truth(region, linked, tmp_path) -> None:
    out, _ = linked
    page = tmp_path / "links.html"
    result = CliRunner().invoke(
        evaluate,
        ["--links", str(out), "--region", str(region), "-o", str(page), "--json", "-q"],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["clusters"]["precision"] > 0.99
    assert found["clusters"]["recall"] > 0.9
    assert "By mistake" in page.read_text("utf-8")
    alone = CliRunner().invoke(evaluate, ["--links", str(out)])
    assert alone.exit_code == 2
    assert "--region" in alone.output


def test_a_stopped_run_goes_on_and_a_changed_file_starts_over(
    region, tmp_path, monkeypatch
) -> None:
    some = tmp_path / "schools.csv"
    some.write_bytes((region / "schools.csv").read_bytes())
    out = tmp_path / "out"
    args = (some, region / "health.csv", "-o", out, "--json", "-q")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(link_files, "resolve", stopped)
        result = run(*args)
    assert result.exit_code == 130
    assert "Give the same command again to go on" in result.stderr
    assert (out / "work").stat().st_mode & 0o077 == 0
    assert not (out / "clusters.parquet").exists()
    with monkeypatch.context() as patch:
        patch.setattr(link_files, "read_records", stopped)
        patch.setattr(link_files, "find_pairs", stopped)
        again = run(*args)
    assert again.exit_code in (0, 1), again.output
    assert json.loads(again.stdout)["stages_from_earlier_run"] == ["records", "pairs"]
    first = (out / "clusters.parquet").read_bytes()
    whole = run(*args)
    assert json.loads(whole.stdout)["stages_from_earlier_run"] == []
    assert (out / "clusters.parquet").read_bytes() == first

    with monkeypatch.context() as patch:
        patch.setattr(link_files, "resolve", stopped)
        run(*args)
    with some.open("a") as file:
        file.write("S999999999,,Newman,Ada,2012-01-02,F,,,,,\n")
    changed = run(*args)
    assert json.loads(changed.stdout)["stages_from_earlier_run"] == []
    assert json.loads(changed.stdout)["records"] == json.loads(whole.stdout)["records"] + 1


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("Id,Forename,Surname,DOB,PostCode,Sex", *rows)) + "\n", "utf-8")
    return path


def test_what_is_known_of_people_is_kept(tmp_path) -> None:
    child = "Amelia,Hollingberry,04/05/2012,LS1 4AP,F"
    one = csv(tmp_path / "one.csv", f"1,{child}", f"2,{child}")
    two = csv(tmp_path / "two.csv", f"7,{child}")
    never = tmp_path / "never.csv"
    never.write_text("source_l,id_l,source_r,id_r\none,1,two,7\n")

    def clusters(*options: object) -> dict[tuple[str, str], str]:
        result = run(one, two, "-o", tmp_path / "out", "-q", *options)
        assert result.exit_code == 0, result.output
        table = pq.read_table(tmp_path / "out" / "clusters.parquet")
        return {(row["source"], row["id"]): row["cluster_id"] for row in table.to_pylist()}

    assert set(clusters().values()) == {"one/1"}
    once = clusters("--one-each", "one")
    assert once["one", "1"] != once["one", "2"]
    cases = pq.read_table(tmp_path / "out" / "conflicts.parquet").to_pylist()
    assert cases
    assert {case["reason"] for case in cases} <= {"one-each", "contested"}
    kept = clusters("--cannot-link", never)
    assert kept["one", "1"] != kept["two", "7"]
    shown = (tmp_path / "out" / "conflicts.parquet").read_bytes()
    assert b"cannot-link" not in shown
    # Nor is there a way by cuts from one of them to the other: the file of cuts has its headings.
    assert (tmp_path / "out" / "cuts.csv").read_text().count("\n") == 1
    page = (tmp_path / "out" / "report.html").read_text()
    assert "they would lead from a record to one that it is never to be" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--one-each", "gp"], "--one-each: gp is not one of the sources. They are one."),
        (["--source", "a", "--source", "b"], "--source is given 2 times for 1 files"),
        (["--threshold", "1"], "0.5<=x<1"),
        (["--cannot-link", "{folder}/bad.csv"], "bad.csv, row 3: id_r is empty"),
        (["--must-link", "{folder}/none.csv"], "none.csv lacks the column source_l"),
        (["--model", "{folder}/one.csv"], "not a linkage model"),
        (["--cannot-link", "{folder}/pair.csv", "--must-link", "{folder}/pair.csv"], "Undo one"),
    ],
)
def test_wrong_usage_is_said_with_what_to_do(tmp_path, options, message) -> None:
    one = csv(tmp_path / "one.csv", "1,Amy,Smith,04/05/2012,,F", "2,Bo,Jones,04/05/2013,,M")
    (tmp_path / "bad.csv").write_text("source_l,id_l,source_r,id_r\none,1,one,2\none,1,one,\n")
    (tmp_path / "none.csv").write_text("a,b\n")
    (tmp_path / "pair.csv").write_text("source_l,id_l,source_r,id_r\none,1,one,2\n")
    filled = [option.format(folder=tmp_path) for option in options]
    result = run(one, "-o", tmp_path / "out", *filled)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_file_without_children_is_refused_and_says_why(tmp_path) -> None:
    twice = csv(tmp_path / "twice.csv", "1,Amy,Smith,04/05/2012,,F")
    (tmp_path / "other").mkdir()
    same = csv(tmp_path / "other" / "twice.csv", "1,Amy,Smith,04/05/2012,,F")
    result = run(twice, same, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "twice" in result.output
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    result = run(empty, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "joinedup check" in result.output


def test_decisions_about_records_that_are_not_there_are_said(tmp_path) -> None:
    one = csv(tmp_path / "one.csv", "1,Amy,Smith,04/05/2012,,F")
    away = tmp_path / "away.csv"
    away.write_text("source_l,id_l,source_r,id_r\none,1,two,7\n")
    result = run(one, "-o", tmp_path / "out", "--cannot-link", away, "-q")
    assert result.exit_code == 1
    assert "1 of 1 pairs never to be joined name a record that is not in the files" in result.stderr
