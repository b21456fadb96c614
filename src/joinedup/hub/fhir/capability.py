"""``GET /fhir/R4/metadata``: what of FHIR is spoken here, as a CapabilityStatement."""

from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from joinedup.hub.api.tokens import token_url
from joinedup.hub.fhir import formats
from joinedup.hub.fhir.answers import answering
from joinedup.hub.fhir.patients import SEARCHED

_DATE = "2026-11-23"
_TYPES = {"identifier": "token", "birthdate": "date", "gender": "token"}
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_PDQM = "https://profiles.ihe.net/ITI/PDQm/"
_NO_ADDRESS = "By POST alone: a child's details are in no address."


@answering("GET")
def metadata(request: HttpRequest) -> dict[str, Any]:
    """Say what there is. Needs no token (FHIR R4, 3.1.0.9)."""
    return {
        "resourceType": "CapabilityStatement",
        "name": "JoinedupHub",
        "title": "Joinedup hub",
        "status": "active",
        "date": _DATE,
        "description": "Which known child fits, and the audit of who did what.",
        "kind": "instance",
        "software": {"name": "Joinedup", "version": version("joinedup")},
        "implementation": {"description": "Joinedup hub", "url": f"{settings.HUB_URL}/fhir/R4"},
        "fhirVersion": "4.0.1",
        "format": list(formats.ALL),
        "rest": [
            {
                "mode": "server",
                "security": {
                    "extension": [
                        {
                            "url": _OAUTH,
                            "extension": [{"url": "token", "valueUri": token_url()}],
                        }
                    ],
                    "service": [{"text": "OAuth 2.0 client credentials, private_key_jwt"}],
                    "description": "Scopes: match for Patient, audit for AuditEvent.",
                },
                "resource": [_patient(), _audit_event()],
            }
        ],
    }


def _patient() -> dict[str, Any]:
    return {
        "type": "Patient",
        "interaction": [{"code": "search-type", "documentation": _NO_ADDRESS}],
        "searchParam": [
            {"name": name, "type": _TYPES.get(name, "string")} for name in SEARCHED
        ],
        "operation": [
            {
                "name": "match",
                "definition": "http://hl7.org/fhir/OperationDefinition/Patient-match",
                "documentation": f"IHE PDQm ITI-119: {_PDQM}ITI-119.html",
            }
        ],
    }  # fmt: skip


def _audit_event() -> dict[str, Any]:
    return {
        "type": "AuditEvent",
        "interaction": [
            {"code": "search-type", "documentation": f"A child is named {_NO_ADDRESS.lower()}"}
        ],
        "searchParam": [
            {"name": "date", "type": "date"},
            {"name": "entity", "type": "reference"},
            {"name": "patient", "type": "reference"},
            {"name": "agent", "type": "reference"},
        ],
    }
