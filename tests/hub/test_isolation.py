"""A14: what is one organisation's is not there for another, on every route.

The routes are read from the URL conf and from the OpenAPI description themselves. A route that is
not in the table below fails ``test_every_route_is_declared``, which says what to add.
"""

import itertools
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

WHAT_TO_DO = """
Declare it in ROUTES of tests/hub/test_isolation.py, under its own key:
  Open("why")            when it takes nobody's id, and shows what is public or the caller's own
                         (say which; the view must filter by the caller's organisation);
  Theirs("role", "id")   for a page with an id: the role that may see one's own, and the name of
                         the id in `world` that belongs to the first organisation. It is asked for
                         as another organisation and must answer as for an id that nobody has;
  Call("id", body)       for an API call with an id, in its path or its body;
  OneOf(names), HubsOwn(model) or Nothing()
                         when the place in its address is no organisation's id: each is checked.
"""


@dataclass(frozen=True)
class Open:
    """Nobody's id goes in."""

    why: str


@dataclass(frozen=True)
class Theirs:
    """A page about something of one organisation's."""

    role: str
    id: str
    form: dict[str, str] = field(default_factory=dict)
    owner_sees_it: bool = True


@dataclass(frozen=True)
class Call:
    """An API call about something of one organisation's; ``body`` makes the body from the id,
    ``headers`` what it needs beside its token."""

    id: str
    body: Callable[[Any], Any] | None = None
    statuses: tuple[int, ...] = (403, 404)
    headers: Callable[[], dict[str, str]] = dict


@dataclass(frozen=True)
class OneOf(Open):
    """The place takes a name from a fixed list: nothing that an organisation made."""

    names: Callable[[], Any] = tuple


@dataclass(frozen=True)
class HubsOwn(Open):
    """The place is the id of something that belongs to no organisation."""

    model: str = ""


@dataclass(frozen=True)
class Nothing(Open):
    """Whatever is in the place, nothing is there."""


def kinds_of_change() -> Any:
    from joinedup.hub.organisations.forms import FORMS

    return FORMS


def events() -> Any:
    from joinedup.hub.discovery.models import Event

    return Event.values


SIGN_IN = Open("who signs in is told by their own provider; no id")
SESSION = Open("the signed-in person's own session alone")
PUBLIC = Open("the same for everybody")
OWN = Open("the caller's own, by the organisation in the session or the token; no id goes in")
HUBS = Open("shared by all who answer for policy: agreements and duties are no organisation's own")

PAGES = {
    "": SESSION,
    "sign-in": SIGN_IN, "sign-in/again": SIGN_IN, "sign-in/done": SIGN_IN, "sign-out": SIGN_IN,
    "sign-in/role": Open("the person's own memberships; see test_step_up"),
    "signed-out": PUBLIC, "timed-out": PUBLIC, "stay-signed-in": SESSION,
    "where-signed-in": Open("the signed-in person's own sessions; see test_where_signed_in"),
    "where-signed-in/end": Open("an id in its form: see test_where_signed_in"),
    "how-searches-are-recorded": PUBLIC, "accessibility": PUBLIC, "healthz": PUBLIC,
    "find/reason": SESSION, "find/child": SESSION, "find/again": SESSION,
    "find/result/<uuid:request_id>": Theirs("social-worker", "request", owner_sees_it=False),
    "find/number": SESSION, "find/who": SESSION,
    "searches/<uuid:search_id>": Theirs("social-worker", "search", owner_sees_it=False),
    "searches/<uuid:search_id>/ask": Theirs("social-worker", "search", owner_sees_it=False),
    "searches/<uuid:search_id>/records": Theirs("social-worker", "search", owner_sees_it=False),
    "searches/<uuid:search_id>/chronology": Theirs(
        "social-worker", "search", owner_sees_it=False
    ),
    "searches/<uuid:search_id>/signals": Theirs("social-worker", "search", owner_sees_it=False),
    "records/<uuid:asked_id>": Theirs("social-worker", "search", owner_sees_it=False),
    "asked-of-us": OWN,
    "asked-of-us/<uuid:item_id>": Theirs("nurse", "left", {"answer": "share", "words": "Ours"}),
    "review": OWN,
    "review/<uuid:case_id>": Theirs("social-worker", "case"),
    "review/<uuid:case_id>/ask-again": Theirs("social-worker", "case", owner_sees_it=False),
    "review/<uuid:case_id>/decide": Theirs(
        "social-worker", "case", {"choice": "no-number", "confirmed": "yes"}, False
    ),
    "review/<uuid:case_id>/undo": Theirs("social-worker", "case", owner_sees_it=False),
    "administration": OWN,
    "administration/organisations": OWN,
    "administration/propose/<str:kind>": OneOf("a kind of change; what is proposed about another "
        "organisation is refused: see test_an_administrator_elsewhere", kinds_of_change),
    "administration/changes/<uuid:change_id>": Theirs("administrator", "change"),
    "administration/changes/<uuid:change_id>/decide": Theirs(
        "administrator", "change", {"choice": "approve"}
    ),
    "administration/holds/<int:hold_id>/lift": Theirs(
        "information-governance-lead", "hold", {"why": "Because"}
    ),
    "administration/stop": Open("ids in its form: see test_an_administrator_elsewhere"),
    "administration/agreements": HUBS,
    "administration/agreements/<int:number>": HubsOwn(HUBS.why, "agreements.Agreement"),
    "administration/policy-preview": HUBS,
    "looked": Open("for any child, by number; gives entries the caller answers for: see "
        "watching/test_looked_pages"),
    "looked/<uuid:entry_id>/hold": Theirs(
        "information-governance-lead", "looked", {"code": "police", "why": "Because it must be"}
    ),
    "watching": OWN,
    "watching/<uuid:alert_id>": Theirs(
        "information-governance-lead", "alert", {"outcome": "explained", "note": "I have asked"}
    ),
    "subject-access": OWN, "subject-access/new": OWN, "subject-access/complain": OWN,
    "subject-access/to-sign": OWN,
    "subject-access/to-sign/<uuid:item_id>": Theirs("social-worker", "subject_item_to_sign"),
    "subject-access/complaints/<uuid:complaint_id>": Theirs("data-officer", "complaint"),
    "subject-access/items/<uuid:item_id>": Theirs("data-officer", "subject_item"),
    "subject-access/<uuid:request_id>": Theirs("data-officer", "subject_request"),
    "subject-access/<uuid:request_id>/add": Theirs("data-officer", "subject_request"),
    "subject-access/<uuid:request_id>/answer": Theirs(
        "data-officer", "subject_request", owner_sees_it=False
    ),
    "archive": Open("by number; opens what the caller's organisation held, once two agree"),
    "archive/<uuid:change_id>": Theirs(
        "information-governance-lead", "archive_change", owner_sees_it=False
    ),
    "requests": OWN, "requests/report": OWN, "requests/key": OWN, "requests/offer": OWN,
    **dict.fromkeys(
        ["requests/new", "requests/new/why", "requests/new/child", "requests/new/who",
         "requests/new/what", "requests/new/check", "requests/emergency", "requests/offer/what"],
        SESSION,
    ),
    "requests/<uuid:request_id>": Theirs("information-governance-lead", "share"),
    "requests/<uuid:request_id>/answer": Theirs(
        "nurse", "share", {"words": "Ours now"}, owner_sees_it=False
    ),
    "requests/<uuid:request_id>/read": Theirs("nurse", "share", owner_sees_it=False),
    "requests/<uuid:request_id>/read/<int:place>/file": Theirs(
        "nurse", "share", owner_sees_it=False
    ),
    "requests/<uuid:request_id>/take-up": Theirs("nurse", "share", owner_sees_it=False),
    "requests/<uuid:request_id>/receipts/<uuid:entry_id>": Theirs(
        "information-governance-lead", "share", owner_sees_it=False
    ),
    "notices": Open("one's own, by person and role; another's id in its form marks nothing: "
        "see test_somebody_elses_notice_is_not_there"),
    "notices/settings": OWN,
    "notices/quiet": Open("for any child, by number: the caller's own searches; it tells nothing"),
    "shields": OWN,
    "shields/ask": Open("for any child, by number; it says the same for each"),
    "shields/alerts": OWN,
    "shields/keep-apart": OWN,
    "shields/open": Open("for any child, by number, once decided; alerts both organisations"),
    "shields/contact": Open("for any child, by number; it says the same for each"),
    "shields/contacts": Open("the hub's own desk alone; any other organisation gets 404"),
    "shields/<uuid:shield_id>": Theirs("shield-reviewer", "shield", {"act": "confirm"}),
    "shields/changes/<uuid:change_id>": Theirs(
        "shield-reviewer", "shield_change", {"act": "approve"}
    ),
    "shields/open/<uuid:opened_id>": Theirs("social-worker", "opened", owner_sees_it=False),
    "fhir/R4/metadata": PUBLIC,
    "fhir/R4/Patient/$match": Open("no id: what is known of a child is decided by policy"),
    "fhir/R4/Patient/_search": Open("an NHS number, of any child: as $match"),
    "fhir/R4/AuditEvent": OWN,
    "fhir/R4/AuditEvent/_search": Open("an NHS number, of any child; the caller's own acts, and "
        "disclosures of its own records, alone: see tests/hub/fhir/test_audit.py"),
    "fhir/R4/<path:rest>": Nothing("no other resource is served"),
}  # fmt: skip


def place(id: Any) -> dict[str, Any]:
    return {"systemId": "main", "recordType": "education.details", "recordId": id}


def key() -> dict[str, Any]:
    from joserfc.jwk import ECKey

    return ECKey.generate_key("P-256").as_dict(private=False)


API = {
    ("POST", "/api/v1/auth/token"): PUBLIC,
    ("POST", "/api/v1/get-an-identifier"): OWN,
    ("GET", "/api/v1/identifier-requests/{request_id}"): Call("request"),
    ("GET", "/api/v1/ledger/receipts/{entry_id}"): Call("entry"),
    ("GET", "/api/v1/ledger/receipts"): OWN,
    ("GET", "/api/v1/ledger/checkpoint"): Open(
        "the log's head: sizes and hashes, the same for all"
    ),
    ("POST", "/api/v1/ledger/countersignatures"): Open(
        "the witness's key signs, whoever brings it"
    ),
    ("POST", "/api/v1/links/explain"): Open("no id: what is compared is in the question itself"),
    ("PUT", "/api/v1/caseloads"): OWN,
    ("POST", "/api/v1/requests"): OWN,
    ("GET", "/api/v1/requests"): OWN,
    ("GET", "/api/v1/requests/{request_id}"): Call("share"),
    ("POST", "/api/v1/requests/{request_id}/decision"): Call(
        "share",
        lambda _: {"words": "x", "items": [{"itemId": str(uuid.UUID(int=1)), "why": "not-held"}]},
    ),
    ("POST", "/api/v1/requests/{request_id}/content"): Call("share"),
    ("POST", "/api/v1/shields"): Open("for any child; it says the same for each"),
    ("PUT", "/api/v2/register/pointers"): OWN,
    ("POST", "/api/v2/register/withdraw"): Call(
        "record", lambda id: {"pointers": [place(id)]}, (200,)
    ),
    ("POST", "/api/v2/register/complete"): OWN,
    ("PUT", "/api/v2/register/record-types"): OWN,
    ("GET", "/api/v2/register/summary"): OWN,
    ("POST", "/api/v2/searches"): OWN,
    ("GET", "/api/v2/searches/{search_id}"): Call("search"),
    ("DELETE", "/api/v2/searches/{search_id}"): Call("search"),
    ("GET", "/api/v2/searches/{search_id}/results"): Call("search"),
    ("HEAD", "/api/v2/work/available"): OWN,
    ("POST", "/api/v2/work/claim"): OWN,
    ("POST", "/api/v2/work/lease/renew"): Call(
        "work", lambda id: {"workItemId": id[0], "leaseToken": id[1]}, (400, 404, 409)
    ),
    ("POST", "/api/v2/work/result"): Call(
        "work",
        lambda id: {"workItemId": id[0], "leaseToken": id[1], "outcome": "noRecords"},
        (400, 404, 409),
    ),
    ("POST", "/api/v1/records/{fetch_id}"): Call("fetch", lambda _: {"publicKey": key()}),
    ("GET", "/api/v1/records/{fetch_id}"): Call(
        "fetch", headers=lambda: {"joinedup-public-key": json.dumps(key())}
    ),
    ("PUT", "/api/v2/subscriptions/{event}"): OneOf("of the caller's own", events),
    ("DELETE", "/api/v2/subscriptions/{event}"): OneOf("of the caller's own", events),
}

UNDESCRIBED = {"api/", "api/openapi.json"}
"""The description itself: the same for everybody."""


def routes() -> set[str]:
    """Every route of the URL conf, as it is written there."""
    from django.urls import get_resolver
    from django.urls.resolvers import URLResolver

    def walk(resolver: Any, before: str) -> Any:
        for each in resolver.url_patterns:
            route = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each, route)
            else:
                yield route

    return set(walk(get_resolver(), ""))


@cache
def calls() -> set[tuple[str, str]]:
    """Every call of the OpenAPI description."""
    from joinedup.hub.api.api import api

    paths = api.get_openapi_schema()["paths"]
    return {(method.upper(), path) for path, found in paths.items() for method in found}


def test_every_route_is_declared(db):
    described = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route in routes()}
    pages = {route for route in routes() if not route.startswith("api/")}
    hidden = {
        route
        for route in described
        if route.startswith("api/") and f"/{route}" not in {path for _, path in calls()}
    }
    missing = sorted(map(str, (pages - PAGES.keys()) | (calls() - API.keys())))
    assert not missing, f"Not declared: {missing}{WHAT_TO_DO}"
    assert hidden <= UNDESCRIBED, f"Not in the OpenAPI description: {hidden - UNDESCRIBED}"
    gone = sorted(map(str, (PAGES.keys() - pages) | (API.keys() - calls())))
    assert not gone, f"Declared in test_isolation.py, but there no longer: {gone}"


PLACED = {
    route: declared
    for route, declared in (PAGES | API).items()
    if re.search(r"[<{]", str(route)) and not isinstance(declared, Theirs | Call)
}
"""Routes with a place in their address that are not called as another organisation."""


def test_a_place_in_an_address_is_an_id_unless_its_reason_is_one_of_the_list():
    unexplained = [route for route, declared in PLACED.items() if type(declared) not in TRUE]
    assert not unexplained, WHAT_TO_DO


def test_each_reason_is_true_of_its_route(world):
    """Put into the place what is in the list, and every id of every kind that the first has."""
    ids = [each for each in vars(world).values() if isinstance(each, uuid.UUID | str | int)]
    assert len(ids) > 15
    untrue = [r for r, declared in PLACED.items() if not TRUE[type(declared)](world, r, ids)]
    assert not untrue


def put(world: Any, route: Any, places: list[Any], *codes: str) -> list[tuple[int, str]]:
    """What these organisations see with each of these in the route's place."""
    from tests.hub.organisations.people import browser, member

    method, address = route if isinstance(route, tuple) else ("GET", f"/{route}")
    body = {"url": "x"} if method == "PUT" else None
    seen = []
    for node in map(world.region.nodes.get, codes or ("TRUST",)):
        page = browser(member(node.organisation))
        for place in places:
            path = re.sub(r"[<{][^>}]+[>}]", str(place), address)
            machine = address.startswith(("/api/", "/fhir/"))
            answer = node.call(method, path, body) if machine else page.get(path)
            status, _, text = as_seen(answer, place)
            seen.append((status, re.sub(r"Signed in as [^<]+", "", text)))
    return seen


def one_of(world: Any, route: Any, ids: list[Any]) -> bool:
    """Every id is refused, alike; a name of the list is understood."""
    names = list(PLACED[route].names())
    refused, taken = put(world, route, ids), put(world, route, names)
    assert {status for status, _ in refused} <= {404, 422}, route
    return not set(map(str, ids)) & set(names) and bool(set(taken) - set(refused))


def hubs_own(world: Any, route: Any, ids: list[Any]) -> bool:
    """It belongs to no organisation, and two of them see the same."""
    from django.apps import apps

    model = apps.get_model(PLACED[route].model)
    first, second = put(world, route, [model.objects.first().pk], "LA", "TRUST")
    related = {field.related_model for field in model._meta.get_fields() if field.is_relation}
    organisation = apps.get_model("organisations.Organisation")
    return first == second and first[0] == 200 and organisation not in related


def nothing(world: Any, route: Any, ids: list[Any]) -> bool:
    """Every id is answered as any other word."""
    return {status for status, _ in put(world, route, [*ids, "x"])} == {404}


TRUE = {OneOf: one_of, HubsOwn: hubs_own, Nothing: nothing}


@pytest.fixture
def world(browser_client, links):
    """One organisation (LA) with something of every kind, and another (TRUST) beside it."""
    from django.utils import timezone

    from joinedup.hub.agreements.publishing import begin
    from joinedup.hub.api.tokens import SCOPES
    from joinedup.hub.approvals.changes import propose
    from joinedup.hub.identifiers.models import IdentifierRequest
    from joinedup.hub.ledger.writing import record
    from joinedup.hub.limits.enumeration import HELD_FOR
    from joinedup.hub.limits.models import Hold
    from joinedup.hub.reconciliation.models import ReviewCase
    from joinedup.hub.register import publishing
    from joinedup.hub.shields.models import BreakGlass, Shield
    from joinedup.hub.shields.reviewing import ask_to_lift
    from joinedup.policy.question import Level
    from tests.hub.discovery import region as words
    from tests.hub.organisations.people import member
    from tests.hub.sources import CHILD

    begin()
    region = words.Region.build(browser_client)
    words.agree()
    for node in region.nodes.values():
        node.machine.client.scopes = sorted(SCOPES)
        node.machine.client.save()
        node.bearer = node.machine.token(browser_client)
    la, school = region.la, region.school
    ours = la.organisation
    la.call("POST", "/api/v1/get-an-identifier", {"personSpecification": CHILD})
    search = la.search().json()["searchId"]
    school.answer(school.claim().json(), "hasRecords", **words.has(words.EDUCATION, "pupil-1"))
    fetch = la.results(search).json()["items"][0]["fetchId"]
    la_claim = la.claim().json()
    publishing.publish(
        ours,
        [
            publishing.Given(
                publishing.Record("main", words.CARE, "ours-1"), words.SUI, None, None, ""
            )
        ],
        {words.CARE},
        timezone.now(),
        "",
    )
    la.call("POST", "/api/v1/shields", {"sui": words.OTHER_SUI, "level": "R",
                                        "criterion": "significant-harm"})  # fmt: skip
    shield = Shield.objects.get()
    now = timezone.now()
    nurse = member(ours, "nurse")
    change = propose(
        "system.open", {"organisation": "LA", "code": "x", "name": "X"}, member(ours), "Ours"
    )
    lift = ask_to_lift(shield, Level.OPEN, member(ours, "shield-reviewer"), "No longer needed")
    opened = BreakGlass.objects.create(
        membership=nurse, session="s", emergency="section-47", opened_at=now,
        ends_at=now + HELD_FOR, subject=b"x",
    )  # fmt: skip
    hold = Hold.objects.create(
        asker=f"person:{nurse.person_id}", organisation=ours, person=nurse.person,
        rule="children", evidence="201 children in a day", at=now, until=now + HELD_FOR,
    )  # fmt: skip
    return SimpleNamespace(
        region=region,
        request=IdentifierRequest.objects.get(organisation=ours).id,
        case=ReviewCase.objects.filter(organisation=ours).latest("opened_at").id,
        change=change.id,
        hold=hold.pk,
        **governed(ours, nurse),
        share=asked_for(ours, school.organisation),
        shield=shield.pk,
        shield_change=lift.pk,
        opened=opened.pk,
        search=search,
        left=left_to_a_person(search, ours),
        fetch=fetch,
        record="ours-1",
        work=(la_claim["workItemId"], la_claim["leaseToken"]),
        entry=record(action="record.find", outcome="allowed", organisation="LA"),
    )


def governed(ours: Any, nurse: Any) -> dict[str, Any]:
    """What information governance has of an organisation: a look, an alert, a request, a box."""
    from datetime import date

    from joinedup.hub.approvals.changes import propose
    from joinedup.hub.ledger.writing import record
    from joinedup.hub.retention import archiving
    from joinedup.hub.subject_access import working
    from joinedup.hub.subject_access.authority import Asker
    from joinedup.hub.subject_access.parts import Choice, Part
    from joinedup.hub.watching.models import Alert
    from tests.hub.discovery import region as words
    from tests.hub.organisations.people import member

    today = date(2026, 11, 23)
    officer, lead = member(ours, "data-officer"), member(ours, "information-governance-lead")
    request = working.take(Asker.CHILD, working.About(words.SUI, "A", 15), today, officer)
    item = working.add(request, "documents", "one", [Part("Note", "Seen")])
    to_sign = working.add(request, "documents", "two", [Part("Note", "Seen")])
    working.mark(to_sign, Choice("withhold"), "serious-harm", officer)
    with_box = archiving.archive("9990004455", "grown-up", timezone_now())
    with_box.organisations = [ours.ods_code]
    with_box.save()
    what = {"archived": str(with_box.pk), "purpose": "section-47", "whose": ours.ods_code}
    return {
        "looked": record(
            action="record.find", organisation=ours.ods_code, subject=words.SUI,
            person=str(nurse.person_id),
        ),
        "alert": Alert.objects.create(
            kind="sample", person=nurse.person, organisation=ours, day=today, entries=[],
            raised_at=timezone_now(), due_by=today,
        ).pk,
        "subject_request": request.pk,
        "subject_item": item.pk,
        "subject_item_to_sign": to_sign.pk,
        "complaint": working.complain(today, "A", "B", officer).pk,
        "archive_change": propose("archive.open", what, lead, "An enquiry").pk,
    }  # fmt: skip


def timezone_now() -> Any:
    """The moment; Django can be asked only once it is set up."""
    from django.utils import timezone

    return timezone.now()


def left_to_a_person(search: str, custodian: Any) -> Any:
    """A record of the custodian's that its node left to a person."""
    from datetime import timedelta

    from joinedup.hub.discovery.models import Fetch, WorkItem
    from tests.hub.discovery import region as words

    now = timezone_now()
    item = WorkItem.objects.create(
        kind="fetch", search_id=search, custodian=custodian, record_type=words.CARE,
        expires_at=now + timedelta(hours=1), visible_at=now, claims=1, outcome="withheld",
        answered_at=now,
    )  # fmt: skip
    Fetch.objects.create(
        work_item=item, system_id="main", record_id="ours-1", public_key=key(),
        withheld_reason="ask-us",
    )  # fmt: skip
    return item.id


def asked_for(ours: Any, holder: Any) -> Any:
    """A request of ours to another organisation."""
    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.sharing import asking
    from tests.hub.discovery import region as words
    from tests.hub.organisations.people import member

    asked = asking.Asked(words.EDUCATION, "educationSettingName")
    wanted = asking.Wanted(
        words.SUI, holder, [asked], words.PURPOSE, words.BASIS, "A referral", key()
    )
    searcher = Searcher(ours, membership=member(ours, "social-worker"))
    return asking.ask(searcher, wanted).id


def unknown_like(id: Any) -> Any:
    """An id of the same kind that nobody has."""
    if isinstance(id, tuple):
        return tuple(map(unknown_like, id))
    if isinstance(id, uuid.UUID):
        return uuid.uuid4()
    if isinstance(id, int):
        return id + 987_654
    try:
        return str(uuid.UUID(id)) and str(uuid.uuid4())
    except ValueError:
        flipped = {"a": "b", "1": "2"}
        return "".join(flipped.get(letter, "a" if letter.isalpha() else "1") for letter in id)


def as_seen(answer: Any, id: Any) -> tuple[Any, ...]:
    """The answer, without what is new in each: ids of the request, tokens of forms."""
    text = answer.content.decode()
    for each in map(str, id if isinstance(id, tuple) else (id,)):
        text = text.replace(each, "ID") if len(each) > 6 else text
    text = re.sub(r'"correlationId": "[^"]+"', "", text)
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text)
    varying = {"x-correlation-id", "content-length"}
    headers = {name: value for name, value in answer.items() if name.lower() not in varying}
    return answer.status_code, headers, text


PAGES_WITH_IDS = [route for route, declared in PAGES.items() if isinstance(declared, Theirs)]
CALLS_WITH_IDS = [call for call, declared in API.items() if isinstance(declared, Call)]


def test_another_organisations_pages_are_not_there(world):
    """All in one world: each page asked for with an id of LA's, and with nobody's, by TRUST."""
    from tests.hub.organisations.people import browser, member

    trust = world.region.trust.organisation
    wrong = []
    for route, method in itertools.product(PAGES_WITH_IDS, ("get", "post")):
        declared: Any = PAGES[route]
        stranger = browser(member(trust, declared.role))
        real = getattr(world, declared.id)
        answers = []
        for id in (real, unknown_like(real)):
            path = "/" + re.sub(r"<[^>]+>", str(id), route)
            answers.append(as_seen(getattr(stranger, method)(path, declared.form), id))
        if answers[0] != answers[1] or answers[0][0] not in (403, 404, 405):
            wrong.append((method, route, answers[0][0], answers[1][0]))
        if declared.owner_sees_it and method == "get":
            owner = browser(member(world.region.la.organisation, declared.role))
            seen = owner.get("/" + re.sub(r"<[^>]+>", str(real), route))
            if seen.status_code != 200:
                wrong.append(("the owner", route, seen.status_code, 200))
    assert not wrong


def test_another_organisations_ids_are_nobodys_in_the_api(world):
    """The same bytes for LA's id and for nobody's, called by TRUST; LA's own is still there."""
    trust = world.region.trust
    wrong = []
    for method, path in CALLS_WITH_IDS:
        declared: Any = API[method, path]
        real = getattr(world, declared.id)
        answers = []
        for id in (real, unknown_like(real)):
            body = declared.body(id) if declared.body else None
            at = path if isinstance(id, tuple) else re.sub(r"\{[^}]+\}", str(id), path)
            answers.append(as_seen(trust.call(method, at, body, **declared.headers()), id))
        if answers[0] != answers[1] or answers[0][0] not in declared.statuses:
            wrong.append((method, path, answers[0][0], answers[1][0]))
    assert not wrong
    la = world.region.la
    assert la.call("GET", f"/api/v2/searches/{world.search}").json()["status"] == "running"
    assert la.call("GET", f"/api/v1/ledger/receipts/{world.entry}").status_code == 202
    work, lease = world.work
    renewed = {"workItemId": work, "leaseToken": lease}
    assert la.call("POST", "/api/v2/work/lease/renew", renewed).status_code == 200


def test_an_administrator_elsewhere_changes_nothing_here(world):
    """Ids in forms: another organisation's client, person, system and key."""
    from joinedup.hub.approvals.changes import NotYours, propose
    from joinedup.hub.approvals.models import ProposedChange
    from joinedup.hub.organisations.models import MachineClient, Person
    from tests.hub.organisations.people import browser, member

    la, trust = world.region.la.organisation, world.region.trust.organisation
    admin, victim = member(trust), member(la, "nurse")
    stranger = browser(admin)
    stranger.post("/administration/stop", {"client_id": "system-LA", "why": "x"})
    stranger.post("/administration/stop", {"person": victim.person_id, "why": "x"})
    assert not MachineClient.objects.filter(revoked_at__isnull=False).exists()
    assert not Person.objects.filter(blocked_at__isnull=False).exists()
    before = ProposedChange.objects.count()
    form = {"organisation": "LA", "code": "y", "name": "Y", "why": "x"}
    assert stranger.post("/administration/propose/system.open", form).status_code == 403
    with pytest.raises(NotYours):
        propose("client.key", {"client_id": "system-LA"}, admin, "x")
    assert ProposedChange.objects.count() == before


@pytest.mark.parametrize(
    "header",
    ["X-Organisation", "X-Ods-Code", "X-User", "X-Forwarded-User", "X-Client-Id", "X-Role"],
)
def test_a_header_does_not_say_who_calls(world, header):
    """A15: who calls is proven by the token alone."""
    trust = world.region.trust
    answer = trust.call("GET", f"/api/v2/searches/{world.search}", **{header: "LA"})
    assert answer.status_code == 404


def test_a_contractor_of_one_does_not_read_its_principals(world):
    """A14: acting for a body gives its footing in law, and none of its searches."""
    from joinedup.hub.organisations.models import Organisation

    contractor = Organisation.objects.create(
        ods_code="CON", name="A contractor", kind="supplier", legal_class="contractor",
        principal=world.region.la.organisation, valid_from="2020-01-01",
    )  # fmt: skip
    node = world.region.add("CON", contractor)
    assert node.call("GET", f"/api/v2/searches/{world.search}").status_code == 404
    assert node.call(
        "POST", f"/api/v1/records/{world.fetch}", {"publicKey": key()}
    ).status_code == (404)
