"""Every address, whoever calls it and whatever comes of it, leaves exactly one entry.

The addresses are read from the URL conf, so that a new one cannot be forgotten.
"""

import json
import re
import uuid

import pytest
from django.db import connection

from tests.hub.reviewing import sign_in
from tests.hub.sources import CHILD, FOUND, NOBODY, NUMBER, SILENT
from tests.hub.test_isolation import calls, key, world  # noqa: F401 - the fixture

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
EXEMPT = {"/healthz"}
VALUES = {
    "uuidstr": str(uuid.UUID(int=7)),
    "uuid": str(uuid.UUID(int=7)),
    "int": "7",
    "str": "x",
    "slug": "x",
    "path": "x",
}


def every_path():
    """Each route of the URL conf, with something in its places."""
    from django.urls import get_resolver
    from django.urls.resolvers import RoutePattern, URLResolver

    def walk(resolver, before):
        for each in resolver.url_patterns:
            assert isinstance(each.pattern, RoutePattern), "a route by regular expression: add it"
            route = str(each.pattern)
            route = re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES[found[1] or "str"], route)
            if isinstance(each, URLResolver):
                yield from walk(each, before + route)
            else:
                yield before + route

    return sorted(set(walk(get_resolver(), "/")))


@pytest.fixture
def http(browser_client):
    browser_client.raise_request_exception = False
    return browser_client


@pytest.fixture
def token(machine, http):
    from joinedup.hub.api.tokens import SCOPES

    machine.client.scopes = sorted(SCOPES)
    machine.client.requests_per_minute = 10_000
    machine.client.save()
    return machine.token(http)


@pytest.mark.parametrize("role", ["", "social-worker", "machine"])
def test_every_route_answers_with_one_entry_whoever_calls(hub, http, token, organisation, role):
    addresses = [*every_path(), "/nowhere", "/api/nowhere", "/find/result/not-a-uuid"]
    assert len(addresses) > 20
    headers = {"authorization": f"Bearer {token}"} if role == "machine" else {}
    wrong = []
    for path in addresses:
        http.cookies.clear()
        if role not in ("", "machine"):
            sign_in(http, organisation, role=role)
        for method in METHODS:
            before = hub.entries().count()
            answer = http.generic(
                method, path, "{}", content_type="application/json", headers=headers
            )
            wrote = list(hub.entries()[before:])
            if path in EXEMPT or _is_idle(method, path, answer.status_code):
                right = not wrote
            else:
                facts = hub.opened(wrote)[0].facts if len(wrote) == 1 else {}
                right = facts.get("status") == answer.status_code and facts["action"]
            if not right:
                wrong.append((method, path, answer.status_code, len(wrote)))
    assert not wrong


def accepted(world):  # noqa: F811
    """Each call of the API as somebody may make it: who, how, with what, and what is answered.

    The order counts: what a search finds is asked for, what is asked for is decided and collected.
    """
    from joinedup.hub.sharing.envelope import Item, close
    from tests.hub.discovery import region as words
    from tests.hub.sharing.test_endpoint import ASKED
    from tests.hub.test_explain import ONE, OTHER

    la, school, trust = (world.region.nodes[code] for code in ("LA", "SCHOOL", "TRUST"))
    place = {"systemId": "main", "recordType": words.EDUCATION}
    record = {**place, "recordId": "p1"}
    lease = {"workItemId": world.work[0], "leaseToken": world.work[1]}
    search, register = f"/api/v2/searches/{world.search}", "/api/v2/register"
    asked = {"sui": words.SUI, "purpose": words.PURPOSE, "legalBasis": words.BASIS}
    shielded = {"sui": words.OTHER_SUI, "level": "V", "criterion": "significant-harm"}
    caseload = {"caseloads": [{"worker": "w", "suis": [words.SUI]}]}
    event = "/api/v2/subscriptions/work.available"
    yield la, "POST", "/api/v1/get-an-identifier", {"personSpecification": CHILD}, 200
    yield la, "GET", f"/api/v1/identifier-requests/{world.request}", None, 200
    yield la, "GET", f"/api/v1/ledger/receipts/{world.entry}", None, 202
    yield la, "GET", "/api/v1/ledger/receipts?size=1", None, 200
    yield la, "GET", "/api/v1/ledger/checkpoint", None, 202
    yield la, "POST", "/api/v1/links/explain", {"one": ONE, "other": OTHER}, 200
    yield la, "PUT", "/api/v1/caseloads", caseload, 200
    yield la, "POST", "/api/v1/shields", shielded, 202
    yield school, "PUT", f"{register}/pointers", {"pointers": [{**record, "sui": words.SUI}]}, 200
    yield school, "POST", f"{register}/withdraw", {"pointers": [record]}, 200
    yield school, "POST", f"{register}/complete", {**place, "asOf": "2026-01-01T00:00:00Z"}, 200
    yield school, "PUT", f"{register}/record-types", {"recordTypes": [words.EDUCATION]}, 200
    yield school, "GET", f"{register}/summary", None, 200
    yield la, "POST", "/api/v2/searches", {**asked, "reason": "A referral."}, 202
    yield la, "GET", search, None, 200
    yield la, "GET", f"{search}/results", None, 200
    yield la, "POST", f"/api/v1/records/{world.fetch}", {"publicKey": key()}, 202
    yield la, "GET", f"/api/v1/records/{world.fetch}", {}, 202
    yield school, "HEAD", "/api/v2/work/available", None, 200
    yield school, "POST", "/api/v2/work/claim", {"kinds": []}, 201
    yield la, "POST", "/api/v2/work/lease/renew", lease, 200
    yield la, "POST", "/api/v2/work/result", {**lease, "outcome": "noRecords"}, 202
    yield la, "DELETE", search, None, 204
    yield la, "PUT", event, {"url": "http://127.0.0.1:9/told"}, 200
    yield la, "DELETE", event, None, 204
    yield la, "POST", "/api/v1/requests", ASKED, 202
    yield trust, "GET", "/api/v1/requests", None, 200
    (line,) = trust.call("GET", "/api/v1/requests").json()["requests"]
    share = f"/api/v1/requests/{line['requestId']}"
    yield trust, "GET", share, None, 200
    first, second = (item["itemId"] for item in trust.call("GET", share).json()["items"])
    missed = Item(words.SUI, "Missed two.", "fact")
    shared = {"itemId": first, "content": close(missed, ASKED["publicKey"], uuid.UUID(first))}
    decided = {"words": "It helps.", "told": "Told"}
    items = [shared, {"itemId": second, "why": "not-held"}]
    yield trust, "POST", f"{share}/decision", {**decided, "items": items}, 202
    yield la, "POST", f"{share}/content", {}, 200


ELSEWHERE = {
    ("POST", "/api/v1/auth/token"): "asked for with a form",
    ("POST", "/api/v1/ledger/countersignatures"): "needs a witness with a key: its entry is in "
        "test_node_witness.py::test_what_it_has_already_is_not_signed_for_again",
}  # fmt: skip
"""Calls that ``accepted`` does not make."""


def test_every_call_that_is_accepted_leaves_one_entry_with_its_status(
    hub, http, world, answers_with, monkeypatch  # noqa: F811
):  # fmt: skip
    monkeypatch.setenv("JOINEDUP_WEBHOOKS_INSIDE", "yes")
    answers_with(FOUND)
    hub.sequencing.sequence()
    wrong, called = [], set(ELSEWHERE)
    headers = {"joinedup-public-key": json.dumps(key())}  # GET has no body for it
    for node, method, path, body, status in accepted(world):
        before = hub.entries().count()
        answer = node.call(method, path, body, **headers)
        wrote = [each.facts for each in hub.opened(hub.entries()[before:])]
        left = [(facts.get("status"), facts["outcome"] == "refused") for facts in wrote]
        idle = _is_idle(method, path, answer.status_code)
        if answer.status_code != status or left != ([] if idle else [(status, False)]):
            wrong.append((method, path, answer.status_code, answer.content[:200], left))
        called |= {each for each in calls() if each[0] == method and _fits(path, each[1])}
    assert not wrong
    assert called == calls(), "a call of the API that is not accepted here: add it"


def _fits(path, described):
    pattern = re.sub(r"\{[^}]+\}", "[^/]+", described)
    return re.fullmatch(pattern, path.partition("?")[0]) is not None


def test_a_token_given_leaves_one_entry(hub, http, machine):
    before = hub.entries().count()
    assert machine.ask_for_token(http).status_code == 200
    (one,) = hub.opened(hub.entries()[before:])
    assert (one.facts["status"], one.facts["client"]) == (200, "case-system")


def _is_idle(method, path, status):
    return path.startswith("/api/v2/work/") and (
        status == 204 or (method == "HEAD" and status == 200)
    )


def test_who_called_is_told(hub, http, token, organisation):
    http.get(
        f"/api/v1/identifier-requests/{uuid.UUID(int=7)}",
        headers={"authorization": f"Bearer {token}"},
    )
    member = sign_in(http, organisation)
    http.get("/review")
    by_machine, by_person = hub.opened(hub.entries())[-2:]
    assert (by_machine.facts["organisation"], by_machine.facts["client"]) == ("T1", "case-system")
    assert (by_machine.facts["outcome"], by_machine.facts["status"]) == ("refused", 404)
    assert (by_person.facts["organisation"], by_person.facts["role"]) == ("T1", "social-worker")
    assert by_person.personal["person"] == str(member.person_id)


@pytest.mark.parametrize(
    ("source", "status", "outcome"),
    [(FOUND, 200, "Match"), (NOBODY, 200, "NoMatch"), (SILENT, 503, "Unavailable")],
)
def test_each_outcome_of_a_look_up_is_told(
    hub, http, token, answers_with, ask, source, status, outcome
):
    answers_with(source)
    before = hub.entries().count()
    answer = ask({"personSpecification": CHILD}, token, **{"idempotency-key": "one"})
    assert answer.status_code == status
    found = hub.opened(hub.entries()[before:])
    assert [look.facts["outcome"] for look in found] == [outcome]
    facts, given = found[0].facts, outcome == "Match"
    assert (facts["organisation"], facts["client"]) == ("T1", "case-system")
    assert facts["purpose"] == "Finding numbers of children known to us"
    assert facts["fields"] == (["nhs_number"] if given else [])
    assert (found[0].personal or {}).get("subject") == (NUMBER if given else None)
    if status == 200:
        again = ask({"personSpecification": CHILD}, token, **{"idempotency-key": "one"})
        assert again.json() == answer.json()
        assert hub.entries().count() == before + 2
        assert hub.opened(hub.entries())[-1].facts["fields"] == facts["fields"]


def test_a_view_that_fails_leaves_one_entry_too(hub, http, organisation, monkeypatch):
    from joinedup.hub.pages import views

    def fail(membership):
        raise ZeroDivisionError

    monkeypatch.setattr(views, "waiting", fail)
    sign_in(http, organisation)
    assert http.get("/").status_code == 500
    facts = hub.opened(hub.entries())[-1].facts
    assert (facts["status"], facts["outcome"], facts["organisation"]) == (500, "failed", "T1")
    assert hub.entries().count() == 1


FAULTS = {
    "the disk is full": "RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'disk full'",
    "the writer is killed": "PERFORM pg_terminate_backend(pg_backend_pid())",
    "read only": "RAISE EXCEPTION USING ERRCODE = 'read_only_sql_transaction', MESSAGE = 'no'",
}


@pytest.fixture(params=[*FAULTS, "a lock is held"])
def no_ledger(request, hub, hub_database):
    """A database in which everything works but the ledger."""
    import psycopg

    with psycopg.connect(hub_database, autocommit=True) as other:
        if request.param == "a lock is held":
            with other.transaction():
                other.execute("LOCK TABLE ledger_entry IN SHARE MODE")
                yield
            return
        other.execute(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {FAULTS[request.param]}; RETURN NEW; END $$"
        )
        other.execute(
            "CREATE TRIGGER fault BEFORE INSERT ON ledger_entry "
            "FOR EACH ROW EXECUTE FUNCTION fault()"
        )
        try:
            yield
        finally:
            other.execute("DROP FUNCTION fault CASCADE")


@pytest.fixture
def prepared(http, token, answers_with, organisation):
    """Whatever can be asked for without the ledger's knowing: it is there before it fails."""
    answers_with(FOUND)
    sign_in(http, organisation)
    return http


def test_no_entry_no_answer(prepared, token, ask, no_ledger, hub):
    """Zero bytes about anybody, on a machine's and a person's way alike."""
    before = hub.entries().count()
    for answer in (
        ask({"personSpecification": CHILD}, token),
        prepared.get("/"),
        prepared.get("/api/openapi.json"),
    ):
        assert answer.status_code == 503
        assert NUMBER.encode() not in answer.content
        assert b"could not be recorded" in answer.content
        assert len(answer.content) < 400
        assert answer["Retry-After"] == "30"
        assert "session" not in answer.cookies
    assert hub.entries().count() == before


def test_what_was_decided_is_not_kept_without_its_entry(http, token, ask, answers_with, hub):
    """The outcome and its entry are one transaction: neither is there without the other."""
    from joinedup.hub.identifiers.models import IdentifierRequest

    answers_with(FOUND)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        assert ask({"personSpecification": CHILD}, token).status_code == 503
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_entry DROP CONSTRAINT full_up")
    assert IdentifierRequest.objects.get().nhs_number == ""


def test_an_idle_poll_is_not_recorded_and_a_refused_one_is(hub):
    from django.http import HttpResponse
    from django.test import RequestFactory

    from joinedup.hub.ledger.middleware import LedgerMiddleware

    for method, status, recorded in (
        ("post", 204, 0), ("head", 200, 0), ("post", 201, 1), ("head", 401, 1), ("get", 200, 1),
    ):  # fmt: skip
        before = hub.entries().count()
        middleware = LedgerMiddleware(lambda _, status=status: HttpResponse(status=status))
        request = getattr(RequestFactory(), method)("/api/v2/work/claim")
        request.resolver_match = None
        assert middleware(request).status_code == status
        assert hub.entries().count() - before == recorded
