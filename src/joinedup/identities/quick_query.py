"""A statement that is asked thousands of times a second, without a cursor's work around it."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import cast
from weakref import WeakSet

from psycopg import Connection, Error, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow


class QuickQuery:
    """One prepared statement, asked over libpq itself (`psycopg.pq`).

    Values go and come as bytes, in PostgreSQL's binary format unless another is said. It takes
    less than half of the processor time that a cursor takes around the same question.
    """

    def __init__(
        self, statement: str, types: Sequence[int] = (), format: Format = Format.BINARY
    ) -> None:
        """Take a statement with ``$1``, ``$2``... and the object ids of their types.

        Without types PostgreSQL finds them itself.
        """
        self._statement = statement.encode()
        self._types = list(types)
        self._format = format
        self._name = blake2b(self._statement, digest_size=8).hexdigest().encode()
        self._prepared: WeakSet[Connection[TupleRow]] = WeakSet()

    def may_ask(self, conn: Connection[TupleRow]) -> bool:
        """Say whether a connection is where it can answer: in a transaction, not in a pipeline.

        What begins a transaction, and what waits in a pipeline, is the connection's own to do.
        """
        return conn.pgconn.pipeline_status == PipelineStatus.OFF and (
            conn.autocommit or conn.pgconn.transaction_status == TransactionStatus.INTRANS
        )

    def rows(self, conn: Connection[TupleRow], values: Sequence[bytes]) -> list[list[bytes | None]]:
        """Ask, and give the rows. Raises ``psycopg.Error``."""
        result = self.ask(conn, values)
        columns = range(result.nfields)
        value = result.get_value
        return [[value(row, column) for column in columns] for row in range(result.ntuples)]

    def ask(self, conn: Connection[TupleRow], values: Sequence[bytes | None]) -> PGresult:
        """Ask, and give the result as libpq has it. Raises ``psycopg.Error``."""
        pgconn = conn.pgconn
        with conn.lock:
            if conn not in self._prepared:
                made = pgconn.prepare(self._name, self._statement, self._types)
                if made.status != ExecStatus.COMMAND_OK:
                    raise _failure(conn, made)
                self._prepared.add(conn)
            formats = [self._format] * len(values)
            given = cast("list[bytes]", list(values))  # None as well, whatever its types say
            result = pgconn.exec_prepared(self._name, given, formats, self._format)
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise _failure(conn, result)
        return result


def _failure(conn: Connection[TupleRow], result: PGresult) -> Error:
    """Give what psycopg raises; of a connection that is lost the result itself does not tell."""
    error = error_from_result(result)
    return OperationalError(str(error)) if conn.closed else error
