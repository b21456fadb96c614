"""The workspace: from a request to a file without what belongs to others."""

import re
import uuid
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from tests.hub.watching.conftest import SUI, hub  # noqa: F401 - the fixture

REFERRER, FLAT, REFUGE = "Gillian Neighbourly", "9 Hidden Close", "Rosewood House"


@pytest.fixture
def workspace(hub):  # noqa: F811
    from joinedup.hub.register import publishing
    from joinedup.hub.subject_access import working
    from joinedup.hub.subject_access.models import Complaint, Item, SubjectRequest

    officer = hub.member(hub.organisation, "data-officer", "Dot Officer")
    hub.look()
    given = publishing.Given(publishing.Record("main", "health.details", "r"), SUI)
    publishing.publish(hub.organisation, [given], {"health.details"})
    browser = hub.browser(officer)
    today = timezone.localdate()

    def take(asker="parent", age=9, evidence=("identity", "parental-responsibility",
             "court-orders-checked", "child-asked")):  # fmt: skip
        browser.post("/subject-access/new", {
            "asker": asker, "name": "Alex Parent", "sui": SUI, "age": age,
            "received": f"{today:%d/%m/%Y}", "evidence": list(evidence), "child_view": "Content",
        })  # fmt: skip
        return SubjectRequest.objects.latest("pk") if not evidence else SubjectRequest.objects.get()

    def mark(item, mark, **facts):
        return browser.post(f"/subject-access/items/{item.pk}", {
            "mark": mark, "why": "It was read and considered", **facts,
        })  # fmt: skip

    def act(request, act, **facts):
        return browser.post(f"/subject-access/{request.pk}", {"act": act, **facts})

    return SimpleNamespace(
        hub=hub, officer=officer, browser=browser, take=take, mark=mark, act=act, today=today,
        working=working, items=Item.objects.all(), complaints=Complaint.objects.all(),
    )  # fmt: skip


def answer(workspace, request, kind="page"):
    return workspace.browser.post(f"/subject-access/{request.pk}/answer", {"as": kind})


def test_the_whole_way_and_no_third_party_in_the_file(workspace):
    request = workspace.take()
    workspace.act(request, "gather")
    workspace.browser.post(f"/subject-access/{request.pk}/add", {
        "title": "Contact record, 3 May", "child": "Seen well at school",
        "words": f"{REFERRER} rang: the child cried.",
        "third_party": f"Mother lives at {FLAT}", "whereabouts": REFUGE, "protected": REFERRER,
    })  # fmt: skip
    sources = {item.source for item in workspace.items}
    assert {"looks", "pointers", "documents"} <= sources
    assert answer(workspace, request).status_code == 302, "nothing is marked yet"
    for item in workspace.items:
        workspace.mark(item, "disclose")
    workspace.act(request, "seen", searched="The hub and the case system: all that there is",
                  evidence=["identity", "parental-responsibility", "court-orders-checked",
                            "child-asked"])  # fmt: skip
    page = workspace.browser.get(f"/subject-access/{request.pk}").content.decode()
    assert "repeats something that is not to be given" in page
    assert answer(workspace, request).status_code == 302
    document = workspace.items.get(source="documents")
    places = {part.concern.value: n for n, part in enumerate(workspace.working.parts(document))}
    workspace.mark(document, "redact", **{
        f"give-{places['child']}": "yes", f"give-{places['words']}": "yes",
        f"text-{places['words']}": "Somebody rang: the child cried.",
        f"give-{places['third-party']}": "yes", f"give-{places['protected']}": "yes",
        f"give-{places['whereabouts']}": "yes", "exemption": "third-party",
    })  # fmt: skip
    for kind in ("page", "csv"):
        told = answer(workspace, request, kind)
        assert told.status_code == 200
        text = told.content.decode()
        assert "Somebody rang" in text
        for hidden in (REFERRER, FLAT, REFUGE, "Pat Testerton", "Neighbourly"):
            assert hidden not in text, hidden
        assert "<script" not in text
        assert "<link" not in text
    assert "para. 16" in answer(workspace, request).content.decode()
    last = workspace.hub.last()
    assert last.facts["action"] == "subject-access.answer"
    assert last.personal["subject"] == SUI


def test_a_shielded_childs_whereabouts_are_in_no_answer(workspace):
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.policy.question import Level

    ask_for_shield(
        Subject((SUI,)), Level.NO_LOCATION, organisation=workspace.hub.organisation,
        by=workspace.officer, criterion="domestic-abuse", reason="In refuge",
    )  # fmt: skip
    request = workspace.take()
    workspace.act(request, "gather")
    workspace.act(request, "seen", searched="Everywhere that it could be",
                  evidence=["identity", "parental-responsibility", "court-orders-checked",
                            "child-asked"])  # fmt: skip
    for item in workspace.items:
        workspace.mark(item, "disclose")
    reasons = workspace.browser.get(f"/subject-access/{request.pk}").content.decode()
    text = answer(workspace, request).content.decode()
    assert "Role" in text, reasons
    body = text.partition("</p>")[2]  # the head says who answers
    assert "Testshire" not in body
    assert "refuge" not in text


REPLACED = "9990000026"


def renumber(hub):  # noqa: F811
    """The child had another number: each organisation has something of each kind by that one."""
    from joinedup.hub.discovery.models import Search
    from joinedup.hub.identifiers.models import IdentifierRequest
    from joinedup.hub.register import publishing, supersession
    from joinedup.hub.sharing.models import ShareRequest

    now = timezone.now()
    nurse = hub.member(hub.trust, "nurse", "Nia Nurse")
    for name, by in (("ours", hub.pat), ("theirs", nurse)):
        organisation = by.organisation
        hub.look(by, sui=REPLACED, holders=(hub.organisation.ods_code,))
        given = publishing.Given(publishing.Record("main", "health.details", name), REPLACED)
        publishing.publish(organisation, [given], {"health.details"})
        Search.objects.create(
            organisation=organisation, membership=by, role=by.role, sui=REPLACED,
            purpose="early-help", legal_basis="consent", reason=name, record_types=[],
            created_at=now, expires_at=now, correlation_id=uuid.uuid4(),
        )  # fmt: skip
        IdentifierRequest.objects.create(
            organisation=organisation, person=by.person, role=by.role, purpose="early-help",
            reason=name, asked_at=now, status="Match", nhs_number=REPLACED, channel="pages",
            correlation_id=uuid.uuid4(),
        )  # fmt: skip
        ShareRequest.objects.create(
            reference=name, asker=organisation, holder=hub.organisation, membership=by,
            sui=REPLACED, purpose="early-help", legal_basis="consent", reason=name,
            urgency="routine", received_at=now, state="received", due_at=now,
            correlation_id=uuid.uuid4(),
        )  # fmt: skip
    supersession.learnt(REPLACED, SUI)


def gathered(by):
    """How many of each kind are gathered for somebody who answers, with the rights of a request."""
    from joinedup.hub.rights import acting
    from joinedup.hub.subject_access.authority import Asker
    from joinedup.hub.subject_access.gathering import gather

    with acting.request():
        acting.act_for(by.organisation_id)
        return Counter(found.source for found in gather(SUI, Asker.PARENT, by))


@pytest.mark.parametrize("shielded", [False, True])
def test_what_is_held_by_a_replaced_number_is_gathered_too(hub, shielded):  # noqa: F811
    """Of a shielded child an organisation gathers by it what is its own; the hub everything."""
    from tests.hub.register.test_supersession import shield

    renumber(hub)
    if shielded:
        shield(hub.trust, SUI)
    officer = hub.member(hub.organisation, "data-officer", "Dot Officer")
    every = dict.fromkeys(("looks", "pointers", "numbers", "searches", "shares"), 2)
    of_others = 0 if shielded else 1  # looks at its records, and who else holds one
    assert gathered(officer) == {
        "looks": 1 + of_others, "pointers": 1 + of_others, "numbers": 1, "searches": 1,
        "shares": 2,
    }  # fmt: skip
    hub_officer = hub.member(hub.hub_lead.organisation, "data-officer", "Hob Officer")
    assert {**gathered(hub_officer), "looks": 0} == {**every, "looks": 0}


def test_serious_harm_is_for_a_practitioner_to_say(workspace):
    request = workspace.take()
    workspace.act(request, "gather")
    workspace.act(request, "seen", searched="Everywhere that it could be",
                  evidence=["identity", "parental-responsibility", "court-orders-checked",
                            "child-asked"])  # fmt: skip
    first, *others = workspace.items
    refused = workspace.mark(first, "withhold")
    assert "Select the law" in refused.content.decode()
    workspace.mark(first, "withhold", exemption="serious-harm")
    for item in others:
        workspace.mark(item, "disclose")
    assert answer(workspace, request).status_code == 302
    pat = workspace.hub.browser(workspace.hub.pat)
    nurse = workspace.hub.browser(workspace.hub.member(workspace.hub.trust, "nurse"))
    path = f"/subject-access/to-sign/{first.pk}"
    assert nurse.get(path).status_code == 404
    assert workspace.browser.get(path).status_code == 403
    assert "Would it do serious harm" in pat.get(path).content.decode()
    pat.post(path, {"agrees": "yes", "why": "He would go after her"})
    assert answer(workspace, request).status_code == 200
    assert pat.get(path).status_code == 404
    workspace.mark(first, "withhold", exemption="serious-harm")
    assert answer(workspace, request).status_code == 302, "marked anew, it is signed anew"
    pat.post(path, {"agrees": "no", "why": "I see no harm in it"})
    first.refresh_from_db()
    assert first.mark == ""


def test_an_investigation_is_not_told_by_naming_its_exemption(workspace):
    request = workspace.take()
    workspace.act(request, "gather")
    workspace.act(request, "seen", searched="Everywhere that it could be",
                  evidence=["identity", "parental-responsibility", "court-orders-checked",
                            "child-asked"])  # fmt: skip
    for item in workspace.items:
        workspace.mark(item, "withhold", exemption="crime")
    text = answer(workspace, request).content.decode()
    assert "investigation" not in text
    assert "What was left out" not in text


def test_the_clock_stands_still_and_begins_with_identity(workspace):
    request = workspace.take(evidence=("parental-responsibility",))
    assert workspace.working.stands(request).due is None
    workspace.act(request, "seen", evidence=["identity", "parental-responsibility"])
    began = workspace.working.stands(request)
    assert began.due
    workspace.act(request, "clarity-asked")
    assert workspace.working.stands(request).waits_for == "what the asker means"
    workspace.act(request, "clarity-given")
    assert workspace.working.stands(request).due == began.due
    workspace.act(request, "extended")
    assert workspace.working.stands(request).due > began.due + timedelta(days=50)


def test_gathering_again_adds_what_is_new_and_keeps_what_was_marked(workspace):
    request = workspace.take()
    workspace.act(request, "gather")
    item = workspace.items.get(source="pointers")
    workspace.mark(item, "disclose")
    workspace.hub.look(purpose="early-help")
    before = workspace.items.count()
    workspace.act(request, "gather")
    assert workspace.items.count() > before
    item.refresh_from_db()
    assert item.mark == "disclose"


def test_what_is_written_down_is_sealed_and_goes_with_its_key(workspace):
    from joinedup.hub.subject_access.sealed import Erased

    request = workspace.take()
    workspace.act(request, "gather")
    for row in (request, *workspace.items):
        assert SUI.encode() not in bytes(row.box)
        assert b"Alex" not in bytes(row.box)
    request.key = None
    with pytest.raises(Erased):
        workspace.working.about(request)


def test_a_complaint_has_thirty_days(workspace):
    browser, today = workspace.browser, workspace.today
    late = today - timedelta(days=26)
    browser.post("/subject-access/complain", {
        "name": "Alex", "received": f"{late:%d/%m/%Y}", "what": "My address was given away",
    })  # fmt: skip
    complaint = workspace.complaints.get()
    page = browser.get("/subject-access").content.decode()
    assert re.search("Acknowledge by day 30", page)
    browser.post(f"/subject-access/complaints/{complaint.pk}", {"act": "acknowledge"})
    browser.post(f"/subject-access/complaints/{complaint.pk}", {"said": "We have put it right"})
    complaint.refresh_from_db()
    assert complaint.acknowledged_on == complaint.answered_on == today
    assert (
        "We have put it right"
        in browser.get(f"/subject-access/complaints/{complaint.pk}").content.decode()
    )
