"""Agency files in: children, events and issues, whatever the agency's system writes.

``read(path)`` recognises the standard from the file itself and streams what it holds:

    for record in (reading := read("cin.xml")):
        ...
    assert reading.count.balanced

``tabular.open_table`` reads one table whose every row must come out again with a result.
"""

from joinedup.standards.reading import Count, Reading
from joinedup.standards.records import Child, Event, Issue, Record, Severity
from joinedup.standards.registry import STANDARDS, read, recognise

__all__ = [
    "STANDARDS",
    "Child",
    "Count",
    "Event",
    "Issue",
    "Reading",
    "Record",
    "Severity",
    "read",
    "recognise",
]
