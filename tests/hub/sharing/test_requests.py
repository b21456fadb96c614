"""Requests between organisations: asked, answered item by item, read once more than policy."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests.hub.sharing.known import CARE, EDUCATION, HEALTH, SUI


def entries(action):
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    return opened(Entry.objects.filter(action=action).order_by("number"))


def test_a_request_is_asked_answered_in_part_and_read(ask, decide, read, told, people, notices):
    from joinedup.hub.sharing.course import Why

    request = ask()
    assert "request" in notices(people["TRUST"])
    assert told(request) == []
    decide(request, "Missed two appointments.", Why.NOT_RELEVANT)
    assert notices(people["LA"]) == ["answer"]
    assert told(request) == ["given", "not-relevant"]
    assert read(request) == {0: "Missed two appointments."}
    (asked,) = entries("share.request")
    assert asked.personal["reason"] == "A referral this morning."
    assert asked.facts["record_types"] == [HEALTH]
    (decision,) = entries("share.decide")
    assert (decision.facts["organisation"], decision.facts["outcome"]) == (
        "TRUST",
        "shared-in-part",
    )
    (reading,) = entries("share.read")
    assert (reading.facts["organisation"], reading.facts["holders"]) == ("LA", ["TRUST"])
    assert reading.facts["fields"] == ["missedAppointments"]
    assert reading.personal["subject"] == SUI


def test_what_is_shared_is_nowhere_in_clear(ask, decide, people, db):
    from django.db import connection

    secret = "Seen with a broken arm"
    request = ask(reason="Reason that is nobody else's")
    decide(request, secret, secret, words="Words that are nobody else's")
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            found += [table for (row,) in cursor if secret in row or "nobody else" in row]
    assert found == []


def test_another_key_does_not_open_it(ask, decide, people):
    from joinedup.custodian.envelope import EnvelopeError
    from joinedup.hub.sharing import envelope
    from joinedup.hub.sharing.models import SealedItem

    request = ask()
    decide(request, "One", "Two")
    first, second = SealedItem.objects.order_by("item__place")
    with pytest.raises(EnvelopeError):
        envelope.unclose(first.content, people["key of POLICE"].private, first.item_id, SUI)
    mine = people["key of LA"].private
    with pytest.raises(EnvelopeError):  # the answer to one item is not the answer to another
        envelope.unclose(second.content, mine, first.item_id, SUI)
    with pytest.raises(EnvelopeError):  # nor about another child
        envelope.unclose(first.content, mine, first.item_id, "9990000018")


def test_what_was_not_selected_never_leaves(ask, decide, read):
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.models import SealedItem

    request = ask()
    decide(request, "Only this.", Why.NOT_RELEVANT)
    assert SealedItem.objects.count() == 1
    assert read(request) == {0: "Only this."}


@pytest.mark.parametrize("changes", [
    {"items": []}, {"reason": " "}, {"sui": "1234567890"}, {"holder": "LA"},
    {"items": [("health.details", "")]}, {"items": [("health.details", "noSuchField")]},
    {"items": [("health.details", "registeredGP")] * 2},
])  # fmt: skip
def test_what_cannot_be_asked_asks_nobody(ask, region, changes):
    from joinedup.hub.sharing.asking import Asked, CannotBeAsked
    from joinedup.hub.sharing.models import ShareRequest

    if "items" in changes:
        items = [Asked(*each) for each in changes.pop("items")]
        if not items:
            from joinedup.hub.discovery.circle import Searcher
            from joinedup.hub.sharing import asking

            la = region.la.organisation
            empty = asking.Wanted(SUI, region.trust.organisation, [], "section-47", "public-task",
                                  "Why", {})  # fmt: skip
            with pytest.raises(CannotBeAsked):
                asking.ask(Searcher(la, region.la.machine.client), empty)
            return
        changes["items"] = items
    with pytest.raises(CannotBeAsked):
        ask(**changes)
    assert not ShareRequest.objects.exists()


def test_without_an_agreement_the_custodian_learns_nothing(ask, people, notices):
    from joinedup.hub.sharing.asking import Asked
    from joinedup.hub.sharing.models import ShareRequest
    from joinedup.hub.sharing.permission import NotAgreed

    with pytest.raises(NotAgreed):  # a nurse may know that social care is involved, and no more
        ask(by="TRUST", holder="LA", items=[Asked(CARE)], whole_reason="X")
    with pytest.raises(NotAgreed):  # for this, a police sergeant may know of schools alone
        ask(
            by="POLICE",
            holder="SCHOOL",
            purpose="missing",
            items=[Asked(EDUCATION)],
            whole_reason="X",
        )
    assert not ShareRequest.objects.exists()
    assert notices(people["SCHOOL"]) == []


def test_an_agreement_that_ended_hides_what_was_shared(ask, decide, read, told):
    from joinedup.hub.agreements.publishing import revoke
    from joinedup.hub.sharing.reading import NothingToRead

    request = ask()
    decide(request, "One", "Two")
    revoke("A1")
    assert told(request) == ["nothing", "nothing"]
    with pytest.raises(NothingToRead):
        read(request)


def test_nor_can_more_be_shared_then(ask, decide):
    from joinedup.hub.agreements.publishing import revoke
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.models import SealedItem
    from joinedup.hub.sharing.permission import NotAgreed

    request = ask()
    revoke("A1")
    with pytest.raises(NotAgreed):
        decide(request, "One", Why.NOT_HELD)
    assert not SealedItem.objects.exists()
    decide(request, Why.NOT_HELD, Why.NOT_HELD)  # but it is answered all the same
    request.refresh_from_db()
    assert request.state == "decided"


@pytest.mark.parametrize("missing", [{"words": ""}, {"told": ""}, {"review_by": None}])
def test_a_decision_says_all_that_it_must(ask, decide, missing):
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.deciding import CannotBeDecided

    request = ask()
    with pytest.raises(CannotBeDecided):
        decide(request, "One", Why.DETRIMENT, **missing)
    with pytest.raises(CannotBeDecided):
        decide(request, "One", Why.OTHER_LEGAL_BAR, legal_bar="")
    request.refresh_from_db()
    assert request.state == "received"


def test_a_later_decision_counts_and_the_earlier_stays(ask, decide, told, read):
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.models import ShareEvent

    request = ask()
    decide(request, "One", Why.DETRIMENT)
    decide(request, Why.NOT_HELD, "Two")
    assert told(request) == ["nothing", "given"]
    assert read(request) == {1: "Two"}
    assert [each.answers for each in ShareEvent.objects.filter(step="decide")] == [
        ["", "detriment"], ["not-held", ""],
    ]  # fmt: skip


def test_what_happened_cannot_be_changed(ask):
    from django.db import DatabaseError, transaction

    from joinedup.hub.sharing.models import ShareEvent

    ask()
    with pytest.raises(DatabaseError, match="not changed"), transaction.atomic():
        ShareEvent.objects.update(step="decide")


def test_without_the_ledger_nothing_is_asked_decided_or_read(ask, decide, read, monkeypatch):
    from joinedup.hub.ledger.writing import NotRecorded
    from joinedup.hub.sharing import asking, deciding, reading
    from joinedup.hub.sharing.models import Reading, SealedItem, ShareRequest

    def refuse(**facts):
        raise NotRecorded

    request = ask()
    monkeypatch.setattr(asking, "record", refuse)
    with pytest.raises(NotRecorded):
        ask()
    assert ShareRequest.objects.count() == 1
    monkeypatch.setattr(deciding, "record", refuse)
    with pytest.raises(NotRecorded):
        decide(request, "One", "Two")
    assert not SealedItem.objects.exists()
    monkeypatch.undo()
    decide(request, "One", "Two")
    monkeypatch.setattr(reading, "record", refuse)
    with pytest.raises(NotRecorded):
        read(request)
    assert not Reading.objects.exists()


def test_both_sides_have_a_receipt_of_what_was_read(ask, decide, read, region):
    from joinedup.hub.ledger.receipts import concerns
    from joinedup.hub.sharing.models import Reading

    request = ask()
    decide(request, "One", "Two")
    read(request)
    entry = Reading.objects.get().entry_id
    assert concerns(entry, region.la.organisation)
    assert concerns(entry, region.trust.organisation)
    assert not concerns(entry, region.police.organisation)


def test_the_clock_takes_it_to_the_lead_once_for_each_time_it_runs_out(ask, people, notices):
    from joinedup.hub.sharing import escalating
    from joinedup.hub.sharing.course import ANSWER_WITHIN, Urgency

    start = timezone.now()
    request = ask(now=start, urgency=Urgency.URGENT)
    late = start + ANSWER_WITHIN[Urgency.URGENT] + timedelta(minutes=1)
    assert escalating.tick(late - timedelta(minutes=2)) == 0
    assert escalating.tick(late) == 1
    assert escalating.tick(late) == 0
    request.refresh_from_db()
    assert (request.state, request.escalations) == ("escalated", 1)
    assert notices(people["TRUST-LEAD"]).count("escalated") == 1
    assert escalating.tick(late + ANSWER_WITHIN[Urgency.URGENT]) == 1
    assert notices(people["TRUST-LEAD"]).count("escalated") == 2


def test_a_review_that_is_overdue_becomes_a_task_once(ask, decide, people, notices):
    from joinedup.hub.sharing import escalating
    from joinedup.hub.sharing.course import Why

    request = ask()
    decide(request, Why.DETRIMENT, Why.DETRIMENT, review_by=date(2027, 1, 1))
    then = timezone.now().replace(year=2027, month=1, day=2)
    assert escalating.tick(then) == 1
    assert escalating.tick(then) == 0
    assert "review-due" in notices(people["TRUST-LEAD"])
    decide(request, Why.DETRIMENT, Why.DETRIMENT, review_by=date(2027, 2, 1))
    assert not escalating.reviews_due(then).exists()


def test_an_emergency_is_completed_within_a_day_or_becomes_a_task(ask, people, notices):
    from joinedup.hub.sharing import asking, escalating
    from joinedup.hub.sharing.asking import Asked
    from joinedup.hub.sharing.course import Urgency
    from joinedup.hub.sharing.report import report

    start = timezone.now()
    all_of_it = {"items": [Asked(HEALTH)], "urgency": Urgency.EMERGENCY}
    one, two = ask(now=start, **all_of_it), ask(now=start, **all_of_it)
    asking.complete(one.id, "CASE-1", "Taken to hospital.", people["LA"])
    a_day = start + timedelta(hours=25)
    escalating.tick(a_day)
    two.refresh_from_db()
    assert two.incomplete_told_at == a_day
    assert notices(people["LA"]).count("incomplete") == 1
    assert notices(people["LEAD"]) == ["incomplete"]
    assert report(people["LEAD"].organisation, a_day).incomplete == 1


def test_dialogue_hand_on_and_withdrawal(ask, people, notices):
    from joinedup.hub.sharing import asking, deciding
    from joinedup.hub.sharing.course import NotNow, Side

    request = ask()
    asking.say(request.id, Side.HOLDER, people["TRUST"], "Which months?")
    assert notices(people["LA"]) == ["message"]
    asking.say(request.id, Side.ASKER, people["LA"], "This year.")
    request.refresh_from_db()
    assert request.state == "in-dialogue"
    assert [each.words for each in request.events.all()][1:] == ["Which months?", "This year."]
    deciding.hand_on(request.id, "Not mine to decide", people["TRUST"])
    assert "escalated" in notices(people["TRUST-LEAD"])
    asking.withdraw(request.id, people["LA"])
    with pytest.raises(NotNow):
        asking.say(request.id, Side.HOLDER, people["TRUST"], "Hello?")


def test_a_shield_hides_what_was_shared_and_only_the_asker_sees_it(
    ask, decide, told, read, region, links
):
    from joinedup.hub.sharing.reading import NothingToRead
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.policy.question import Level

    request = ask()
    decide(request, "One", "Two")
    ask_for_shield(
        Subject((SUI,)), Level.NOT_DISCOVERABLE, organisation=region.school.organisation,
        by=region.school.machine.client, criterion="other", reason="Moved to a refuge",
    )  # fmt: skip
    assert told(request) == ["nothing", "nothing"]
    with pytest.raises(NothingToRead):
        read(request)
    other = ask()  # and asking goes on exactly as it would
    decide(other, "One", "Two")
    assert told(other) == ["nothing", "nothing"]


def test_a_restricted_childs_answer_is_told_to_those_responsible(
    ask, decide, read, region, links, people, notices
):
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.policy.question import Level

    ask_for_shield(
        Subject((SUI,)), Level.NO_LOCATION, organisation=region.trust.organisation,
        by=region.trust.machine.client, criterion="other", reason="Moved",
    )  # fmt: skip
    request = ask()
    decide(request, "One", "Two")
    assert read(request) == {0: "One", 1: "Two"}
    assert "shielded-read" in notices(people["TRUST-LEAD"])
    assert "shielded-read" in notices(people["LEAD"])


def test_who_answers_or_has_the_child_in_their_caseload_is_known_to(ask, people, region):
    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.discovery.relationships import relationship_of
    from joinedup.hub.notifications import caseloads
    from joinedup.policy.question import Relationship

    def of(person):
        return relationship_of(Searcher(person.organisation, membership=person), SUI)

    nurse, worker = people["TRUST"], people["LA"]
    assert of(nurse) is Relationship.SELF_CLAIMED
    ask()
    assert of(nurse) is Relationship.OPEN_REQUEST
    assert of(worker) is Relationship.SELF_CLAIMED
    caseloads.replace(region.la.organisation, {worker.person.subject: [SUI]})
    assert of(worker) is Relationship.CASELOAD
    caseloads.replace(region.la.organisation, {worker.person.subject: []})
    assert of(worker) is Relationship.SELF_CLAIMED


def test_you_should_know(region, people, read, notices):
    from joinedup.hub.sharing import offering
    from joinedup.hub.sharing.offering import Offer
    from joinedup.hub.sharing.permission import NotAgreed

    la = region.la.organisation
    made = offering.offer(
        people["TRUST"],
        Offer(SUI, la, HEALTH, "section-47", "An unexplained injury", "Told", "A burn.", "fact"),
    )
    assert made.readers == 1
    assert notices(people["LA"]) == ["offer"]
    assert read(made.request) == {0: "A burn."}
    with pytest.raises(NotAgreed):
        offering.offer(
            people["LA"],
            Offer(SUI, region.trust.organisation, CARE, "section-47", "Why", "Told", "X", "fact"),
        )


def test_one_may_offer_for_what_the_receiver_may_have(region):
    from joinedup.hub.sharing.offering import may_offer
    from tests.hub.discovery.region import agree

    found = may_offer(region.trust.organisation, region.la.organisation)
    assert found == {"section-47": [HEALTH]}
    agree("A2", sources=["TRUST"], destinations=["LA"], purposes=["section-17"])
    found = may_offer(region.trust.organisation, region.la.organisation)
    assert set(found) == {"section-47", "section-17"}


def test_what_is_kept_and_for_how_long(ask, decide, told, monkeypatch):
    from joinedup.hub.sharing import tasks
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.models import SealedItem, ShareRequest

    def later(days):
        now = timezone.now() + timedelta(days=days)
        monkeypatch.setattr(tasks.timezone, "now", lambda: now)
        tasks.forget_old_requests()
        monkeypatch.undo()

    shared, withheld, waiting = ask(), ask(), ask()
    decide(shared, "One", "Two")
    decide(withheld, Why.DETRIMENT, Why.DETRIMENT, review_by=date(2029, 1, 1))
    later(29)
    assert SealedItem.objects.count() == 2
    later(31)
    assert not SealedItem.objects.exists()
    assert told(shared) == ["given", "given"]  # that it was is kept
    later(366)
    left = set(ShareRequest.objects.values_list("pk", flat=True))
    assert left == {withheld.pk, waiting.pk}  # what somebody must look at yet stays
