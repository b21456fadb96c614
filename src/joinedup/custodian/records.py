"""Records of the published record types, made of what the agency's files say.

Only what the files hold is written; nothing is guessed, and what is not known is left out. The
schemas are ``standards.schemas``; every record is checked against its own before it leaves.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from joinedup.custodian.children import Happened, Held
from joinedup.custodian.config import Config, System
from joinedup.custodian.placement import RECORD_TYPE, placement, without_place
from joinedup.people.demographics import Demographics
from joinedup.standards.schemas import schema, validate

Payload = dict[str, Any]

_MOST: Final = 200  # entries of a list: the newest
_TEXT: Final = 500
_PLACE: Final = frozenset(
    {
        "address", "namesOfIndividualsResidingAtMainAddress", "educationSettingName",
        "educationSettingAddress", "educationSettingTelephone", "gpAddress", "gpTelephone",
        "registeredGP", "camhsContactAddress", "camhsContactTelephone",
    }
)  # fmt: skip
"""What tells where a child is (trust rule L16: no location, school, GP)."""

# What was done, in words that a practitioner of another agency understands.
_REFERRALS: Final = {
    "contact": "Contact",
    "social-care-episode": "Referral",
    "assessment": "Assessment (section 17)",
    "section-47-enquiry": "Section 47 enquiry",
    "initial-child-protection-conference": "Initial child protection conference",
    "child-in-need-plan": "Child in need plan",
    "child-protection-plan": "Child protection plan",
    "looked-after": "Looked after by the authority",
    "looked-after-episode": "Looked after by the authority",
}
_TEAMS: Final = {
    "child-protection-plan": "Child protection",
    "looked-after": "Children looked after",
    "looked-after-episode": "Children looked after",
    "child-in-need-plan": "Children in need",
    "care-leaver": "Leaving care",
}
_SETTINGS: Final = {"GP": "GP", "HOSPITAL": "Hospital", "COMMUNITY": "Community"}
_YOUTH_JUSTICE: Final = ("out-of-court", "youth-justice-order", "custody", "bail")
_RISKS: Final = {
    "sexual": "SexualExploitation",
    "criminal": "CriminalExploitation",
    "radicalisation": "Radicalisation",
    "trafficking": "ModernSlaveryAndTrafficking",
    "gang": "GangsAndYouthViolence",
}


class NoRecord(Exception):
    """No record of the type can be made of what is held; the text says why, without values."""


def has_record(record_type: str, child: Held, system: System) -> bool:
    """Whether there is anything of the type to say about a child."""
    return record_type in system.record_types and bool(_PAYLOADS[record_type](child, system))


def make_record(
    record_type: str,
    child: Held,
    system: System,
    config: Config,
    *,
    items: Iterable[str] = (),
    hide_place: bool = False,
) -> dict[str, Any]:
    """Give a whole record of a child whose number is known.

    ``items`` are the payload's fields that were asked for and may be given; what a schema must
    have is always there. Raises ``NoRecord``.
    """
    if not child.sui:
        raise NoRecord("the child's number is not known")
    payload = _PAYLOADS[record_type](child, system)
    if record_type == "childrens-services.details":
        payload["dutyContactDetails"] = [
            text for one in config.contacts for key in ("email", "telephone")
            if (text := one.get(key))
        ] or [config.contacts[0]["name"]]  # fmt: skip
    described = schema(record_type)
    if chosen := frozenset(items):
        keep = chosen | frozenset(described.get("required", ()))
        payload = {name: value for name, value in payload.items() if name in keep}
    if hide_place or child.is_shielded:
        payload = {name: value for name, value in payload.items() if name not in _PLACE}
        if record_type == RECORD_TYPE:
            payload = without_place(payload)
    if not payload:
        raise NoRecord("nothing of what was asked for is held")
    record = {
        "recordId": child.record_id,
        "personId": child.sui,
        "recordType": record_type,
        "version": 1,
        "schemaUri": described["$id"],
        "sourceSystem": system.name[:_TEXT],
        "lastUpdated": child.seen()[1],
        "contactDetails": [dict(one) for one in config.contacts],
        "payload": payload,
    }
    if problems := validate(record):
        first = problems[0]
        raise NoRecord(f"{first.field or 'the record'}: {first.rule_code}")
    return record


# ---------------------------------------------------------------------- one type each
def _personal(child: Held, system: System) -> Payload:
    read = Demographics.read(child.fields)
    family, born = child.fields.get("family", "").strip(), read.birth_date.value
    if not family or not isinstance(born, date):
        return {}
    payload: Payload = {"lastName": family[:_TEXT], "dateOfBirth": born.isoformat()}
    if given := child.fields.get("given", "").strip():
        payload["firstName"] = given[:_TEXT]
    if sex := {"male": "Male", "female": "Female"}.get(str(read.gender.value or "")):
        payload["birthAssignedSex"] = sex
    if ethnicity := child.details.get("ethnicity"):
        payload["ethnicity"] = str(ethnicity)[:_TEXT]
    if address := _address(child, str(read.postcode.value or "")):
        payload["address"] = address
    return payload


def _address(child: Held, postcode: str) -> Payload:
    lines = [str(child.details.get(name) or "").strip() for name in ("address_1", "address_2")]
    named = {
        "line1": lines[0],
        "line2": lines[1],
        "townOrCity": str(child.details.get("town") or "").strip(),
        "postcode": postcode,
    }
    return {name: text[:_TEXT] for name, text in named.items() if text}


def _childrens_services(child: Held, system: System) -> Payload:
    payload: Payload = {"dutyContactDetails": []}
    open_now = [event.kind for event in child.events if event.start and not event.end]
    teams = [_TEAMS[kind] for kind in _TEAMS if kind in open_now]
    if teams:
        payload["teamInvolvement"] = list(dict.fromkeys(teams))
    payload["childrensServicesReferrals"] = _listed(
        {"date": event.start.isoformat(), "type": _REFERRALS[event.kind]}
        for event in child.of_kind(*_REFERRALS)
        if event.start
    )
    return payload


def _education(child: Held, system: System) -> Payload:
    payload: Payload = {}
    if school := str(child.details.get("school") or "").strip():
        payload["educationSettingName"] = system.names.get(school, school)[:_TEXT]
    years: dict[int, Payload] = {}
    for event in child.of_kind("exclusion"):
        if event.start:
            year = _year(years, event.start)
            name = "exclusions" if event.facts.get("category") == "PERM" else "suspensions"
            year[name] = year.get(name, 0) + 1
    # The census says how many sessions were missed and not of how many: no percentage from it.
    for event in child.of_kind("attendance"):
        if "SessionsPossible" in event.facts:
            _of_transfer_file(years, event)
    for event in child.of_kind("on-roll"):
        if event.start:
            _year(years, event.start)
    if years:
        payload["yearlyEducationAttendances"] = _listed(
            years[start] for start in sorted(years, reverse=True)
        )
    return payload


def _of_transfer_file(years: dict[int, Payload], event: Happened) -> None:
    """A Common Transfer File's year: sessions possible, and absences with and without leave."""
    possible = _number(event.facts.get("SessionsPossible"))
    start = int(_number(event.facts.get("Year")))
    if possible <= 0 or not 1900 < start < 2200:
        return
    without_leave = _number(event.facts.get("SessionsUnauthorised"))
    absent = _number(event.facts.get("SessionsAuthorised")) + without_leave
    year = _year(years, date(start, 9, 1))
    year["attendancePercentage"] = _share(possible - absent, possible)
    year["unauthorisedAbsencePercentage"] = _share(without_leave, possible)


def _health(child: Held, system: System) -> Payload:
    payload: Payload = {}
    if practice := str(child.details.get("practice") or system.names.get("practice", "")).strip():
        payload["registeredGP"] = system.names.get(practice, practice)[:_TEXT]
    if not any(child.of_kind("appointment", "encounter", "immunisation", "flag")):
        return payload
    setting = _SETTINGS.get(system.names.get("setting", "").upper(), "Other")
    payload["missedAppointments"] = _listed(
        _with_reason({"date": event.start.isoformat(), "setting": setting}, event, "service")
        for event in child.of_kind("appointment")
        if event.start and event.facts.get("status") == "noshow"
    )
    payload["emergencyDepartmentAttendances"] = _listed(
        _with_reason({"date": event.start.isoformat()}, event, "reason")
        for event in child.of_kind("encounter")
        if event.start and event.facts.get("class") == "EMER"
    )
    return payload


def _crime_justice(child: Held, system: System) -> Payload:
    known_to = ["Police"] if any(e.kind not in _YOUTH_JUSTICE for e in child.events) else []
    if child.of_kind(*_YOUTH_JUSTICE):
        known_to.append("Youth justice service")
    if not known_to:
        return {}
    payload: Payload = {"servicesKnownTo": known_to}
    protections = [one.start for one in child.of_kind("police-protection") if one.start]
    if protections:
        payload["lastPoliceProtectionPowerEvent"] = max(protections).isoformat()
    payload["missingEpisodes"] = _listed(
        {"date": event.start.isoformat()} for event in child.of_kind("missing") if event.start
    )
    risks = (
        (event, code)
        for event in child.of_kind("exploitation")
        for word, code in _RISKS.items()
        if word in str(event.facts.get("risk") or "").lower()
    )
    found = _listed(
        {"date": event.start.isoformat(), "riskType": code} for event, code in risks if event.start
    )
    if found:
        payload["linkedCrimeRisks"] = found
    return payload


_PAYLOADS: Final[Mapping[str, Callable[[Held, System], Payload]]] = {
    "personal.details": _personal,
    "childrens-services.details": _childrens_services,
    "education.details": _education,
    "health.details": _health,
    "crime-justice.details": _crime_justice,
    "placement.details": placement,
}


def _listed(entries: Iterable[Payload]) -> list[Payload]:
    """The newest of a list; the same said by two files is said once."""
    found: list[Payload] = []
    for entry in entries:
        if entry not in found:
            found.append(entry)
        if len(found) == _MOST:
            break
    return found


def _year(years: dict[int, Payload], day: date) -> Payload:
    start = day.year if day.month >= 9 else day.year - 1
    return years.setdefault(
        start, {"academicTermYearStart": start, "academicTermYearEnd": start + 1}
    )


def _with_reason(entry: Payload, event: Happened, fact: str) -> Payload:
    reason = str(event.facts.get(fact) or "").strip()
    return {**entry, "reason": reason[:_TEXT]} if reason else entry


def _number(value: Any) -> float:
    try:
        return max(float(str(value)), 0.0)
    except ValueError:
        return 0.0


def _share(part: float, whole: float) -> float:
    return round(100 * min(max(part / whole, 0.0), 1.0), 1)
