"""Invented people for the emulator's tests, as FHIR resources."""

import json
from itertools import count, islice
from pathlib import Path
from typing import Any

from joinedup.people.nhs_number import well_formed

Json = dict[str, Any]


def numbers(how_many: int, start: int = 9_990_000_000) -> list[str]:
    return list(islice((str(n) for n in count(start) if well_formed(str(n))), how_many))


def patient(nhs_number: str, **parts: Any) -> Json:
    """A Patient: Jack SMITH, male, 2012-03-04, LS1 4AP, unless told otherwise (None: left out)."""
    whole: Json = {
        "resourceType": "Patient",
        "id": nhs_number,
        "meta": {"versionId": "3", "security": [{"code": parts.pop("security", "U")}]},
        "name": [name("Smith", "Jack")],
        "gender": "male",
        "birthDate": "2012-03-04",
        "address": [address("LS1 4AP")],
        "telecom": [phone("01632 960587"), email("jack@example.com")],
        "generalPractitioner": [
            {
                "type": "Organization",
                "identifier": {
                    "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                    "value": "A20047",
                },
            }
        ],
    }
    whole.update(parts)
    return {key: value for key, value in whole.items() if value is not None}


def name(family: str, *given: str, use: str = "usual", **parts: Any) -> Json:
    return {"use": use, "family": family, "given": list(given), **parts}


def address(postcode: str, end: str | None = None, use: str = "home") -> Json:
    out: Json = {"use": use, "line": ["1 Boar Lane", "Leeds"], "postalCode": postcode}
    return {**out, "period": {"start": "2001-01-01", "end": end}} if end else out


def phone(value: str, end: str | None = None) -> Json:
    out = {"system": "phone", "value": value, "use": "home"}
    return {**out, "period": {"start": "2001-01-01", "end": end}} if end else out


def email(value: str, end: str | None = None) -> Json:
    return {**phone(value, end), "system": "email"}


def write(folder: Path, *resources: Json) -> Path:
    file = folder / "people.ndjson"
    file.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    return file
