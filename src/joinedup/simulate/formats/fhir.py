"""FHIR R4 from a health system: a bundle a patient, one a line."""

from datetime import datetime
from typing import Any

import orjson

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import iso
from joinedup.simulate.formats.form import Form
from joinedup.simulate.formats.health_care import (
    Appointment,
    Emergency,
    Flag,
    HealthCare,
    Immunisation,
)

PATH = "health/fhir_bundles.ndjson"
FORM = Form(PATH)
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
# A namespace of our own: RFC 2606 keeps .example for what is not there.
_LOCAL = "https://trust.example/Id/local-patient-identifier"
_SNOMED = "http://snomed.info/sct"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_EMERGENCY = {
    "coding": [
        {"system": _SNOMED, "code": "4525004", "display": "Emergency department patient visit"}
    ]
}
_SECURITY = {"R": "restricted", "V": "very restricted"}
_GENDERS = {"1": "male", "2": "female", "9": "unknown"}

Json = dict[str, Any]


def render(cared: list[tuple[Row, HealthCare]]) -> bytes:
    """A block's bundles."""
    return b"".join(
        orjson.dumps(bundle(row, care), option=orjson.OPT_APPEND_NEWLINE) for row, care in cared
    )


def bundle(row: Row, care: HealthCare) -> Json:
    """A patient and all that was done."""
    reference = {"reference": f"Patient/{row.id}"}
    resources = [_patient(row)]
    for nth, given in enumerate(care.immunisations, start=1):
        resources.append(_immunisation(f"{row.id}-I{nth}", reference, given))
    for nth, visit in enumerate(care.emergencies, start=1):
        resources.append(_encounter(f"{row.id}-E{nth}", reference, visit))
    for nth, appointment in enumerate(care.appointments, start=1):
        resources.append(_appointment(f"{row.id}-A{nth}", reference, appointment))
    for nth, flag in enumerate(care.flags, start=1):
        resources.append(_flag(f"{row.id}-F{nth}", reference, flag))
    return {
        "resourceType": "Bundle", "id": row.id, "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    }  # fmt: skip


def _patient(row: Row) -> Json:
    values, security = row.values, row.person.security
    patient: Json = {"resourceType": "Patient", "id": row.id}
    # A system that traced the number at the PDS has the flag with it.
    if values["nhs_number"] and security in _SECURITY:
        label = {"system": _CONFIDENTIALITY, "code": security, "display": _SECURITY[security]}
        patient["meta"] = {"security": [label]}
    identifiers = [{"system": _LOCAL, "value": row.id}]
    if values["nhs_number"]:
        identifiers.insert(0, {"system": _NHS_NUMBER, "value": values["nhs_number"]})
    patient["identifier"] = identifiers
    name: Json = {"use": "official"}
    if values["family"]:
        name["family"] = values["family"]
    if values["given"]:
        name["given"] = values["given"].split()
    patient["name"] = [name]
    telecom = [
        {"system": system, "value": values[field], "use": "home"}
        for field, system in (("phone", "phone"), ("email", "email"))
        if values[field]
    ]
    if telecom:
        patient["telecom"] = telecom
    patient["gender"] = _GENDERS[values["gender"]]
    if born := iso(row):
        patient["birthDate"] = born
    if row.person.died:
        patient["deceasedDateTime"] = row.person.died.isoformat()
    if address := _address(row):
        patient["address"] = [{"use": "home", **address}]
    return patient


def _address(row: Row) -> Json:
    """The home on file, with its lines; a row may have these without a postcode."""
    address: Json = {}
    if row.lines:
        *lines, town, _county = row.lines
        address = {"line": [line for line in lines if line], "city": town}
    if row.values["postcode"]:
        address["postalCode"] = row.values["postcode"]
    return address


def _immunisation(key: str, patient: Json, given: Immunisation) -> Json:
    diseases = [{"coding": [{"system": _SNOMED, "code": code}]} for code in given.diseases]
    return {
        "resourceType": "Immunization", "id": key, "status": "completed",
        "vaccineCode": {"text": given.vaccine}, "patient": patient,
        "occurrenceDateTime": given.day.isoformat(),
        "protocolApplied": [{"targetDisease": diseases, "doseNumberPositiveInt": given.dose}],
    }  # fmt: skip


def _encounter(key: str, patient: Json, visit: Emergency) -> Json:
    return {
        "resourceType": "Encounter", "id": key, "status": "finished",
        "class": {"system": _ACT_CODE, "code": "EMER", "display": "emergency"},
        "type": [_EMERGENCY], "subject": patient,
        "period": {"start": _instant(visit.start), "end": _instant(visit.end)},
        "reasonCode": [{"text": visit.reason}],
    }  # fmt: skip


def _appointment(key: str, patient: Json, appointment: Appointment) -> Json:
    return {
        "resourceType": "Appointment", "id": key, "status": appointment.status,
        "serviceType": [{"text": appointment.service}],
        "start": _instant(appointment.start), "end": _instant(appointment.end),
        "participant": [{"actor": patient, "status": "accepted"}],
    }  # fmt: skip


def _flag(key: str, patient: Json, flag: Flag) -> Json:
    period = {"start": flag.start.isoformat()}
    if flag.end:
        period["end"] = flag.end.isoformat()
    return {
        "resourceType": "Flag", "id": key, "status": "inactive" if flag.end else "active",
        "code": {"text": flag.text}, "subject": patient, "period": period,
    }  # fmt: skip


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
