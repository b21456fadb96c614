"""Several records that one source gives under one id, made one or told apart."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

# What belongs together comes from one record: a date is not mixed with another's day number.
_TOGETHER: tuple[tuple[str, ...], ...] = (
    ("given", "given_sound"),
    ("family", "family_sound"),
    ("birth_date", "birth_swapped", "birth_day"),
    ("gender",),
    ("postcode",),
    ("phone",),
    ("email",),
)


def unite(records: Sequence[LinkRecord]) -> LinkRecord:
    """Make one record of several of one child: what the first knows, and every list together."""
    values: dict[str, Any] = {"source": records[0].source, "id": records[0].id}
    for names in _TOGETHER:
        first = next((r for r in records if getattr(r, names[0]) is not None), records[0])
        values |= {name: getattr(first, name) for name in names}
    for name in LIST_COLUMNS:
        values[name] = tuple(dict.fromkeys(each for r in records for each in getattr(r, name)))
    return LinkRecord(**values)


def may_be_one(records: Iterable[LinkRecord]) -> bool:
    """Whether nothing says that records under one id are of different children.

    Something does when two birth dates differ, or two given names that are no forms of each other
    and share no word.
    """
    first, *others = records
    known = first
    for other in others:
        if known.birth_date and other.birth_date and known.birth_date != other.birth_date:
            return False
        if known.given and other.given and not _one_name(known, other):
            return False
        known = unite((known, other))
    return True


def _one_name(one: LinkRecord, other: LinkRecord) -> bool:
    return (
        one.given == other.given
        or not set(one.given_forms).isdisjoint(other.given_forms)
        or not set(one.given_words).isdisjoint(other.given_words)
    )


def repeated(source: pa.ChunkedArray, ids: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the places of all rows whose source and id are on more than one row."""
    left, right = (_codes(column) for column in (source, ids))
    pairs = left * (int(right.max(initial=0)) + 1) + right
    codes = _codes(pa.chunked_array([pairs]))
    return np.flatnonzero(np.bincount(codes)[codes] > 1) if len(codes) else codes


def _codes(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    encoded = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    codes: np.ndarray[Any, np.dtype[np.int64]] = (
        encoded.dictionary_encode().indices.to_numpy().astype(np.int64)
    )
    return codes
