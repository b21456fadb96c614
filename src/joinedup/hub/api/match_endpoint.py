"""``POST /fhir/R4/Patient/$match``: which child that the hub knows fits, as FHIR R4 has it.

HL7 FHIR R4 Patient $match, and IHE PDQm (ITI-119). A machine is told of one certain child, or to
have a person look; candidates only when it asks for them with ``onlyCertainMatches`` false, and
then by their identity alone. No detail of a child and no NHS number leaves here: a number comes
from the source of truth (get-an-identifier).
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from psycopg import Error as LinksFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.api.bearer import BearerToken, unauthenticated
from joinedup.hub.api.body import read_object
from joinedup.hub.api.identifier_endpoint import RETRY_AFTER, no_record
from joinedup.hub.api.problems import BY_STATUS, FHIR_MEDIA_TYPE, Problem
from joinedup.hub.api.tokens import Caller
from joinedup.hub.identifiers.asking import Asker, TooOften, record_question, within_limit
from joinedup.hub.identifiers.models import Channel, IdentifierRequest
from joinedup.hub.reconciliation import links
from joinedup.identities.current import identities as identities_of
from joinedup.linkage.constraints import Ref
from joinedup.linkage.index import CERTAIN, Verdict, decide
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics
from joinedup.standards.fhir import convert
from joinedup.standards.reading import Row
from joinedup.standards.records import Child

SCOPE = "match"
MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
MOST = 3
"""Candidates for one answer, at most (data minimisation, UK GDPR Art. 5(1)(c))."""
_LOOKED_AT = 30  # an identity of many records must not hide a rival
_NEEDED = ("given", "family", "birth_date")

# https://hl7.org/fhir/R4/valueset-issue-type.html
_ISSUE = {
    401: "login", 403: "forbidden", 405: "not-supported", 413: "too-long", 415: "not-supported",
    429: "throttled", 503: "transient",
}  # fmt: skip


class Question(NamedTuple):
    """What was asked: who, whether certain matches alone, and how many at most."""

    child: Demographics
    only_certain: bool
    most: int


class Fit(NamedTuple):
    """An identity that fits, with the probability and FHIR's word for it."""

    identity: UUID
    score: float
    grade: str


@csrf_exempt
def match(request: HttpRequest) -> HttpResponse:
    """Answer one question with a searchset Bundle, or with an OperationOutcome."""
    try:
        return _answer(request)
    except Problem as problem:
        return _outcome(problem)
    except TooOften as refusal:
        headers = {"Retry-After": str(refusal.seconds)}
        return _outcome(Problem(429, "too-many-requests", "Too many requests.", headers))
    except (LinksFailure, PoolTimeout):
        said = "The index of known children did not answer. Nothing was learnt about the child."
        return _outcome(Problem(503, "no-index", said, {"Retry-After": str(RETRY_AFTER)}))
    except DatabaseFailure:
        return _outcome(no_record())


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Problem(405, *BY_STATUS[405], headers={"Allow": "POST"})
    caller = _caller(request)
    if request.content_type not in (FHIR_MEDIA_TYPE, "application/json"):
        raise Problem(415, "unsupported-media-type", f"Send the body as {FHIR_MEDIA_TYPE}.")
    question = read_question(read_object(request.body))
    client = caller.client
    asker = Asker(client.organisation, client.purpose, client.requests_per_minute, client)
    within_limit(asker)
    record = record_question(asker, question.child, Channel.MATCH)
    verdict, fits = _find(question.child)
    named = _told(question, verdict, fits)
    _record(record, verdict, named)
    return _respond(200, _bundle(verdict, fits, named))


def _caller(request: HttpRequest) -> Caller:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise unauthenticated()
    return BearerToken(SCOPE).authenticate(request, token.strip())


def read_question(body: Mapping[str, Any]) -> Question:
    """Read a Patient, or Parameters that hold one; raises ``Problem`` 400."""
    if body.get("resourceType") == "Patient":
        return Question(_child(body), True, MOST)
    if body.get("resourceType") != "Parameters":
        raise _wrong("invalid", "Send a Patient, or Parameters with the Patient as `resource`.")
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
            raise _wrong(
                "invalid",
                "The parameters are resource (a Patient), onlyCertainMatches (valueBoolean) and "
                "count (valueInteger, 1 or more).",
            )
    if patient is None or patient.get("resourceType") != "Patient":
        raise _wrong("required", "Parameters need a Patient as `resource`.")
    _refuse_modifiers({**body, "parameter": []})
    return Question(_child(patient), only_certain, count)


def _child(patient: Mapping[str, Any]) -> Demographics:
    _refuse_modifiers(patient)
    fields: Mapping[str, str] = {}
    for found in convert(Row("Patient", 1, dict(patient))):
        if isinstance(found, Child):
            fields = found.fields
    child = Demographics.read(fields)
    checks = child.checks()
    if not all(checks[name].value for name in _NEEDED):
        raise _wrong("required", "Given name, family name and birth date are needed, and valid.")
    return child


def _refuse_modifiers(element: Any) -> None:
    """Refuse what would change the meaning of the rest (FHIR R4, 2.4.0.2 modifier extensions)."""
    waiting = [element]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("modifierExtension") or one.get("implicitRules"):
                raise _wrong("extension", "No modifierExtension or implicitRules is known here.")
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _wrong(code: str, said: str) -> Problem:
    return Problem(400, "bad-request", said, code=code)


def _find(child: Demographics) -> tuple[Verdict, list[Fit]]:
    """Look who fits, each identity once by its best record."""
    known = links.current()
    with known.pool.connection() as conn:
        answer = known.index.match(conn, LinkRecord.of("", "", child), limit=_LOOKED_AT)
        refs = [Ref(each.record.source, each.record.id) for each in answer]
        where = identities_of(conn, refs)
    verdict = decide(answer, lambda one, other: where.get(_ref(one)) == where.get(_ref(other)))
    fits: dict[UUID, Fit] = {}
    for ref, each in zip(refs, answer, strict=True):
        if ref not in where or where[ref] in fits:
            continue
        weighed = each.weighed
        grade = "probable" if weighed.weight >= CERTAIN else "possible"
        if verdict == "certain" and not fits:
            grade = "certain"
        fits[where[ref]] = Fit(where[ref], round(weighed.probability, 6), grade)
    return verdict, list(fits.values())


def _told(question: Question, verdict: Verdict, fits: list[Fit]) -> list[Fit]:
    if question.only_certain:
        return [fit for fit in fits if fit.grade == "certain"]
    return fits[: question.most]


def _record(request: IdentifierRequest, verdict: Verdict, named: list[Fit]) -> None:
    """Commit whom the answer names, before it leaves."""
    request.answered_at = timezone.now()
    request.status = verdict
    request.score = named[0].score if named else None
    request.identities = [fit.identity for fit in named]
    request.save(update_fields=["answered_at", "status", "score", "identities"])


def _bundle(verdict: Verdict, fits: list[Fit], named: list[Fit]) -> dict[str, Any]:
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"urn:uuid:{fit.identity}",
            "resource": {"resourceType": "Patient", "id": str(fit.identity)},
            "search": {
                "extension": [{"url": MATCH_GRADE, "valueCode": fit.grade}],
                "mode": "match",
                "score": fit.score,
            },
        }
        for fit in named
    ]
    if verdict == "possible":
        said = (
            "Somebody may fit, and nobody for certain: have a person look."
            if fits
            else "These details are too common to look at everybody like them: add some."
        )
        entries.append(
            {
                "resource": _operation_outcome("information", "incomplete", said),
                "search": {"mode": "outcome"},
            }
        )
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(named)}
    return {**bundle, "entry": entries} if entries else bundle


def _outcome(problem: Problem) -> HttpResponse:
    code = problem.members.get("code") or _ISSUE.get(problem.status, "invalid")
    response = _respond(problem.status, _operation_outcome("error", code, problem.detail))
    for name, value in problem.headers.items():
        response[name] = value
    return response


def _operation_outcome(severity: str, code: str, said: str) -> dict[str, Any]:
    issue = {"severity": severity, "code": code, "diagnostics": said}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _respond(status: int, body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(json.dumps(body), status=status, content_type=FHIR_MEDIA_TYPE)


def _ref(record: LinkRecord) -> Ref:
    return Ref(record.source, record.id)
