"""A copy of the log to verify elsewhere: the entries' contents as they were hashed, one a line."""

from collections.abc import Iterator

from django.db import connection, transaction

_CONTENTS = """
SELECT place, content FROM ledger_leaf LEFT JOIN ledger_entry ON number = entry_id
WHERE place < %s ORDER BY place
"""
_ROWS = 5_000


def contents(size: int) -> Iterator[bytes]:
    """Give the first ``size`` entries' contents in order, in bounded memory.

    A place whose entry is gone, or a place that is gone itself, is empty: no entry's hash is that.
    """
    expected = 0
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_CONTENTS, [size])
        while rows := cursor.fetchmany(_ROWS):
            for place, content in rows:
                yield from (b"" for _ in range(expected, place))
                yield b"" if content is None else bytes(content)
                expected = place + 1
