"""Agency files in, records to link out: any number of files of any standard."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from joinedup.identities.one_id import may_be_one, repeated, unite
from joinedup.identities.plain_table import Plain, is_parquet, read_parquet, read_plain
from joinedup.linkage.prepare import SCHEMA, prepare, rows, to_table
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import FIELDS
from joinedup.people.upn import read_upn
from joinedup.standards import Event, Issue, Severity, read, recognise
from joinedup.standards.columns import TableError
from joinedup.standards.crosswalk import Crosswalk

# Tables whose id is what the sender says it is; in a standard's own files it is the child's.
_PLAIN = frozenset({"mapped", "parquet"})
_TABLE = "children"
# The crosswalk is asked here what leads to what, never when it was said.
_NO_DAY = date.min
_BLOCK = 50_000
_SHOWN = 10  # row numbers that one issue names
_RAW = pa.schema(
    [
        *((name, pa.string()) for name in ("id", *FIELDS)),
        ("row", pa.int64()),
        ("table", pa.string()),
    ]
)

Places = np.ndarray[Any, np.dtype[np.int64]]
Progress = Callable[[int], None]
"""Told how many more rows have been read."""


@dataclass(slots=True)
class FileRead:
    """One file, and what became of its rows.

    ``rows_out`` rows held a child or an event; ``rows_reported`` gave only problems. ``children``
    counts the records of children in them: one row may hold none or several.
    """

    path: Path
    source: str
    standard: str = ""
    rows_in: int = 0
    rows_out: int = 0
    rows_reported: int = 0
    children: int = 0
    problems: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """Records to link, and an account of where every row went.

    ``table`` has the columns of ``linkage.prepare.SCHEMA``; a source and id are there once.
    ``joined`` counts records of children that became part of another with the same id;
    ``left_out`` those that cannot be linked, each told in a problem.
    """

    table: pa.Table
    files: list[FileRead]
    joined: int = 0
    left_out: int = 0

    @property
    def problems(self) -> list[Issue]:
        """What is wrong, file after file."""
        return [issue for file in self.files for issue in file.problems]

    @property
    def balanced(self) -> bool:
        """Whether every row and every record of a child is accounted for."""
        return (
            all(file.rows_in == file.rows_out + file.rows_reported for file in self.files)
            and sum(file.children for file in self.files)
            == self.table.num_rows + self.joined + self.left_out
        )


def read_records(
    paths: Iterable[Path | str],
    *,
    sources: Sequence[str] | None = None,
    mapping: Mapping[str, str] | None = None,
    crosswalk: Crosswalk | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Records:
    """Read agency files as records to link.

    Takes any file that ``standards.read`` knows, and Parquet tables. ``sources`` names the system
    that each file comes from, by default the file's name without its ending; files of one source
    may each hold a part of one child, under one id. ``mapping`` (field -> heading) is for tables
    of no known standard. ``crosswalk`` tells former UPNs that other files gave. ``workers`` is for
    ``linkage.prepare``: processes that read a large table together.

    A row without an id goes by its number ("row 7"). Rows of a plain table under one id become one
    record when they may be of one child; else none of them is linked, and an error names them. A
    standard's own child id always means one child. A former UPN from before an adoption is not
    taken (design principle 6). What is wrong with a file's content never raises: it is in
    ``problems``. Raises ``ValueError`` when two files would have one source without being told to,
    and the operating system's errors.
    """
    files = _named([Path(path) for path in paths], sources)
    seen = Crosswalk()
    raws = [_read_file(file, mapping, seen, progress or _silent) for file in files]
    texts = []
    for raw in raws:
        texts.append(_with_former_upns(raw, seen, crosswalk))
        raw.table = raw.table.select(["row"])  # the text is not needed again
    if not raws:
        return Records(SCHEMA.empty_table(), files)
    # All at once: agencies hold the same names.
    table = prepare(pa.concat_tables(texts, promote_options="default"), workers=workers)
    start = 0
    for raw in raws:
        _say_what_stands_alone(raw, table.slice(start, raw.table.num_rows))
        start += raw.table.num_rows
    return _one_record_an_id(raws, table)


@dataclass(slots=True)
class _Raw:
    """A file's children as text. ``former`` holds former UPNs by place in the table.

    ``deleted`` are the ids of children whom the sender asks to delete.
    """

    file: FileRead
    table: pa.Table
    former: dict[int, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)


def _silent(_: int) -> None:
    """Tell nobody."""


def _named(paths: list[Path], sources: Sequence[str] | None) -> list[FileRead]:
    if sources is not None and len(sources) != len(paths):
        raise ValueError(f"{len(paths)} files, but {len(sources)} sources: name one for each file")
    names = list(sources) if sources is not None else [path.stem for path in paths]
    if sources is None and len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"two files are called {twice}, so their ids would be taken for one system's: say "
            "which source each file is from"
        )
    return [FileRead(path, name) for path, name in zip(paths, names, strict=True)]


def _read_file(
    file: FileRead, mapping: Mapping[str, str] | None, seen: Crosswalk, progress: Progress
) -> _Raw:
    if is_parquet(file.path):
        file.standard = "parquet"
        try:
            return _from_plain(file, read_parquet(file.path, mapping), progress)
        except TableError as error:
            file.problems.append(_issue("table-unreadable", Severity.ERROR, str(error)))
            return _Raw(file, _with_ids(file, _RAW.empty_table()))
    standard = recognise(file.path)
    # A mapping is for tables that nobody knows: a return's columns have their names.
    usable = mapping if standard is None or standard.name in _PLAIN else None
    if standard is None or standard.name in _PLAIN:
        plain = read_plain(file.path, usable) if standard or usable else None
        if plain is not None:
            file.standard = "mapped"
            return _from_plain(file, plain, progress)
    return _from_standard(file, usable, seen, progress)


def _from_plain(file: FileRead, plain: Plain, progress: Progress) -> _Raw:
    file.rows_in = file.rows_out = file.children = plain.table.num_rows
    file.problems += [
        _issue("table-note", Severity.NOTE, note, table=_TABLE) for note in plain.notes
    ]
    progress(file.rows_in)
    return _Raw(file, _with_ids(file, plain.table))


def _from_standard(
    file: FileRead, mapping: Mapping[str, str] | None, seen: Crosswalk, progress: Progress
) -> _Raw:
    reading = read(file.path, mapping=dict(mapping) if mapping else None, checks=False)
    raw = _Raw(file, _RAW.empty_table())
    blocks: list[pa.RecordBatch] = []
    waiting: list[tuple[Any, ...]] = []
    told = 0
    for record in reading:
        if isinstance(record, Issue):
            file.problems.append(record)
        elif isinstance(record, Event):
            seen.add((record,), file.source, file.path.name, _NO_DAY)
        elif record.purge:
            raw.deleted.append(record.id)
            file.problems.append(
                Issue(
                    record.id, record.table, (), record.row, "child-deleted", Severity.NOTE,
                    "The sender asks to delete this child, whose records are left out.",
                )
            )  # fmt: skip
        else:
            if former := record.local_ids.get("former_upn"):
                raw.former[len(blocks) * _BLOCK + len(waiting)] = former
                seen.add((record,), file.source, file.path.name, _NO_DAY)
            get = record.fields.get
            waiting.append((record.id, *map(get, FIELDS), record.row, record.table))
            if len(waiting) == _BLOCK:
                blocks.append(_block(waiting))
                waiting.clear()
                progress(reading.count.rows_in - told)
                told = reading.count.rows_in
    blocks.append(_block(waiting))
    progress(reading.count.rows_in - told)
    count = reading.count
    file.standard, file.children = reading.standard, count.children
    file.rows_in, file.rows_out = count.rows_in, count.rows_out
    file.rows_reported = count.rows_reported
    raw.table = _with_ids(file, pa.Table.from_batches(blocks))
    return raw


def _block(children: list[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = list(zip(*children, strict=True)) or [()] * len(_RAW)
    arrays = [
        pa.array([_encodable(text) for text in values] if kind == pa.string() else values, kind)
        for values, kind in zip(columns, _RAW.types, strict=True)
    ]
    return pa.record_batch(arrays, schema=_RAW)


def _encodable(text: str | None) -> str | None:
    """JSON may hold half a character, which no other format can."""
    if not text or text.isascii():
        return text or None
    return text.encode("utf-8", "replace").decode("utf-8")


def _with_ids(file: FileRead, table: pa.Table) -> pa.Table:
    """Give every row its source, and an id: its number where the sender gives none."""
    if "id" not in table.column_names:
        table = table.append_column("id", pa.nulls(table.num_rows, pa.string()))
    ids = table["id"]
    if ids.null_count:
        label = pc.binary_join_element_wise("row", table["row"].cast(pa.string()), " ")
        if file.standard not in _PLAIN:  # which counts the rows of each table
            label = pc.binary_join_element_wise(table["table"], label, " ")
        missing = table["row"].filter(ids.is_null()).to_pylist()
        file.problems.append(
            _issue(
                "id-missing", Severity.WARNING,
                f"{_rows_have(missing)} no id of the child: the row's number stands for it, so "
                "the record is not known again when the file changes.",
                row=missing[0], columns=("id",),
            )
        )  # fmt: skip
        table = table.set_column(table.column_names.index("id"), "id", pc.coalesce(ids, label))
    return table.append_column("source", pa.repeat(file.source, table.num_rows))


def _with_former_upns(raw: _Raw, seen: Crosswalk, crosswalk: Crosswalk | None) -> pa.Table:
    """Give the file's table with the UPNs that each child had before, where some are known."""
    table = raw.table
    former: dict[int, list[str]] = {}
    for place, text in raw.former.items():
        upn = read_upn(text).value
        own = {table["id"][place].as_py(), read_upn(table["upn"][place].as_py()).value}
        if upn and all(_leads(walk, upn, own) for walk in (seen, crosswalk) if walk is not None):
            former[place] = [upn]
    if crosswalk is not None and "upn" in table.column_names:
        current = pc.dictionary_encode(table["upn"].combine_chunks())
        known = {
            code: others
            for code, text in enumerate(current.dictionary.to_pylist())
            if (others := _other_upns(crosswalk, text))
        }
        for place, code in enumerate(current.indices.to_pylist() if known else ()):
            if code in known:
                former.setdefault(place, []).extend(known[code])
    if not former:
        return table
    texts = [",".join(former.get(place, ())) or None for place in range(table.num_rows)]
    return table.append_column("former_upn", pa.array(texts, pa.string()))


def _leads(walk: Crosswalk, upn: str, own: set[str | None]) -> bool:
    """Whether a former UPN leads to the child; an adoption cuts what led there."""
    if not walk.links("upn", upn):
        return True
    return any(identifier.value in own for identifier in walk.find("upn", upn))


def _other_upns(walk: Crosswalk, text: str) -> list[str]:
    upn = read_upn(text).value
    return [found.value for found in walk.find("upn", upn) if found.kind == "upn"] if upn else []


def _say_what_stands_alone(raw: _Raw, table: pa.Table) -> None:
    """Tell which rows hold too little to be joined to anything."""
    no_number = pc.and_(table["upns"].is_null(), table["nhs_numbers"].is_null())
    no_name = pc.and_(table["given"].is_null(), table["family"].is_null())
    alone = pc.and_(no_number, pc.or_(no_name, table["birth_date"].is_null()))
    numbers = raw.table["row"].filter(alone).to_pylist()
    if numbers:
        raw.file.problems.append(
            _issue(
                "row-stands-alone", Severity.WARNING,
                f"{_rows_have(numbers)} no number that can be used, and not both a name and a "
                "birth date: little can be joined to such a record.",
                row=numbers[0],
            )
        )  # fmt: skip


def _one_record_an_id(raws: list[_Raw], table: pa.Table) -> Records:
    """Unite records of one source and id; leave out those deleted or in contradiction."""
    files = [raw.file for raw in raws]
    left_out = sum(len(raw.deleted) for raw in raws)
    place = pa.table(
        {
            "file": np.repeat(np.arange(len(raws)), [raw.table.num_rows for raw in raws]),
            "row": pa.concat_arrays([chunk for raw in raws for chunk in raw.table["row"].chunks]),
        }
    )
    kept = _not_deleted(raws, table, place["file"].to_numpy())
    if not kept.all():
        left_out += int((~kept).sum())
        table, place = table.filter(kept), place.filter(kept)
    several = repeated(table["source"], table["id"])
    if not len(several):
        return Records(table, files, left_out=left_out)

    groups: dict[tuple[str, str], list[tuple[int, LinkRecord]]] = {}
    for at, record in zip(several.tolist(), rows(table.take(several)), strict=True):
        groups.setdefault((record.source, record.id), []).append((at, record))
    at_file, at_row = (place[name].take(several).to_pylist() for name in ("file", "row"))
    where = dict(zip(several.tolist(), zip(at_file, at_row, strict=True), strict=True))
    united: dict[int, LinkRecord] = {}
    read_as_one: dict[int, list[int]] = {}
    joined = 0
    for group in groups.values():
        found = [record for _, record in group]
        spots = [where[at] for at, _ in group]
        file = files[spots[-1][0]]
        plain = any(files[index].standard in _PLAIN for index, _ in spots)
        if plain and not may_be_one(found):
            left_out += len(group)
            file.problems.append(_contradiction(found[0].id, spots, files))
            continue
        united[group[0][0]] = unite(found)
        joined += len(group) - 1
        if plain and len({index for index, _ in spots}) < len(spots):
            read_as_one.setdefault(spots[-1][0], []).append(spots[-1][1])
    for index, numbers in read_as_one.items():
        files[index].problems.append(
            _issue(
                "id-repeated", Severity.WARNING,
                f"{_rows_have(numbers)} the same id as a row before. Such rows were read as one "
                "record of one child, with every address and number that they give.",
                row=numbers[0], columns=("id",),
            )
        )  # fmt: skip
    return Records(_in_place_of(several, united, table), files, joined, left_out)


def _not_deleted(raws: list[_Raw], table: pa.Table, file_of: Places) -> np.ndarray[Any, Any]:
    """Which rows stand, when senders ask to delete a child from this file and those before it."""
    kept = np.ones(table.num_rows, bool)
    for index, raw in enumerate(raws):
        if raw.deleted:
            same = [i for i in range(index + 1) if raws[i].file.source == raw.file.source]
            ids = pc.is_in(table["id"], pa.array(raw.deleted, pa.string())).to_numpy()
            kept &= ~(ids & np.isin(file_of, same))
    return kept


def _in_place_of(several: Places, united: Mapping[int, LinkRecord], table: pa.Table) -> pa.Table:
    """Give the table with united records where the first of each stood, and the rest gone."""
    single = np.setdiff1d(np.arange(table.num_rows), several, assume_unique=True)
    order = np.argsort(np.concatenate([single, np.array([*united], int)]), kind="stable")
    return pa.concat_tables([table.take(single), to_table(united.values())]).take(order)


def _contradiction(child_id: str, spots: list[tuple[int, int]], files: list[FileRead]) -> Issue:
    several = len({index for index, _ in spots}) > 1
    named = [f"{row} ({files[index].path.name})" if several else f"{row}" for index, row in spots]
    return _issue(
        "id-repeated", Severity.ERROR,
        f"Rows {_listed(named)} have one id but birth dates or given names of different children: "
        "none of them is linked. Give each child an id of its own.",
        row=spots[0][1], columns=("id",), child_id=child_id,
    )  # fmt: skip


def _rows_have(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers[:_SHOWN]]
    if len(numbers) == 1:
        return f"Row {shown[0]} has"
    if len(numbers) > _SHOWN:
        return f"{len(numbers):,} rows ({', '.join(shown)}...) have"
    return f"Rows {_listed(shown)} have"


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _issue(
    rule_code: str,
    severity: Severity,
    description: str,
    *,
    row: int = 0,
    columns: tuple[str, ...] = (),
    child_id: str = "",
    table: str = "",
) -> Issue:
    return Issue(child_id, table, columns, row, rule_code, severity, description)
