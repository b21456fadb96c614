"""Files of records, as one of the standards that ``joinedup check`` reads.

One record, a list of them, an object that holds them under ``records``, or one a line. A record
is a child (by its number, and by name where the payload says it) and the dated facts within it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from joinedup.standards.dates import read_date
from joinedup.standards.head import Head
from joinedup.standards.json_rows import json_rows
from joinedup.standards.plan import Table
from joinedup.standards.reading import Row, converted, one_by_one
from joinedup.standards.records import Child, Event, Issue, Record, Severity
from joinedup.standards.schemas.catalogue import RECORD_TYPES
from joinedup.standards.schemas.validation import is_record, validate
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text

_LISTS: Final = frozenset({"records"})
_TABLE: Final = "Records"
_MARKS: Final = frozenset({"recordType", "schemaUri", "payload", "recordId", "personId"})
# Field of ``people`` by where a record says it.
_IDENTITY: Final = {
    "personId": "nhs_number",
    "payload.firstName": "given",
    "payload.lastName": "family",
    "payload.dateOfBirth": "birth_date",
    "payload.birthAssignedSex": "gender",
    "payload.address.postcode": "postcode",
}
# Kind of event by the payload's list of dated facts.
_EVENTS: Final = {
    "childrensServicesReferrals": "referral",
    "missedAppointments": "missed-appointment",
    "emergencyDepartmentAttendances": "emergency-attendance",
    "missingEpisodes": "missing",
    "linkedCrimeRisks": "crime-risk",
}
# A child may have several records of a type, in several systems.
_TABLES: Final = {
    name: Table(
        name, frozenset(), ("personId",), start=("date", "startDate"), end=("endDate",),
        repeats=True, fields={field: (path,) for path, field in _IDENTITY.items()},
    )
    for name in (*RECORD_TYPES, _TABLE)
}  # fmt: skip


def _recognise(head: Head) -> float:
    return 1.0 if len(head.keys & _MARKS) > 2 else 0.0


def _open(head: Head, options: Options) -> Opened:
    rows = json_rows(Text(head.path, head.data), _LISTS, _TABLE)
    return Opened(converted(rows, one_by_one(_records)), _TABLES)


def _records(row: Row) -> Iterator[Record]:
    """What is wrong with a record, and what can be read of it all the same."""
    document = row.content
    kind, child_id = _text(document, "recordType"), _text(document, "personId")
    table = kind if kind in RECORD_TYPES else _TABLE
    problems = validate(document)
    for problem in problems:
        yield Issue(
            child_id, table, (problem.field,) if problem.field else (), row.number,
            problem.rule_code, Severity.ERROR, problem.description,
        )  # fmt: skip
    if not is_record(document):
        return
    # What has been reported once is not read, so that the checks of all files do not repeat it.
    wrong = {problem.field for problem in problems}
    read = {field: _text(document, path) for path, field in _IDENTITY.items() if path not in wrong}
    record_id = _text(document, "recordId")
    yield Child(
        child_id, {field: text for field, text in read.items() if text}, table, row.number,
        {"record_id": record_id} if record_id else {}, whole=table == "personal.details",
    )  # fmt: skip
    for kind, start, end, facts in _events(document, table, wrong):
        yield Event(kind, child_id, start, end, facts, table, row.number)


def _events(
    document: Mapping[str, Any], table: str, wrong: set[str]
) -> Iterator[tuple[str, date | None, date | None, Mapping[str, Any]]]:
    """Kind, first and last day, and facts of every dated fact in a record."""
    payload = document.get("payload")
    if not isinstance(payload, Mapping):
        return
    for name, kind in _EVENTS.items():
        listed = payload.get(name)
        for fact in listed if isinstance(listed, list) else ():
            if isinstance(fact, Mapping):
                yield kind, read_date(_text(fact, "date")), None, fact
    if table == "placement.details" and (start := read_date(_text(payload, "startDate"))):
        ended = "" if "payload.endDate" in wrong else _text(payload, "endDate")
        yield "placement", start, read_date(ended), payload


def _text(value: Any, path: str) -> str:
    """The text at the end of a path of names, "" where there is none."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


STANDARD = Standard("record", "Records of the published record types (JSON)", _recognise, _open)
