"""Police and youth justice events in Joinedup's own contract: police as CSV, the others as JSON."""

from collections.abc import Iterator

import orjson

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import ethnicity
from joinedup.simulate.formats.form import Form, Setting, csv_form, csv_lines
from joinedup.simulate.formats.occurrences import Occurrence, Police

_COLUMNS = (
    "person_ref", "given", "family", "birth_date", "gender", "postcode", "phone", "nhs_number",
    "upn", "other_names", "ethnicity", "event_ref", "event_type", "event_date", "end_date", "role",
    "grade",
)  # fmt: skip
POLICE = "police/events.csv"
JUSTICE = "police/youth_justice.json"
FORMS = (
    csv_form(POLICE, _COLUMNS),
    Form(JUSTICE, head='{"events": [\n', between=",\n", tail="\n]}\n"),
)


def render(setting: Setting, police: Police) -> dict[str, bytes]:
    """A block's part of both files."""
    rows = setting.rows["police"]
    lines = [line for row in rows for line in _lines(setting, row, police.of(row), "P", "%d/%m/%Y")]
    justice = [
        orjson.dumps({k: v for k, v in zip(_COLUMNS, line, strict=True) if v})
        for row in rows
        for line in _lines(setting, row, police.justice(row), "J", "%Y-%m-%d")
    ]
    return {POLICE: csv_lines(lines) if lines else b"", JUSTICE: b",\n".join(justice)}


def _lines(
    setting: Setting, row: Row, occurrences: list[Occurrence], letter: str, style: str
) -> Iterator[tuple[str, ...]]:
    """An event a line, each with who the child is as the police wrote it down."""
    values = row.values
    code = ethnicity(setting, row) if occurrences else ""
    for nth, event in enumerate(occurrences, start=1):
        yield (
            row.id, values["given"], values["family"], values["birth_date"], values["gender"],
            values["postcode"], values["phone"], values["nhs_number"], values["upn"], "", code,
            f"{row.id}-{letter}{nth}", event.kind, event.start.strftime(style),
            event.end.strftime(style) if event.end else "", event.role, event.grade,
        )  # fmt: skip
