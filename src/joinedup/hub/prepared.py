"""A statement on Django's own connection that the server prepares once: for the few hot paths.

Django puts the values into the statement's text, so that PostgreSQL reads and plans it anew each
time, and its cursor takes longer than the statement. Here values go to libpq as they are.
Everything else is Django's: the transaction that is open, the connection's rights, the errors.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import Cursor
from psycopg.pq import Format

from joinedup.identities.quick_query import QuickQuery


def rows(statement: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement with ``%s`` for each value, and give its rows.

    Outside a transaction it is committed by itself. Raises Django's ``DatabaseError``, and
    ``TypeError`` for a kind of value that is not known here.
    """
    ours = connections[DEFAULT_DB_ALIAS]
    ours.ensure_connection()
    ours.validate_no_broken_transaction()
    link = ours.connection
    query = _query(statement)
    with ours.wrap_database_errors:
        if not query.may_ask(link):  # the first of a transaction: psycopg begins it
            with Cursor(link) as cursor:
                cursor.execute(statement.encode(), given, prepare=True)
                return cursor.fetchall() if cursor.description else []
        result = query.ask(link, [None if each is None else _written(each) for each in given])
    readers = [_READ[result.ftype(column)] for column in range(result.nfields)]
    value = result.get_value
    return [
        tuple(
            None if (found := value(row, column)) is None else read(found)
            for column, read in enumerate(readers)
        )
        for row in range(result.ntuples)
    ]


@lru_cache(maxsize=256)
def _query(statement: str) -> QuickQuery:
    numbers = count(1)
    numbered = re.sub("%s", lambda _: f"${next(numbers)}", statement)
    return QuickQuery(numbered, format=Format.TEXT)


def _written(value: Any) -> bytes:
    """A value as PostgreSQL reads it."""
    write = _WRITE.get(type(value))
    if write is None:
        write = next((_WRITE[kind] for kind in type(value).__mro__ if kind in _WRITE), None)
    if write is None:
        raise TypeError(f"a {type(value).__name__} is not sent this way")
    return write(value)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise ValueError("PostgreSQL keeps no text with a NUL in it")
    return value.encode()


def _array(values: Sequence[Any]) -> bytes:
    return b"{" + b",".join(map(_element, values)) + b"}"


def _element(value: Any) -> bytes:
    if value is None:
        return b"NULL"
    written = _written(value).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + written + b'"'


def _numbers(text: bytes) -> list[int]:
    return [int(each) for each in text[1:-1].split(b",")] if len(text) > 2 else []


_WRITE: Mapping[type, Callable[[Any], bytes]] = {
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"%d" % value,
    float: lambda value: repr(value).encode(),
    str: _text,
    bytes: lambda value: b"\\x" + value.hex().encode(),
    UUID: lambda value: str(value).encode(),
    datetime: lambda value: value.isoformat().encode(),
    date: lambda value: value.isoformat().encode(),
    list: _array,
    tuple: _array,
}
_READ: Mapping[int, Callable[[bytes], Any]] = {
    16: lambda text: text == b"t",
    17: lambda text: bytes.fromhex(text[2:].decode()),  # bytea
    20: int, 21: int, 23: int,
    25: bytes.decode, 1043: bytes.decode,  # text, varchar
    701: float,
    1016: _numbers,  # bigint[]
    1184: lambda text: datetime.fromisoformat(text.decode()),  # timestamptz
    2278: lambda _: None,  # void
    2950: lambda text: UUID(text.decode()),
}  # fmt: skip
