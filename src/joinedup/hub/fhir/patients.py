"""Reading whom a caller asks about: a Patient, Parameters around one, or search parameters."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest, QueryDict

from joinedup.hub.api.problems import Problem
from joinedup.hub.fhir.answers import wrong
from joinedup.people.demographics import Demographics
from joinedup.standards.fhir import convert
from joinedup.standards.reading import Row
from joinedup.standards.records import Child

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
MOST = 3
"""Candidates for one answer, at most (data minimisation, UK GDPR Art. 5(1)(c))."""
_NEEDED = ("given", "family", "birth_date")

SEARCHED: Mapping[str, str] = {
    "identifier": "nhs_number",
    "family": "family",
    "given": "given",
    "birthdate": "birth_date",
    "gender": "gender",
    "address-postalcode": "postcode",
}
"""Search parameters, by the fields of ``people`` that they give."""
_BESIDE = frozenset({"_count", "_format", "active"})


class Question(NamedTuple):
    """What was asked: who, whether certain matches alone, and how many at most."""

    child: Demographics
    only_certain: bool
    most: int


def read_match(body: Mapping[str, Any]) -> Question:
    """Read a Patient, or Parameters that hold one; raises ``Problem`` 400."""
    if body.get("resourceType") == "Patient":
        return Question(_child(body), True, MOST)
    if body.get("resourceType") != "Parameters":
        raise wrong("invalid", "Send a Patient, or Parameters with the Patient as `resource`.")
    patient: Mapping[str, Any] | None = None
    only_certain, count = True, MOST
    given = body.get("parameter")
    for parameter in given if isinstance(given, list) else ():
        name = parameter.get("name") if isinstance(parameter, dict) else None
        if name == "resource" and isinstance(parameter.get("resource"), dict):
            patient = parameter["resource"]
        elif name == "onlyCertainMatches" and isinstance(parameter.get("valueBoolean"), bool):
            only_certain = parameter["valueBoolean"]
        elif name == "count" and type(value := parameter.get("valueInteger")) is int and value > 0:
            count = min(value, MOST)
        else:
            raise wrong(
                "invalid",
                "The parameters are resource (a Patient), onlyCertainMatches (valueBoolean) and "
                "count (valueInteger, 1 or more).",
            )
    if patient is None or patient.get("resourceType") != "Patient":
        raise wrong("required", "Parameters need a Patient as `resource`.")
    _refuse_modifiers({**body, "parameter": []})
    return Question(_child(patient), only_certain, count)


def read_search(request: HttpRequest) -> Demographics:
    """Read the form of a search; raises ``Problem`` 400.

    An address may hold ``_format`` alone: it is written into logs on its way.
    """
    if set(request.GET) - {"_format"}:
        raise wrong("security", "Send the search parameters in the body, not in the address.")
    form = request.POST
    fields = {name: _value(form, parameter) for parameter, name in SEARCHED.items()}
    if strange := set(form) - SEARCHED.keys() - _BESIDE:
        more = " Modifiers are not known here." if any(":" in each for each in strange) else ""
        known = ", ".join(SEARCHED)
        raise wrong("not-supported", f"The search parameters are {known} and _count.{more}")
    if form.get("active", "true") != "true":
        raise wrong("not-supported", "Only active=true is known here.")
    if not form.get("_count", "1").isdecimal():
        raise wrong("invalid", "_count is a whole number.")
    fields["nhs_number"] = _number(fields["nhs_number"])
    child = Demographics.read(fields)
    checks = child.checks()
    if bad := [each for each, name in SEARCHED.items() if fields[name] and not checks[name].value]:
        raise wrong("invalid", f"This cannot be read: {', '.join(bad)}.")
    if not child.nhs_number.value and not all(checks[name].value for name in _NEEDED):
        raise wrong("required", "Give an NHS number as identifier, or given, family and birthdate.")
    return child


def _value(form: QueryDict, parameter: str) -> str:
    values = form.getlist(parameter)
    if len(values) > 1 and parameter != "given":
        raise wrong("not-supported", f"{parameter} may be given once.")
    if any("," in each for each in values):
        raise wrong("not-supported", "Alternatives (values separated by commas) are not looked for")
    return " ".join(values).strip()


def _number(token: str) -> str:
    """The NHS number of a token, ``system|value``; raises ``Problem`` 404 for another system."""
    system, bar, value = token.rpartition("|")
    if bar and system != NHS_NUMBER:
        # IHE ITI-78 case 4.
        said = f"targetSystem not found. Numbers here are of {NHS_NUMBER}."
        raise Problem(404, "not-found", said, severity="warning")
    if bar and not value:
        raise wrong("not-supported", "Which identifiers are returned cannot be chosen: none are.")
    return value


def _child(patient: Mapping[str, Any]) -> Demographics:
    _refuse_modifiers(patient)
    fields: Mapping[str, str] = {}
    for found in convert(Row("Patient", 1, dict(patient))):
        if isinstance(found, Child):
            fields = found.fields
    child = Demographics.read(fields)
    checks = child.checks()
    if not all(checks[name].value for name in _NEEDED):
        raise wrong("required", "Given name, family name and birth date are needed, and valid.")
    return child


def _refuse_modifiers(element: Any) -> None:
    """Refuse what would change the meaning of the rest (FHIR R4, 2.4.0.2 modifier extensions)."""
    waiting = [element]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("modifierExtension") or one.get("implicitRules"):
                raise wrong("extension", "No modifierExtension or implicitRules is known here.")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
