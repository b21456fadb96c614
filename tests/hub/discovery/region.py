"""A small region: who is there, who has agreed what, and everybody's systems."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from joinedup.hub.agreements import publishing as agreements
from joinedup.hub.discovery.circle import Searcher, Why
from joinedup.hub.organisations.models import MachineClient, Organisation
from joinedup.hub.register import publishing as register
from joinedup.people.nhs_number import check_digit
from tests.hub.conftest import YEAR
from tests.hub.machine import RSA, Machine

SCOPES = [
    "find-record.write", "find-record.read", "fetch-record.read",
    "work-item.read", "work-item.write", "register.write", "audit",
]  # fmt: skip
EDUCATION, HEALTH = "education.details", "health.details"
CARE, POLICE = "childrens-services.details", "crime-justice.details"
ALL = [EDUCATION, HEALTH, CARE, POLICE]
PURPOSE, BASIS = "section-47", "public-task"
WHY = Why(PURPOSE, BASIS, "A referral this morning.")

KINDS = {
    "LA": ("childrens-services", CARE),
    "SCHOOL": ("education", EDUCATION),
    "TRUST": ("health", HEALTH),
    "POLICE": ("police", POLICE),
}
NAMES = {
    "LA": "Testshire children's services",
    "SCHOOL": "Testshire schools trust",
    "TRUST": "Testshire hospitals",
    "POLICE": "Testshire police",
}


def numbers(start: int = 0):
    """Valid numbers of the range for tests, one after the other."""
    for nine in itertools.count(999_000_000 + start):
        digit = check_digit(str(nine))
        if digit is not None:
            yield f"{nine}{digit}"


SUI, OTHER_SUI = itertools.islice(numbers(4_000), 2)


def open_organisation(code: str, kind: str, name: str = "") -> Organisation:
    return Organisation.objects.create(
        ods_code=code,
        name=name or code,
        kind=kind,
        legal_class="s11",
        valid_from=date(2020, 1, 1),
    )


def agree(reference: str = "A1", depth: str = "content", **changes: Any) -> None:
    """An agreement, of everybody with children's services unless changed."""
    rule = {
        "sources": sorted(KINDS),
        "destinations": ["LA"],
        "record_types": ALL,
        "purposes": [PURPOSE],
        "depth": depth,
        **changes,
    }
    agreements.publish(
        {"reference": reference, "name": reference, "valid_from": "2020-01-01", "rules": [rule]}
    )


def in_time(at):
    return at + timedelta(seconds=1)


@dataclass
class Node:
    """An organisation's system, calling over HTTP."""

    http: Any
    machine: Machine
    bearer: str = ""
    key: int = 0

    def __post_init__(self) -> None:
        self.bearer = self.bearer or self.machine.token(self.http)

    @property
    def organisation(self) -> Organisation:
        return self.machine.client.organisation

    @property
    def searcher(self) -> Searcher:
        return Searcher(self.organisation, self.machine.client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        more = {"data": json.dumps(body), "content_type": "application/json"} if body else {}
        return getattr(self.http, method.lower())(
            path, headers={"authorization": f"Bearer {self.bearer}", **headers}, **more
        )

    def search(self, sui: str = SUI, **changes: Any) -> Any:
        body = {"sui": sui, "purpose": PURPOSE, "legalBasis": BASIS, "reason": "A referral."}
        return self.call("POST", "/api/v2/searches", {**body, **changes})

    def results(self, search_id: str) -> Any:
        return self.call("GET", f"/api/v2/searches/{search_id}/results")

    def claim(self, **question: Any) -> Any:
        return self.call("POST", "/api/v2/work/claim", question or {"kinds": []})

    def answer(self, claimed: dict[str, Any], outcome: str, **more: Any) -> Any:
        return self.call(
            "POST",
            "/api/v2/work/result",
            {
                "workItemId": claimed["workItemId"],
                "leaseToken": claimed["leaseToken"],
                "outcome": outcome,
                **more,
            },
        )


def has(record_type: str, *ids: str, system: str = "main") -> dict[str, Any]:
    """A result's records."""
    return {
        "records": [
            {"systemId": system, "recordId": each, "recordType": record_type} for each in ids
        ]
    }


@dataclass
class Region:
    """Four organisations with a system each."""

    http: Any
    nodes: dict[str, Node] = field(default_factory=dict)

    @classmethod
    def build(cls, http: Any) -> "Region":
        region = cls(http)
        for code, (kind, record_type) in KINDS.items():
            organisation = open_organisation(code, kind, NAMES[code])
            register.answers_for(organisation, [record_type])
            region.add(code, organisation)
        return region

    def add(self, code: str, organisation: Organisation) -> Node:
        client = MachineClient.objects.create(
            client_id=f"system-{code}",
            name=f"System of {code}",
            organisation=organisation,
            scopes=SCOPES,
            purpose="Safeguarding",
            expires_at=timezone.now() + YEAR,
        )
        machine = Machine(client, RSA)
        machine.add_key(RSA, machine.kid)
        node = self.nodes[code] = Node(self.http, machine)
        return node

    def __getattr__(self, name: str) -> Node:
        try:
            return self.nodes[name.upper()]
        except KeyError:
            raise AttributeError(name) from None
