"""Labelled questions for evaluating a search: what an agency asks, and the truth."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from joinedup.people.demographics import FIELDS
from joinedup.simulate.agency_files import COLUMNS
from joinedup.simulate.errors import SimulateError
from joinedup.simulate.rates import AGENCIES

# Whose questions they are: children's services ask most, and the region holds fewest of theirs
# and of the police's. An agency with too few rows gives its part to the others. The GPs ask none.
SHARES = {"childrens_services": 0.40, "schools": 0.28, "health": 0.20, "police": 0.12}
_AGES = ((1, "under 1"), (5, "1 to 4"), (11, "5 to 10"), (16, "11 to 15"), (200, "16 and 17"))


@dataclass(frozen=True, slots=True)
class Question:
    """One row as an agency wrote it, and what is true of the child behind it."""

    source: str
    id: str
    person_id: str
    raw: Mapping[str, str]  # keyed as ``Demographics.read`` wants
    nhs_number: str | None  # the right answer; None when no number may be given
    groups: Mapping[str, str]  # for break-downs: agency, age, sex, name group and more
    mistakes: tuple[str, ...]  # the agency's, then the PDS's own as "pds:..."


def _table(region: Path, name: str, columns: list[str]) -> dict[str, list[Any]]:
    path = region / f"{name}.parquet"
    if not path.is_file():
        raise SimulateError(
            f"{region} is not a simulated region: {name}.parquet is missing. "
            "Make one with: joinedup simulate -o DIR --children N"
        )
    out: dict[str, list[Any]] = pq.read_table(path, columns=columns).to_pydict()
    return out


def _people(region: Path, wanted: set[str]) -> dict[str, dict[str, Any]]:
    table = pq.read_table(region / "people.parquet")
    table = table.filter(pc.not_equal(table["role"], "adult"))
    return {row["person_id"]: row for row in table.to_pylist() if row["person_id"] in wanted}


def agency_rows(region: Path, agency: str) -> Iterator[dict[str, str]]:
    """The rows of an agency's file, keyed "id" and as ``Demographics.read`` wants."""
    columns = COLUMNS[agency]
    with (region / f"{agency}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {field: row[column] for field, column in columns.items()}


def _draw(rng: Random, ids: Mapping[str, list[str]], count: int) -> dict[str, set[str]]:
    """Row ids by agency, ``count`` in all, by ``SHARES`` as far as the rows go."""
    left = {agency: list(rows) for agency, rows in ids.items()}
    for rows in left.values():
        rng.shuffle(rows)
    out: dict[str, set[str]] = {agency: set() for agency in ids}
    missing = count
    while missing > 0 and any(left.values()):
        shares = {agency: SHARES[agency] for agency, rows in left.items() if rows}
        total = sum(shares.values())
        for agency, share in shares.items():
            take = min(len(left[agency]), max(1, round(missing * share / total)))
            take = min(take, count - sum(map(len, out.values())))
            out[agency].update(left[agency][:take])
            left[agency] = left[agency][take:]
        missing = count - sum(map(len, out.values()))
    return out


def _groups(agency: str, person: Mapping[str, Any]) -> dict[str, str]:
    age = next(label for limit, label in _AGES if person["age"] < limit)

    def yes(value: object) -> str:
        return "yes" if value else "no"

    return {
        "agency": agency,
        "age": age,
        "sex": person["sex"],
        "name_group": person["name_group"],
        "twin": yes(person["twin"]),
        "siblings": yes(person["siblings"]),
        "restricted": person["restricted"],
        "moved": yes(person["moved"]),
        "renamed": yes(person["renamed"]),
        "adopted": ("before" if person["role"] == "before_adoption" else yes(person["adopted"])),
        "unaccompanied": yes(person["unaccompanied"]),
        "no_address": yes(person["no_address"]),
        "in_pds": yes(person["in_pds"]),
    }


def questions(
    region: Path, count: int, seed: int = 1, *, held_numbers: bool = True
) -> list[Question]:
    """Draw ``count`` rows over the agencies, at most one a child, in an order mixed by ``seed``.

    Without ``held_numbers`` the NHS number that an agency holds is blanked in ``raw``: the question
    is then one of a child whose number is not known. Fewer come back when the region has not so
    many children known to any of the agencies that ask. The GP federation's rows are left out: they
    hold the number and the PDS's own names, and would make a search look better than it is.
    """
    truth = _table(region, "truth", ["source", "id", "person_id", "nhs_number"])
    rng = Random(f"questions {seed}")  # noqa: S311 - invented people, not secrets
    silent = set(AGENCIES) - SHARES.keys()
    order = [at for at, source in enumerate(truth["source"]) if source not in silent]
    rng.shuffle(order)
    by_person: dict[str, list[int]] = {}
    totals = dict.fromkeys(SHARES, 0)
    for at in order:
        if truth["source"][at] in totals:
            by_person.setdefault(truth["person_id"][at], []).append(at)
            totals[truth["source"][at]] += 1
    # One row a child. A rare source's row is likelier to be the child's, or none would be left.
    weights = {agency: SHARES[agency] / max(1, rows) for agency, rows in totals.items()}
    ids: dict[str, list[str]] = {agency: [] for agency in SHARES}
    answers: dict[tuple[str, str], tuple[str, str | None]] = {}
    for person_id, rows in by_person.items():
        at = rng.choices(rows, [weights[truth["source"][row]] for row in rows])[0]
        source, row_id = truth["source"][at], truth["id"][at]
        ids[source].append(row_id)
        answers[source, row_id] = (person_id, truth["nhs_number"][at])
    drawn = _draw(rng, ids, count)
    kinds = _table(region, "mistakes", ["source", "id", "kinds"])
    mistakes = {
        (source, row_id): row_kinds
        for source, row_id, row_kinds in zip(
            kinds["source"], kinds["id"], kinds["kinds"], strict=True
        )
        if row_id in drawn.get(source, ())
    }
    people = _people(
        region,
        {answers[agency, row_id][0] for agency, row_ids in drawn.items() for row_id in row_ids},
    )
    out: list[Question] = []
    for agency in SHARES:
        for row in agency_rows(region, agency):
            row_id = row.pop("id")
            if row_id not in drawn[agency]:
                continue
            person_id, number = answers[agency, row_id]
            person = people[person_id]
            raw = {field: row[field] for field in FIELDS}
            if not held_numbers:
                raw["nhs_number"] = ""
            pds = [f"pds:{kind}" for kind in person["pds_mistakes"]]
            out.append(
                Question(
                    source=agency,
                    id=row_id,
                    person_id=person_id,
                    raw=raw,
                    nhs_number=number,
                    groups=_groups(agency, person),
                    mistakes=(*mistakes.get((agency, row_id), []), *pds),
                )
            )
    rng.shuffle(out)
    return out


def write_demo_sample(region: Path, path: Path, rows: int = 500, seed: int = 1) -> Path:
    """Write a file of ``rows`` children as a local authority might hand it over, mistakes and all.

    Two files come of it: ``path``, and beside it ``<name>.truth.csv`` with the right number of each
    row (empty where none may be given) and what was wrong with it. Returns the latter's path.
    """
    drawn = questions(region, rows, seed)
    columns = COLUMNS["childrens_services"]
    path.parent.mkdir(parents=True, exist_ok=True)
    truth_path = path.with_name(f"{path.stem}.truth.csv")
    with (
        path.open("w", encoding="utf-8", newline="") as file,
        truth_path.open("w", encoding="utf-8", newline="") as truth_file,
    ):
        sample, truth = csv.writer(file), csv.writer(truth_file)
        sample.writerow(columns.values())
        truth.writerow(["LAchildID", "NhsNumber", "Mistakes"])
        for question in drawn:
            values = {"id": question.id, **question.raw}
            sample.writerow([values[field] for field in columns])
            truth.writerow([question.id, question.nhs_number or "", " ".join(question.mistakes)])
    return truth_path
