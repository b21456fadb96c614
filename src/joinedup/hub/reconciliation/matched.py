"""Cases of a file's rows that `joinedup match` gave no number, and their answers as a file."""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.reconciliation.cases import WHY, collected, same_question
from joinedup.hub.reconciliation.models import WAITING, Action, CaseEntry, Kind, ReviewCase
from joinedup.identify.outcome import Status
from joinedup.people.demographics import FIELDS
from joinedup.standards.columns import RECORD_ID, TableError
from joinedup.standards.output import ResultFile
from joinedup.standards.tabular import Row, Table, open_table

ANSWERS = ("source", "id", "status", "decision", "note", "nhs_number")
RECORD_TYPE = "file"


def open_from_matched(path: Path, organisation: Organisation) -> tuple[int, int]:
    """Open a case for each row of `joinedup match`'s output that has no number.

    Gives how many were opened, and how many joined a case about the same question. Raises
    ``TableError``.
    """
    table = open_table(path)
    status, reason = _column(table, "SUI_Status"), _column(table, "SUI_Reason")
    opened = known = 0
    for row in table:
        outcome = row.cells[status]
        if row.fields and outcome in WHY:
            new = _open(row, path.stem, Status(outcome), row.cells[reason], organisation)
            opened, known = opened + new, known + (not new)
    return opened, known


def _column(table: Table, name: str) -> int:
    """Find a result column of a run, which a table that is read calls an earlier one's."""
    places = [at for at, each in enumerate(table.columns.headings) if name in each]
    if not places:
        raise TableError(f"{table.path.name} has no {name}: give what `joinedup match` wrote.")
    return places[-1]


def _open(row: Row, source: str, outcome: Status, reason: str, organisation: Organisation) -> bool:
    details = {field: row.fields[field] for field in FIELDS if row.fields.get(field)}
    name = [source, row.fields.get(RECORD_ID) or f"row {row.number}"]
    given: dict[str, Any] = {
        "kind": Kind.IDENTIFIER,
        "opened_at": timezone.now(),
        "outcome": outcome.value,
        "reason": WHY[outcome],
        "reasons": [reason] if reason else [],
        "details": details,
    }
    with transaction.atomic():
        case, new = ReviewCase.objects.select_for_update().get_or_create(
            organisation=organisation,
            about=same_question(organisation.pk, details),
            status__in=WAITING,
            defaults=given,
        )
        if name not in case.records:
            case.records = [*case.records, name]
            case.save(update_fields=["records"])
        if new:
            CaseEntry.objects.create(case=case, action=Action.OPENED)
    return new


def write_answers(path: Path, organisation: Organisation) -> int:
    """Write what has come of a file's rows; gives how many have a number.

    That the numbers were collected is on record before the file is there.
    """
    found = 0
    cases = ReviewCase.objects.filter(organisation=organisation, kind=Kind.IDENTIFIER)
    with ResultFile(path, ANSWERS) as file:
        for case in cases.exclude(records=[]).select_related("answered_by"):
            for source, id in case.records:
                file.write([source, id, case.status, case.decision, case.note, case.nhs_number])
            if case.nhs_number:
                collected(case, None)
                found += 1
        file.commit()
    return found
