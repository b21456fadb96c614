"""The accounts that prove that no row is lost."""

from collections.abc import Iterator

import pytest

from joinedup.standards import Child, Issue, Reading, Record
from joinedup.standards.reading import Input, Row, Unread, converted, one_by_one


def child(row: Row) -> Iterator[Record]:
    if row.content == "fails":
        raise KeyError("a value of the file")
    if row.content != "nothing":
        yield Child(str(row.content), {}, row.table, row.number)


def rows() -> Iterator[Input]:
    contents = ("one", "fails", "nothing", "two")
    yield [Row("t", number, content) for number, content in enumerate(contents, start=1)]
    yield Unread("t", 5, "row-empty", "3 rows from here on are empty.", rows=3)


def test_every_row_is_out_or_reported_whatever_its_conversion_does() -> None:
    reading = Reading("test", converted(rows(), one_by_one(child)))
    records = list(reading)
    count = reading.count
    assert (count.rows_in, count.rows_out, count.rows_reported) == (7, 2, 5)
    assert count.balanced
    codes = [record.rule_code for record in records if isinstance(record, Issue)]
    assert codes == ["read-failed", "row-unknown", "row-empty"]
    assert "a value of the file" not in str(records)


def test_a_failure_below_the_rows_is_reported_and_the_systems_own_is_raised() -> None:
    def broken(error: Exception) -> Iterator[Input]:
        yield [Row("t", 1, "one")]
        raise error

    reading = Reading("test", converted(broken(RuntimeError("x")), one_by_one(child)))
    assert [type(record) for record in reading] == [Child, Issue]
    with pytest.raises(PermissionError):
        list(Reading("test", converted(broken(PermissionError()), one_by_one(child))))
