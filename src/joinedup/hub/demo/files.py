"""The demo's agency files: those of the region, for the children of one neighbourhood.

Every agency of the neighbourhood has its own files in its own formats, about the children whom
children's services or the police know. So few children that six nodes are ready in a minute.
"""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Set
from pathlib import Path

import pyarrow.parquet as pq

from joinedup.simulate import simulate

_BLOCKS = ("0000", "0001")  # of a thousand children each, as the ids of all agencies begin
_KNOWN_TO = frozenset({"childrens_services", "police"})
_PUPILS = "2026_autumn_pupilonroll.csv"


class Neighbourhood:
    """The files of a region made anew with every format, of which parts are taken."""

    def __init__(self, children: int) -> None:
        self._children = children
        self._folder = Path(tempfile.mkdtemp(prefix="joinedup-demo-"))
        self._ids: dict[str, set[str]] = {}

    def __enter__(self) -> "Neighbourhood":
        # The seed of ``demo_people``: the same people as in the emulator.
        simulate(self._folder, self._children, seed=1, formats=True)
        truth = pq.read_table(self._folder / "truth.parquet").to_pydict()
        rows = list(zip(truth["source"], truth["id"], truth["person_id"], strict=True))
        chosen = {
            person for source, row, person in rows
            if source in _KNOWN_TO and row[1:5] in _BLOCKS
        }  # fmt: skip
        for source, row, person in rows:
            if person in chosen:
                self._ids.setdefault(source, set()).add(row)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, agency: str, folder: Path, schools: Collection[str] = ()) -> None:
        """Put an agency's files into a folder; of schools, those of a trust alone."""
        ids = self._ids.get(agency, set())
        if schools:
            ids = ids & self._pupils(schools)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._table(folder, f"{agency}.csv", ids)
        for write in _WRITERS.get(agency, ()):
            write(self._folder / agency, folder, ids)

    def schools(self) -> list[str]:
        """Every school with a pupil of the neighbourhood, in order."""
        ids = self._ids.get("schools", set())
        found = {row["NativeId"] for row in self._roll() if row["pupilonrolltableid"] in ids}
        return sorted(found)

    def _pupils(self, schools: Collection[str]) -> set[str]:
        return {
            row["pupilonrolltableid"] for row in self._roll() if row["NativeId"] in schools
        }  # fmt: skip

    def _roll(self) -> Iterable[dict[str, str]]:
        with (self._folder / "schools" / _PUPILS).open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    def _table(self, folder: Path, name: str, ids: Set[str]) -> None:
        _rows(self._folder / name, folder / name, ids)


def _rows(source: Path, target: Path, ids: Set[str]) -> None:
    """The rows of a CSV with one of the ids in some column."""
    if not source.exists():
        return
    with (
        source.open(encoding="utf-8", newline="") as file,
        _whole(target).open("w", encoding="utf-8", newline="") as out,
    ):
        read, write = csv.reader(file), csv.writer(out)
        write.writerow(next(read))
        write.writerows(row for row in read if not ids.isdisjoint(row))
    _whole(target).replace(target)


def _whole(target: Path) -> Path:
    """Where a file is written until it is whole: nodes are watching."""
    return target.with_name(f".{target.name}")


def _text(target: Path, text: str) -> None:
    _whole(target).write_text(text, "utf-8")
    _whole(target).replace(target)


def _childrens_services(source: Path, folder: Path, ids: Set[str]) -> None:
    whole = json.loads((source / "csc_api.json").read_text("utf-8"))
    whole["Children"] = [
        child for child in whole["Children"] if str(child.get("la_child_id")) in ids
    ]  # fmt: skip
    _text(folder / "csc_api.json", json.dumps(whole))
    for name in ("ssda903_episodes.csv", "ssda903_missing.csv"):
        _rows(source / name, folder / name, ids)


def _schools(source: Path, folder: Path, ids: Set[str]) -> None:
    for path in sorted(source.glob("*.csv")):
        _rows(path, folder / path.name, ids)


def _health(source: Path, folder: Path, ids: Set[str]) -> None:
    kept = []
    with (source / "fhir_bundles.ndjson").open(encoding="utf-8") as file:
        for line in file:
            if json.loads(line)["entry"][0]["resource"]["id"] in ids:
                kept.append(line)
    _text(folder / "fhir_bundles.ndjson", "".join(kept))


def _police(source: Path, folder: Path, ids: Set[str]) -> None:
    _rows(source / "events.csv", folder / "events.csv", ids)
    path = source / "youth_justice.json"
    if path.exists():
        events = json.loads(path.read_text("utf-8"))["events"]
        kept = [event for event in events if event["person_ref"] in ids]
        _text(folder / path.name, json.dumps({"events": kept}))


_Writer = Callable[[Path, Path, Set[str]], None]
_WRITERS: dict[str, tuple[_Writer, ...]] = {
    "childrens_services": (_childrens_services,),
    "schools": (_schools,),
    "health": (_health,),
    "police": (_police,),
}
