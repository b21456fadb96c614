"""``/fhir/R4/AuditEvent``: the caller's organisation's own acts, and disclosures of its records.

IHE RESTful ATNA (ITI-81) search over the ledger. By GET with ``date`` and ``agent``; a child is
named by POST alone, so that no number is in an address.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, QueryDict

from joinedup.hub.fhir.answers import answering, caller_of, of_type, searchset, told, wrong
from joinedup.hub.fhir.audit_event import ODS_CODE, Reader, audit_event
from joinedup.hub.fhir.dates import Period, read_period
from joinedup.hub.fhir.patients import NHS_NUMBER
from joinedup.hub.fhir.search import FORM
from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.opening import opened
from joinedup.hub.ledger.writing import SUBJECT, note
from joinedup.people.nhs_number import is_plain_nhs_number
from joinedup.policy.catalogue import national

SCOPE = "audit"
USUAL, MOST = 50, 500
ACTS = ("child", "identifier", "links", "record", "register", "review", "work")
"""What is told of here. What governs the hub (shields, watching, subject access, administration) is
for its own pages, where the people who may see it are known.
"""
_ENTITY = frozenset(
    {"entity", "entity:identifier", "entity.identifier",
     "patient", "patient:identifier", "patient.identifier"}
)  # fmt: skip
_AGENT = frozenset({"agent", "agent:identifier", "agent.identifier"})

_FIND = """
SELECT number FROM (
  (SELECT e.number FROM ledger_entry e WHERE e.organisation = %(own)s AND {which}
   ORDER BY e.at DESC, e.number DESC LIMIT %(most)s)
  UNION
  (SELECT e.number FROM ledger_disclosed d JOIN ledger_entry e ON e.number = d.entry_id
   WHERE d.holder = %(own)s AND {which} ORDER BY d.entry_id DESC LIMIT %(most)s)
) AS found
"""
_ACT = "split_part(e.action, '.', 1) = ANY(%(acts)s)"
_OF = """ AND (e.about = %(about)s OR e.others @> ARRAY[%(about)s::bytea])
 AND coalesce((convert_from(e.content, 'UTF8')::jsonb ->> 'status')::int, 200) < 400"""


class Asked(NamedTuple):
    """A search: when, about whom, by which organisation, and how many at most."""

    periods: tuple[Period, ...]
    child: str
    agent: str
    most: int


@answering("GET")
def by_address(request: HttpRequest) -> dict[str, Any]:
    """Search by date and agent."""
    organisation = caller_of(request, SCOPE).client.organisation
    if set(request.GET) & _ENTITY:
        raise wrong("security", "Name a child by POST AuditEvent/_search, not in the address.")
    return _answer(organisation.ods_code, _read(request.GET))


@answering("POST")
def by_form(request: HttpRequest) -> dict[str, Any]:
    """Search by date, agent and child."""
    organisation = caller_of(request, SCOPE).client.organisation
    of_type(request, FORM)
    if set(request.GET) - {"_format"}:
        raise wrong("security", "Send the search parameters in the body, not in the address.")
    return _answer(organisation.ods_code, _read(request.POST))


def _read(given: QueryDict) -> Asked:
    child = agent = ""
    most = USUAL
    periods: list[Period] = []
    for name, values in given.lists():
        if name == "date":
            for value in values:
                if (period := read_period(value)) is None:
                    raise wrong("invalid", "A date is like ge2026-11-01 or lt2026-11-02T10:00:00Z.")
                periods.append(period)
            continue
        if len(values) > 1 and name != "_format":
            raise wrong("not-supported", f"{name} may be given once.")
        if name in _ENTITY:
            child = _token(values[0], NHS_NUMBER)
            if not is_plain_nhs_number(child):
                raise wrong("invalid", "A child is named by a valid NHS number.")
        elif name in _AGENT:
            agent = _token(values[0], ODS_CODE)
        elif name == "_count":
            if not re.fullmatch("[0-9]{1,4}", values[0]) or not 1 <= int(values[0]) <= MOST:
                raise wrong("invalid", f"_count is 1 to {MOST}.")
            most = int(values[0])
        elif name != "_format":
            raise wrong("not-supported", "The parameters are date, entity, agent and _count.")
    return Asked(tuple(periods), child, agent, most)


def _token(value: str, system: str) -> str:
    named, bar, value = value.rpartition("|")
    if bar and named != system:
        raise wrong("not-supported", f"The system here is {system}.")
    return value


def _answer(own: str, asked: Asked) -> dict[str, Any]:
    found = _entries(own, asked)
    more = len(found) > asked.most
    reader = Reader(
        own, settings.HUB_URL, {code: each.name for code, each in national().purposes.items()}
    )
    entries = [
        {
            "fullUrl": f"{settings.HUB_URL}/fhir/R4/AuditEvent/{each.id}",
            "resource": audit_event(each, reader),
            "search": {"mode": "match"},
        }
        for each in opened(found[: asked.most])
    ]
    note(action="ledger.audit", results=len(entries), subject=asked.child)
    total = len(entries)
    if more:
        entries.append(told("There are older ones: ask for these with date=lt and the last time."))
    return searchset(total, entries)


def _entries(own: str, asked: Asked) -> Sequence[Entry]:
    """The newest, one more than asked for if there are so many."""
    which = _ACT
    given: dict[str, Any] = {"own": own, "acts": list(ACTS), "most": asked.most + 1}
    for at, period in enumerate(asked.periods):
        for bound, sign in ((period.since, ">="), (period.until, "<")):
            if bound is not None:
                name = f"bound_{at}_{sign == '<'}"
                which += f" AND e.at {sign} %({name})s"
                given[name] = bound
    if asked.child:
        which += _OF
        given["about"] = keys().index(SUBJECT, asked.child)
    if asked.agent:
        which += " AND e.organisation = %(agent)s"
        given["agent"] = asked.agent
    with connection.cursor() as cursor:
        cursor.execute(_FIND.format(which=which), given)
        numbers = [number for (number,) in cursor.fetchall()]
    newest = Entry.objects.filter(number__in=numbers).order_by("-at", "-number")
    return list(newest[: asked.most + 1])
