"""An entry of the ledger as a FHIR AuditEvent, in the shape of IHE BALP. Pure.

The profile's ``agent.network`` is missing: the hub keeps no network addresses.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, NamedTuple
from uuid import UUID

from joinedup.hub.fhir.patients import NHS_NUMBER
from joinedup.hub.ledger.opening import Opened

Json = dict[str, Any]

ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
CLIENT, PERSON, ACTION, PURPOSE, ROLE = (
    f"urn:joinedup:{name}" for name in ("client", "person", "action", "purpose", "role")
)
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_OUTCOME = "0", "4", "8"  # success, minor failure (refused), serious failure
_SOURCE_ROLE = {"system": _DCM, "code": "110153", "display": "Source Role ID"}
_DESTINATION_ROLE = {"system": _DCM, "code": "110152", "display": "Destination Role ID"}
_RECIPIENT = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP",
    "display": "information recipient",
}  # fmt: skip
_CUSTODIAN = {"system": "http://snomed.info/sct", "code": "159541003", "display": "Custodian"}
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PERSON_ENTITY = {"system": _ENTITY_TYPE, "code": "1", "display": "Person"}
_SYSTEM_OBJECT = {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"}
_PATIENT_ROLE = {"system": _ENTITY_ROLE, "code": "1", "display": "Patient"}
_RESOURCE_ROLE = {"system": _ENTITY_ROLE, "code": "4", "display": "Domain Resource"}
_REQUEST_ID = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "code": "XrequestId",
}
# What an act is in FHIR's words: the interaction, and create, read, update, delete or execute.
_INTERACTIONS: Mapping[str, tuple[str, str]] = {
    "child.match": ("operation", "E"),
    "child.search": ("search-type", "E"),
    "record.find": ("search-type", "E"),
    "record.find.read": ("read", "R"),
    "record.fetch": ("read", "R"),
    "register.publish": ("update", "U"),
    "register.withdraw": ("delete", "D"),
}


class Reader(NamedTuple):
    """Who reads it: their ODS code, the hub's address, and the purposes' names."""

    organisation: str
    hub: str
    purposes: Mapping[str, str]


def audit_event(entry: Opened, reader: Reader) -> Json:
    """Give an entry as the reader may see it.

    Of its own acts an organisation sees all it was told; of those that were refused, nothing about
    the child, so that "not there" and "hidden" look alike. Of another's, who and why, and never
    which member of staff.
    """
    facts = entry.facts
    own = facts["organisation"] == reader.organisation
    status = facts["status"] or 200
    answered = status < 400
    interaction, action = _INTERACTIONS.get(facts["action"], ("operation", "E"))
    event: Json = {
        "resourceType": "AuditEvent",
        "id": str(entry.id),
        "type": _REST,
        "subtype": [
            {"system": _INTERACTION, "code": interaction},
            {"system": ACTION, "code": facts["action"]},
        ],
        "action": action,
        "recorded": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "outcome": _OUTCOME[0 if answered else 1 if status < 500 else 2],
    }
    if facts["purpose"]:
        event["purposeOfEvent"] = [_purpose(facts["purpose"], reader)]
    event["agent"] = _agents(entry, own, answered, reader)
    event["source"] = {
        "observer": {"identifier": {"value": reader.hub}},
        "type": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
                "code": "4",
                "display": "Application Server",
            }
        ],
    }
    event["entity"] = _entities(entry, own, answered, reader)
    return event


def _agents(entry: Opened, own: bool, answered: bool, reader: Reader) -> list[Json]:
    facts = entry.facts
    person = (entry.personal or {}).get("person", "")
    agents: list[Json] = []
    if facts["organisation"]:
        agents.append(_agent(_DESTINATION_ROLE, ODS_CODE, facts["organisation"]))
    if own and facts["client"]:
        agents.append(_agent(_DESTINATION_ROLE, CLIENT, facts["client"]))
    if facts["role"] or (own and person):
        user = _agent(_RECIPIENT, PERSON, person) if own and person else _nameless(_RECIPIENT)
        if facts["role"]:
            roles = [{"coding": [{"system": ROLE, "code": facts["role"]}]}]
            user = {"type": user.pop("type"), "role": roles, **user}
        agents.append(user)
    # Exactly one agent began it: the last named of those above.
    for at, agent in enumerate(agents):
        agent["requestor"] = at == len(agents) - 1
    agents.append({**_agent(_SOURCE_ROLE, "", reader.hub), "requestor": False})
    if answered and reader.organisation in facts["holders"]:
        custodian = _agent(_CUSTODIAN, ODS_CODE, reader.organisation)
        agents.append({**custodian, "requestor": False})
    return agents


def _agent(kind: Json, system: str, value: str) -> Json:
    identifier = {"system": system, "value": value} if system else {"value": value}
    return {"type": {"coding": [kind]}, "who": {"identifier": identifier}}


def _nameless(kind: Json) -> Json:
    return {"type": {"coding": [kind]}, "who": {"display": "A member of staff"}}


def _entities(entry: Opened, own: bool, answered: bool, reader: Reader) -> list[Json]:
    facts = entry.facts
    entities: list[Json] = []
    subject = (entry.personal or {}).get("subject", "")
    if subject and answered:
        what = {"type": "Patient", "identifier": patient(subject)}
        entities.append({"what": what, "type": _PERSON_ENTITY, "role": _PATIENT_ROLE})
    if facts["correlation_id"]:
        what = {"identifier": {"value": facts["correlation_id"]}}
        entities.append({"what": what, "type": _REQUEST_ID})
    if answered and (details := _details(facts, own, reader)):
        entities.append({"type": _SYSTEM_OBJECT, "role": _RESOURCE_ROLE, "detail": details})
    return entities


def _details(facts: Mapping[str, Any], own: bool, reader: Reader) -> list[Json]:
    """What was revealed, by names.

    Whoever asked may have been told of a service without its name, and an answer from several
    custodians is not for each of them to see: the record's type is for its only holder.
    """
    only_holder = list(facts["holders"]) == [reader.organisation]
    found = []
    if own or only_holder:
        found += [{"type": "field", "valueString": each} for each in facts["fields"]]
        if facts["results"] is not None:
            found.append({"type": "results", "valueString": str(facts["results"])})
    if only_holder:
        found += [{"type": "record-type", "valueString": each} for each in facts["record_types"]]
    return found


def patient(subject: str) -> Json:
    """How a child is named: by an NHS number, or by the hub's identity."""
    try:
        return {"system": "urn:ietf:rfc:3986", "value": UUID(subject).urn}
    except ValueError:
        return {"system": NHS_NUMBER, "value": subject}


def _purpose(purpose: str, reader: Reader) -> Json:
    """A purpose of the catalogue by its code; a client's own words as words."""
    if purpose not in reader.purposes:
        return {"text": purpose}
    coding = {"system": PURPOSE, "code": purpose, "display": reader.purposes[purpose]}
    return {"coding": [coding]}
