"""Raw text of many children to ``LinkRecord`` columns, each distinct value read once.

``prepare`` gives for every row what ``LinkRecord.of(source, id, Demographics.read(row))`` gives, by
the same readers: a million rows hold far fewer names, dates and postcodes than rows.
"""

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import starmap
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from joinedup.linkage.record import (
    LIST_COLUMNS,
    LinkRecord,
    birth_columns,
    family_columns,
    gender_column,
    given_columns,
    home_columns,
)
from joinedup.people.address import read_address_history
from joinedup.people.contact import read_email, read_phone
from joinedup.people.dates import read_birth_date
from joinedup.people.gender import read_gender
from joinedup.people.names import read_family, read_given
from joinedup.people.nhs_number import is_plain_nhs_number, read_nhs_number
from joinedup.people.postcode import read_postcode
from joinedup.people.upn import is_plain_upn, read_upn

_TEXT = pa.string()
_LIST = pa.list_(_TEXT)

SCHEMA = pa.schema(
    [
        pa.field(
            name, _LIST if name in LIST_COLUMNS else pa.int32() if name == "birth_day" else _TEXT
        )
        for name in LinkRecord._fields
    ]
)
"""The columns of ``LinkRecord`` in Arrow; a list that is empty is null."""

# What is held beside the result is bounded by the rows looked at together.
_BLOCK = 2_000_000
_PIECE = 20_000  # texts that a process reads at once
_PAYS = 200_000  # rows above which a second process is worth its start
_BATCH = 50_000
_BETWEEN_UPNS = re.compile("[,;|]")

# Columns in which few records say the same.
_OWN = frozenset({"id", "phone", "email", "homes", "upns", "nhs_numbers"})

Texts = list[pa.Array]


class _Group(NamedTuple):
    """Columns that are made of the same text: given names, for one."""

    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    read: Callable[..., tuple[Any, ...]]


def prepare(table: pa.Table, *, workers: int = 1) -> pa.Table:
    """Prepare raw text for linking.

    Takes columns of text: ``source``, ``id``, any of ``people.demographics.FIELDS`` and perhaps
    ``former_upn`` (lists, or text with commas between the numbers), which follow the current one
    in ``upns``. Gives a table of ``SCHEMA``, row for row; a value that is missing or cannot be
    used is null. With ``workers`` above 1 a large table is read by so many new processes; they
    import the caller's main module, which must be importable, as with ``multiprocessing``. Raises
    ``KeyError`` when ``source`` or ``id`` is not there.
    """
    starts = range(0, table.num_rows, _BLOCK)
    with _readers(workers if table.num_rows >= _PAYS else 1) as pool, _no_collection():
        blocks = [_prepared(table.slice(start, _BLOCK), pool) for start in starts]
    return pa.concat_tables([SCHEMA.empty_table(), *blocks])


def to_table(records: Iterable[LinkRecord]) -> pa.Table:
    """Give prepared records as a table of ``SCHEMA``."""
    return pa.table(_columns(records, SCHEMA.names), schema=SCHEMA)


def rows(table: pa.Table) -> Iterator[LinkRecord]:
    """Give the records of a table that has the columns of ``SCHEMA``, in order.

    What many records say (a name, a date, a postcode) is one object in all of them: that takes less
    memory, and is compared faster.
    """
    known: list[dict[Any, Any]] = [{} for _ in SCHEMA.names]
    for batch in table.select(SCHEMA.names).to_batches(max_chunksize=_BATCH):
        columns = zip(SCHEMA.names, batch.columns, known, strict=True)
        yield from map(LinkRecord._make, zip(*starmap(_values, columns), strict=True))


def _values(name: str, column: pa.Array, known: dict[Any, Any]) -> list[Any]:
    """A column's values, lists as tuples and the missing ones empty.

    Offsets and flat values are read whole, which is many times faster than value by value.
    """
    if column.type == _LIST:
        flat = column.flatten().to_pylist()
        ends = np.cumsum(pc.fill_null(pc.list_value_length(column), 0).to_numpy()).tolist()
        found = [tuple(flat[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    else:
        found = column.to_pylist()
    return found if name in _OWN else [known.setdefault(each, each) for each in found]


def _given(raw: str) -> tuple[Any, ...]:
    return given_columns(read_given(raw).value)


def _family(raw: str) -> tuple[Any, ...]:
    return family_columns(read_family(raw).value)


def _birth(raw: str) -> tuple[Any, ...]:
    return birth_columns(read_birth_date(raw).value)


def _gender(raw: str) -> tuple[Any, ...]:
    return (gender_column(read_gender(raw).value),)


def _homes(postcode: str | None, history: str | None) -> tuple[Any, ...]:
    return home_columns(read_postcode(postcode).value, read_address_history(history).value or ())


def _phone(raw: str) -> tuple[Any, ...]:
    return (read_phone(raw).value,)


def _email(raw: str) -> tuple[Any, ...]:
    return (read_email(raw).value,)


def _upns(current: str | None, former: str | None) -> tuple[Any, ...]:
    found = [_upn(current)] if current else []
    if former:
        found += map(_upn, _BETWEEN_UPNS.split(former))
    return (tuple(dict.fromkeys(filter(None, found))),)


def _upn(raw: str) -> str | None:
    return raw if is_plain_upn(raw) else read_upn(raw).value


def _nhs_numbers(raw: str) -> tuple[Any, ...]:
    value = raw if is_plain_nhs_number(raw) else read_nhs_number(raw).value
    return ((value,) if value else (),)


_GROUPS = (
    _Group(("given",), ("given", "given_forms", "given_words", "given_sound"), _given),
    _Group(("family",), ("family", "family_forms", "family_words", "family_sound"), _family),
    _Group(("birth_date",), ("birth_date", "birth_swapped", "birth_day"), _birth),
    _Group(("gender",), ("gender",), _gender),
    _Group(("postcode", "address_history"), ("postcode", "postcodes", "homes"), _homes),
    _Group(("phone",), ("phone",), _phone),
    _Group(("email",), ("email",), _email),
    _Group(("upn", "former_upn"), ("upns",), _upns),
    _Group(("nhs_number",), ("nhs_numbers",), _nhs_numbers),
)


def _readers(workers: int) -> Any:
    """Processes that read, or none. New ones, not forks: Arrow's threads would not survive."""
    if workers < 2:
        return nullcontext()
    return ProcessPoolExecutor(workers, get_context("spawn"), gc.disable)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Make millions of small objects, none of them in a cycle, without looking for cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _prepared(block: pa.Table, pool: Executor | None) -> pa.Table:
    work = []  # all of it is handed out before any of it is waited for
    for number, group in enumerate(_GROUPS):
        texts, places = _distinct([_text(block, name) for name in group.inputs])
        pieces = [
            # Copied: a slice goes to another process with all that it was cut from.
            [pa.concat_arrays([text.slice(start, _PIECE)]) for text in texts]
            for start in range(0, max(1, len(texts[0])), _PIECE)
        ]
        several = [number] * len(pieces)
        read = (pool.map if pool else map)(_read_piece, several, pieces)
        work.append((group, places, read))
    found = {"source": _text(block, "source"), "id": _text(block, "id")}
    for group, places, read in work:
        for name, *parts in zip(group.columns, *read, strict=True):
            found[name] = pa.concat_arrays(parts).take(places)
    return pa.table([found[name] for name in SCHEMA.names], schema=SCHEMA)


def _text(block: pa.Table, name: str) -> pa.Array:
    """One column as text; one of nulls when the table has none."""
    if name not in block.column_names and name not in {"source", "id"}:
        return pa.nulls(block.num_rows, _TEXT)
    column = block[name]
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pc.binary_join(column, ",")
    return pa.concat_arrays(column.cast(_TEXT).chunks)


def _distinct(columns: Texts) -> tuple[Texts, pa.Array]:
    """Give the distinct texts, or pairs of texts, and which of them each row holds."""
    encoded = [column.dictionary_encode() for column in columns]
    if len(encoded) == 1:
        return [encoded[0].dictionary], encoded[0].indices
    one, other = (pc.fill_null(e.indices, len(e.dictionary)).to_numpy() for e in encoded)
    width = len(encoded[1].dictionary) + 1
    # In order: what has one text on the left stands together, and is read once.
    pairs, places = np.unique(one.astype("int64") * width + other, return_inverse=True)
    texts = [
        pa.concat_arrays([e.dictionary, pa.nulls(1, _TEXT)]).take(pa.array(at))
        for e, at in zip(encoded, (pairs // width, pairs % width), strict=True)
    ]
    return texts, pa.array(places.reshape(-1))


def _read_piece(number: int, texts: Texts) -> list[pa.Array]:
    """Read some texts: one array for each column of the group."""
    group = _GROUPS[number]
    return _columns(map(group.read, *(text.to_pylist() for text in texts)), group.columns)


def _columns(read: Iterable[tuple[Any, ...]], names: Sequence[str]) -> list[pa.Array]:
    """Give rows of values as columns; an empty list is null."""
    columns = list(zip(*read, strict=True)) or [()] * len(names)
    return [
        pa.array([value or None for value in values] if kind == _LIST else values, kind)
        for kind, values in zip((SCHEMA.field(name).type for name in names), columns, strict=True)
    ]
