"""Agency files in, children out: read, train, find pairs, cluster, each stage kept until the end.

What a stage made stays in ``work`` inside the output folder, with a fingerprint of all that it was
made from. Run again after a break, with the same input, a stage that is done is not done again;
when anything it depends on has changed, it is. The folder holds children's details: only its owner
can read it, and it is removed when the run is complete.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from joinedup import __version__
from joinedup.identities.files import Records, read_records
from joinedup.identities.never import SealedPairs
from joinedup.linkage.batch import Engine, find_pairs
from joinedup.linkage.clusters import THRESHOLD, Clusters, resolve
from joinedup.linkage.constraints import Constraints
from joinedup.linkage.household import LEAST
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer
from joinedup.linkage.told_cuts import told
from joinedup.linkage.train import train
from joinedup.standards import Issue, Severity

# A few records are an extract of more children than they are: chance likeness is as likely there.
_LEAST_POPULATION = 1_000
_RECOGNISED_BY = ["source", "id", "given", "family", "birth_date", "nhs_numbers"]
_BLOCK = 20_000


class LinkError(ValueError):
    """The run cannot be carried out as asked; the message says why and what to do."""


class Progress(Protocol):
    """Told which stage goes on and how far it is."""

    def stage(self, name: str) -> AbstractContextManager[None]: ...

    def step(self, what: str, done: int, of: int) -> None: ...

    def rows(self, more: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How to link. ``model`` is the one to use, or with ``training`` to start from.

    ``sealed`` are pairs never to be joined that nobody can read; no result names them.
    """

    model: Model
    engine: Engine = "duckdb"
    training: bool = False
    seed: int = 1
    threshold: float = THRESHOLD
    constraints: Constraints = field(default_factory=Constraints)
    sources: Sequence[str] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    sealed: SealedPairs | None = None


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of one file's rows (see ``identities.files.FileRead``)."""

    name: str
    source: str
    standard: str
    rows_in: int
    rows_reported: int
    children: int


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of a run. ``records`` and ``pairs`` are in the work folder until it is removed."""

    files: list[FileCount]
    joined: int
    left_out: int
    problems: list[tuple[str, Issue]]
    records: pa.Table
    pairs: Path
    model: Model
    clusters: Clusters
    kept: tuple[str, ...]


class Work:
    """The folder of an unfinished run: what each stage made, and from what."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._list = folder / "done.json"
        self._done: dict[str, str] = {}
        if self._list.exists():
            try:
                self._done = json.loads(self._list.read_text("utf-8"))
            except ValueError:  # cut off while it was written
                self._done = {}
        self.kept: list[str] = []

    def stage(self, name: str, of: str, make: Callable[[], None]) -> None:
        """Make what the stage makes, unless it was made of the same before."""
        if self._done.get(name) == of:
            self.kept.append(name)
            return
        self._done.pop(name, None)
        self._write()
        make()
        self._done[name] = of
        self._write()

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def _write(self) -> None:
        partial = self._list.with_suffix(".partial")
        partial.write_text(json.dumps(self._done), "utf-8")
        os.replace(partial, self._list)


def link_files(paths: Sequence[Path], work: Work, settings: Settings, progress: Progress) -> Linked:
    """Link the children of agency files.

    Raises ``LinkError`` for a source that is not there or no records at all, what the stages raise,
    and the operating system's errors.
    """
    records_at, read_at = work.folder / "records.parquet", work.folder / "read.json"
    model_at, pairs_at = work.folder / "model.json", work.folder / "pairs.parquet"

    def read_files() -> None:
        try:
            found = read_records(
                paths,
                sources=settings.sources,
                mapping=settings.mapping,
                workers=os.cpu_count() or 1,
                progress=progress.rows,
            )
        except ValueError as error:  # two files of one source
            raise LinkError(str(error)) from error
        pq.write_table(found.table, records_at)
        read_at.write_text(json.dumps(_account(found)), "utf-8")

    of_records = _fingerprint(
        __version__, settings.sources, dict(settings.mapping), [p.name for p in paths],
        [_digest(path) for path in paths],
    )  # fmt: skip
    with progress.stage("Reading"):
        work.stage("records", of_records, read_files)
    account = json.loads(read_at.read_text("utf-8"))
    files = [FileCount(**each) for each in account["files"]]
    records = pq.read_table(records_at)
    _check(records, files, settings.constraints)
    model = settings.model.with_population(max(records.num_rows, _LEAST_POPULATION))
    of_model = _fingerprint(settings.model.text())
    if settings.training:
        of_model = _fingerprint(of_records, of_model, settings.seed)

        def estimate() -> None:
            train(records, settings.model, seed=settings.seed, progress=progress.step).save(
                model_at
            )

        with progress.stage("Training"):
            work.stage("model", of_model, estimate)
        model = Model.load(model_at)
    of_pairs = _fingerprint(of_records, of_model, settings.engine, LEAST)
    with progress.stage("Finding pairs"):
        work.stage(
            "pairs",
            of_pairs,
            lambda: _pairs(records, model, settings.engine, pairs_at, progress),
        )
    sealed = settings.sealed.among(_recognised_by(records)) if settings.sealed else frozenset()
    constraints = replace(
        settings.constraints, cannot_link=settings.constraints.cannot_link | sealed
    )
    with progress.stage("Clustering"):
        clusters = resolve(
            records,
            pairs_at,
            constraints,
            scorer=Scorer(model),
            threshold=settings.threshold,
            household=True,
        )
    clusters = replace(clusters, cuts=told(clusters, sealed))
    problems = [(name, _issue(raw)) for name, raw in account["problems"]]
    return Linked(
        files, account["joined"], account["left_out"], problems, records, pairs_at, model,
        clusters, tuple(work.kept),
    )  # fmt: skip


def _pairs(records: pa.Table, model: Model, engine: Engine, out: Path, progress: Progress) -> None:
    find_pairs(records, model, engine=engine, least=LEAST, out=out, progress=progress.step)


def _recognised_by(records: pa.Table) -> Iterator[LinkRecord]:
    """Give each record as far as sealed pairs look at it."""
    for batch in records.select(_RECOGNISED_BY).to_batches(max_chunksize=_BLOCK):
        for row in batch.to_pylist():
            yield LinkRecord(**{**row, "nhs_numbers": tuple(row["nhs_numbers"] or ())})


def _check(records: pa.Table, files: list[FileCount], constraints: Constraints) -> None:
    if not records.num_rows:
        raise LinkError("No file holds a record that can be linked: see `joinedup check`.")
    there = list(dict.fromkeys(file.source for file in files))
    for option, named in (
        ("--one-each", constraints.one_each),
        ("--verified", constraints.verified_sources),
    ):
        for source in sorted(named - set(there)):
            raise LinkError(
                f"{option}: {source} is not one of the sources. They are {', '.join(there)}."
            )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _account(found: Records) -> dict[str, Any]:
    return {
        "files": [
            {
                "name": file.path.name,
                "source": file.source,
                "standard": file.standard,
                "rows_in": file.rows_in,
                "rows_reported": file.rows_reported,
                "children": file.children,
            }
            for file in found.files
        ],
        "joined": found.joined,
        "left_out": found.left_out,
        "problems": [
            [file.path.name, issue._asdict()] for file in found.files for issue in file.problems
        ],
    }


def _issue(raw: dict[str, Any]) -> Issue:
    return Issue(**{**raw, "columns": tuple(raw["columns"]), "severity": Severity(raw["severity"])})


def worst(problems: Iterable[tuple[str, Issue]]) -> bool:
    """Say whether any problem is one to put right (a note is not)."""
    return any(issue.severity in (Severity.ERROR, Severity.WARNING) for _, issue in problems)
