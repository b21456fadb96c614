"""FHIR R4 from health systems: a Bundle of any size, or resources or bundles one a line.

Patient, Encounter, Immunization, Flag and Appointment are read (UK Core profiles or plain R4);
any other resource is counted and reported as not read.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from joinedup.standards.dates import read_date
from joinedup.standards.head import Head
from joinedup.standards.json_rows import json_rows
from joinedup.standards.reading import Row, converted, one_by_one
from joinedup.standards.records import Child, Event, Issue, Record, Severity
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text

_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
# HL7 confidentiality codes that the NHS uses on a patient: restricted, very restricted.
_SHIELDS = frozenset({"R", "V", "REDACTED"})

_LONGEST = 20_000

Json = Mapping[str, Any]


def _recognise(head: Head) -> float:
    if "resourceType" not in head.keys:
        return 0.0
    return 1.0 if '"Bundle"' in head.text or '"Patient"' in head.text else 0.8


def _open(head: Head, options: Options) -> Opened:
    rows = json_rows(Text(head.path, head.data), frozenset({"entry"}), "entry")
    return Opened(converted(rows, one_by_one(convert)), {})


def convert(row: Row) -> Iterator[Record]:
    """The record of one bundle entry or resource."""
    entry: Json = row.content
    resource = entry if "resourceType" in entry else _object(entry.get("resource"))
    kind = _text(resource.get("resourceType"))
    if kind == "Patient":
        yield from _patient(resource, _tail(_text(entry.get("fullUrl"))), row.number)
    elif kind in _EVENTS:
        yield from _event(kind, resource, row.number)
    else:
        yield Issue(
            "", "entry", (), row.number, "resource-not-read", Severity.NOTE,
            "This entry is a resource of another type than Patient, Encounter, Immunization, Flag "
            "or Appointment; it was not read.",
        )  # fmt: skip


def _patient(patient: Json, full_url: str, row: int) -> Iterator[Record]:
    name = _name(patient)
    address = _current(_objects(patient.get("address")), ("home", ""))
    fields = {
        "given": " ".join(_texts(name.get("given"))),
        "family": _text(name.get("family")),
        "birth_date": _text(patient.get("birthDate")),
        "gender": _text(patient.get("gender")),
        "postcode": _text(address.get("postalCode")),
    }
    for system in ("phone", "email"):
        contacts = [
            point for point in _objects(patient.get("telecom")) if point.get("system") == system
        ]
        fields[system] = _text(_current(contacts, ("mobile", "home", "")).get("value"))
    local_ids: dict[str, str] = {}
    for identifier in _objects(patient.get("identifier")):
        system, value = _text(identifier.get("system")), _text(identifier.get("value"))
        if system == _NHS_NUMBER:
            fields.setdefault("nhs_number", value)
        elif value:
            local_ids.setdefault(system.rstrip("/").rpartition("/")[2] or "identifier", value)
    details: dict[str, Any] = {}
    if died := _text(patient.get("deceasedDateTime")):
        details["death_date"] = died
    others = [_text(n.get("family")) for n in _objects(patient.get("name")) if n is not name]
    if any(others):
        details["other_families"] = [other for other in others if other]
    security = _objects(_object(patient.get("meta")).get("security"))
    if shields := {_text(label.get("code")) for label in security} & _SHIELDS:
        details["shield"] = "V" if "V" in shields else "R"
    yield Child(
        full_url if full_url.startswith("urn:") else _text(patient.get("id")) or full_url,
        {field: text for field, text in fields.items() if text},
        "Patient", row, local_ids, details,
    )  # fmt: skip
    if not name:
        yield _issue("", row, "Patient", ("name",), "value-missing", "There is no name.")


def _name(patient: Json) -> Json:
    names = _objects(patient.get("name"))
    return _current(names, ("official", "usual", ""))


def _current(found: list[Json], uses: tuple[str, ...]) -> Json:
    """The first that is not over, by the order of uses."""
    live = [item for item in found if not _object(item.get("period")).get("end")] or found
    for use in uses:
        for item in live:
            if _text(item.get("use")) == use:
                return item
    return live[0] if live else {}


def _encounter(resource: Json) -> tuple[Any, str, str, dict[str, str]]:
    period = _object(resource.get("period"))
    facts = {
        "class": _text(_object(resource.get("class")).get("code")),
        "type": _concept(next(iter(_objects(resource.get("type"))), {})),
        "provider": _reference(resource.get("serviceProvider")),
    }
    return resource.get("subject"), _text(period.get("start")), _text(period.get("end")), facts


def _immunization(resource: Json) -> tuple[Any, str, str, dict[str, str]]:
    facts = {
        "vaccine": _concept(_object(resource.get("vaccineCode"))),
        "lot": _text(resource.get("lotNumber")),
    }
    return resource.get("patient"), _text(resource.get("occurrenceDateTime")), "", facts


def _flag(resource: Json) -> tuple[Any, str, str, dict[str, str]]:
    period = _object(resource.get("period"))
    facts = {"flag": _concept(_object(resource.get("code")))}
    return resource.get("subject"), _text(period.get("start")), _text(period.get("end")), facts


def _appointment(resource: Json) -> tuple[Any, str, str, dict[str, str]]:
    actors = [_object(part.get("actor")) for part in _objects(resource.get("participant"))]
    patient = next((a for a in actors if "Patient" in _text(a.get("reference"))), None)
    if patient is None:
        patient = next((a for a in actors if "urn:uuid" in _text(a.get("reference"))), None)
    facts = {"service": _concept(next(iter(_objects(resource.get("serviceType"))), {}))}
    return patient, _text(resource.get("start")), _text(resource.get("end")), facts


_Reader = Callable[[Json], tuple[Any, str, str, dict[str, str]]]
_EVENTS: dict[str, tuple[str, _Reader]] = {
    "Encounter": ("encounter", _encounter),
    "Immunization": ("immunisation", _immunization),
    "Flag": ("flag", _flag),
    "Appointment": ("appointment", _appointment),
}


def _event(type_: str, resource: Json, row: int) -> Iterator[Record]:
    kind, reader = _EVENTS[type_]
    subject, start, end, facts = reader(resource)
    child = _reference(subject)
    facts["status"] = _text(resource.get("status"))
    yield Event(
        kind, child, read_date(start), read_date(end),
        {name: text for name, text in facts.items() if text},
        type_, row, _text(resource.get("id")),
    )  # fmt: skip
    if not child:
        yield _issue(
            child, row, type_, ("subject",), "value-missing", "It does not say which patient."
        )
    for text in (start, end):
        if text and read_date(text) is None:
            yield _issue(
                child, row, type_, ("period",), "date-unreadable", "A date of it is no full date."
            )
    if not start:
        yield _issue(child, row, type_, ("period",), "value-missing", "It has no date.")


def _issue(
    child: str, row: int, table: str, columns: tuple[str, ...], rule: str, text: str
) -> Issue:
    return Issue(child, table, columns, row, rule, Severity.ERROR, text)


def _reference(value: Any) -> str:
    """Whom a reference points to: the id, or the NHS number it carries instead."""
    reference = _object(value)
    target = _tail(_text(reference.get("reference")))
    return target or _text(_object(reference.get("identifier")).get("value"))


def _tail(reference: str) -> str:
    return reference if reference.startswith("urn:") else reference.rpartition("/")[2]


def _concept(concept: Json) -> str:
    coding = next(iter(_objects(concept.get("coding"))), {})
    return _text(coding.get("code")) or _text(concept.get("text"))


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def _text(value: Any) -> str:
    if type(value) is str:  # nearly always
        return value.strip()[:_LONGEST]
    if isinstance(value, bool) or value is None:
        return ""
    return str(value).strip()[:_LONGEST] if isinstance(value, str | int | float) else ""


STANDARD = Standard("fhir", "FHIR R4 bundle or resources (JSON)", _recognise, _open)
