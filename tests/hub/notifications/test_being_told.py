"""A lead professional is told what happens to their children, as far as they may know it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.hub.notifications.conftest import subscribe
from tests.hub.sharing.known import CARE, EDUCATION, HEALTH, OTHER_SUI, SUI


def publish(node, record_type, record_id, sui=SUI):
    body = {"pointers": [
        {"sui": sui, "systemId": "main", "recordType": record_type, "recordId": record_id}
    ]}  # fmt: skip
    answer = node.call("PUT", "/api/v2/register/pointers", body)
    assert answer.json()["refused"] == [], answer.content
    return answer


def lines(membership):
    from joinedup.hub.notifications.inbox import read

    return [(line.notice.kind, line.who) for line in read(membership)]


def test_new_involvement_elsewhere_is_told_once_and_refreshing_it_is_not(worker, region, notices):
    publish(region.trust, HEALTH, "p-1")
    assert notices(worker) == ["involvement"]
    publish(region.trust, HEALTH, "p-1")
    publish(region.trust, HEALTH, "p-2", sui=OTHER_SUI)
    publish(region.la, CARE, "our-own")
    assert notices(worker) == ["involvement"]
    assert lines(worker) == [("involvement", "Testshire hospitals")]


def test_involvement_that_no_agreement_covers_is_not_told(worker, region, notices):
    from joinedup.hub.agreements.publishing import revoke

    publish(region.trust, HEALTH, "p-1")
    assert notices(worker) == ["involvement"]
    revoke("A1")
    assert lines(worker) == []  # what was told is hidden with the agreement
    publish(region.school, EDUCATION, "s-1")
    assert notices(worker) == ["involvement"]


def test_a_search_by_somebody_else_is_told_and_ones_own_is_not(worker, region, people, notices):
    from joinedup.hub.discovery import searching
    from joinedup.hub.discovery.circle import Searcher, Why
    from joinedup.hub.discovery.searching import Wanted

    why = Why("section-47", "public-task", "A referral.")
    for who in (people["POLICE"], worker):
        searching.begin(Searcher(who.organisation, membership=who), Wanted(SUI), why)
    region.la.search()  # our own system's
    assert notices(worker) == ["search"]
    assert lines(worker) == [("search", "Testshire police")]


def test_a_search_that_is_held_back_is_told_to_nobody(worker, region, people, notices):
    from joinedup.hub.ledger.looked import HeldBack, hold_back
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.notifications.quiet import Code, keep_quiet

    keep_quiet(people["POLICE"], SUI, Code.STAFF, "She is the worker's sister", timedelta(days=30))
    assert region.police.search().status_code == 202
    assert notices(worker) == []
    # Told, and held back in the ledger afterwards: it is gone from the list.
    region.trust.search(purpose="urgent-care")
    entry = Entry.objects.filter(action="record.find", organisation="TRUST").latest("number")
    assert notices(worker) == ["search"]
    assert lines(worker) == [("search", "Testshire hospitals")]
    hold_back(entry.id, HeldBack.POLICE, "An investigation")
    assert lines(worker) == []


def test_keeping_quiet_is_on_record_and_the_family_is_not_shown_it(worker, people):
    from joinedup.hub.ledger.looked import who_looked, who_looked_for_family
    from joinedup.hub.notifications.quiet import Code, keep_quiet

    keep_quiet(people["POLICE"], SUI, Code.POLICE, "It would tip off", timedelta(days=30))
    (look,) = [each for each in who_looked(SUI) if each.entry.facts["action"] == "notice.quiet"]
    assert look.entry.personal["reason"] == "It would tip off"
    assert all(each.action != "notice.quiet" for each in who_looked_for_family(SUI))


@pytest.mark.parametrize(
    ("level", "by", "told"), [("R", "la", 1), ("R", "trust", 1), ("V", "la", 1), ("V", "trust", 0)]
)
def test_a_shield_is_told_to_whom_it_may(worker, region, notices, links, level, by, told):
    node = getattr(region, by)
    node.machine.client.scopes = [*node.machine.client.scopes, "shield.write"]
    node.machine.client.save()
    node.bearer = node.machine.token(node.http)
    body = {"sui": SUI, "level": level, "criterion": "domestic-abuse", "reason": "In refuge"}
    assert node.call("POST", "/api/v1/shields", body).status_code == 202
    assert notices(worker) == ["shield"] * told
    shown = lines(worker)
    assert shown == [("shield", "Testshire children's services" if by == "la" else "")] * told


def test_a_replaced_number_is_told_to_the_caseload(worker, notices):
    from joinedup.hub.sharing import corrections

    for _ in range(2):  # the source of truth says so each time it is asked
        corrections.superseded(SUI, OTHER_SUI)
    corrections.tell_due()
    corrections.tell_due()
    assert notices(worker).count("identifier") == 1


def test_who_wants_one_thing_is_told_of_that(worker, region, notices):
    subscribe(worker, kinds=["search"])
    publish(region.trust, HEALTH, "p-1")
    region.police.search()
    assert notices(worker) == ["search"]


def test_a_child_who_left_the_caseload_is_told_of_no_more(worker, region, notices):
    from joinedup.hub.notifications import caseloads

    publish(region.trust, HEALTH, "p-1")
    assert notices(worker) == ["involvement"]
    caseloads.replace(region.la.organisation, {worker.person.subject: []})
    publish(region.school, EDUCATION, "s-1")
    assert notices(worker) == ["involvement"]
    assert lines(worker) == []


def test_a_digest_comes_in_the_morning(worker, region, notices):
    from joinedup.hub.notifications.delivering import shown_from
    from joinedup.hub.notifications.inbox import own

    subscriber = subscribe(worker, how="daily")
    publish(region.trust, HEALTH, "p-1")
    assert notices(worker) == []
    tomorrow = timezone.now() + timedelta(days=1)
    assert own(worker, tomorrow).count() == 1
    early = timezone.make_aware(timezone.datetime(2026, 11, 23, 5))
    late = timezone.make_aware(timezone.datetime(2026, 11, 23, 7))
    summer = timezone.make_aware(timezone.datetime(2026, 6, 30, 22))
    assert str(timezone.localtime(shown_from(subscriber, early))) == "2026-11-23 07:00:00+00:00"
    assert str(timezone.localtime(shown_from(subscriber, late))) == "2026-11-24 07:00:00+00:00"
    assert str(timezone.localtime(shown_from(subscriber, summer))) == "2026-07-01 07:00:00+01:00"


def test_an_email_says_that_there_is_a_notice_once_and_nothing_of_the_child(
    worker, region, notices, settings_with_email
):
    from django.core import mail

    from joinedup.hub.notifications.mailing import send_due

    subscribe(worker, email="amina@example.org")
    publish(region.trust, HEALTH, "p-1")
    notices(worker)
    assert [send_due(), send_due()] == [1, 0]
    (sent,) = mail.outbox
    assert sent.to == ["amina@example.org"]
    text = sent.subject + sent.body + str(sent.message())
    assert not any(word in text for word in (SUI, "hospital", "Health", "involve", "Amina"))
    publish(region.school, EDUCATION, "s-1")
    notices(worker)
    assert send_due() == 1


def test_an_email_that_is_not_taken_is_not_sent_twice(
    worker, region, notices, settings_with_email, monkeypatch
):
    from joinedup.hub.notifications import mailing

    def refuse(*args):
        raise ConnectionRefusedError

    subscribe(worker, email="amina@example.org")
    publish(region.trust, HEALTH, "p-1")
    notices(worker)
    monkeypatch.setattr(mailing, "send_mail", refuse)
    assert [mailing.send_due(), mailing.send_due()] == [0, 0]
    assert notices(worker) == ["involvement"]  # the notice itself is there all the same


@pytest.fixture
def settings_with_email(db):
    from django.core import mail
    from django.test import override_settings

    mail.outbox = []
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(EMAIL_HOST="mail.test", EMAIL_BACKEND=backend):
        yield


def test_a_system_says_what_its_caseloads_are(region, worker):
    from joinedup.hub.notifications.caseloads import children_of

    la = region.la
    la.machine.client.scopes = [*la.machine.client.scopes, "caseload.write"]
    la.machine.client.save()
    la.bearer = la.machine.token(la.http)
    subject = worker.person.subject

    def put(*suis, worker=subject):
        body = {"caseloads": [{"worker": worker, "suis": list(suis)}]}
        return la.call("PUT", "/api/v1/caseloads", body)

    assert put(SUI, OTHER_SUI, "123").json() == {
        "added": 1, "ended": 0, "refused": [{"caseload": 0, "index": 2}],
    }  # fmt: skip
    assert put(SUI, OTHER_SUI).json()["added"] == 0
    assert put(OTHER_SUI).json()["ended"] == 1
    assert put(SUI, worker="somebody-else").json()["added"] == 1
    assert children_of(worker) == [OTHER_SUI]
    twice = {"caseloads": [{"worker": subject, "suis": []}] * 2}
    assert la.call("PUT", "/api/v1/caseloads", twice).status_code == 422
    assert region.trust.call("PUT", "/api/v1/caseloads", twice).status_code == 403


def test_caseloads_are_no_way_to_walk_through_all_numbers(region, links):
    from tests.hub.sharing.known import numbers

    la = region.la
    la.machine.client.scopes = [*la.machine.client.scopes, "caseload.write"]
    la.machine.client.save()
    la.bearer = la.machine.token(la.http)
    body = {"caseloads": [{"worker": "w", "suis": numbers(2_000)}]}
    assert la.call("PUT", "/api/v1/caseloads", body).status_code == 429


def test_the_pages_show_subscribe_mark_and_keep_quiet(worker, region, notices):
    from tests.hub.organisations.people import browser

    mine = browser(worker)
    publish(region.trust, HEALTH, "p-1")
    region.police.search()
    notices(worker)
    page = mine.get("/notices").content.decode()
    assert "Testshire hospitals" in page
    assert "Testshire police" in page
    assert page.count(">New<") + page.count("New\n") >= 2
    mine.post("/notices", {"seen": "all"})
    assert "Mark all as read" not in mine.get("/notices").content.decode()
    settings = mine.get("/notices/settings").content.decode()
    assert "you work with 1 child" in settings
    form = {"kinds": ["search"], "purpose": "section-47", "how": "daily", "email": "a@example.org"}
    assert mine.post("/notices/settings", form).status_code == 302
    assert mine.post("/notices/settings", {**form, "email": "nowhere"}).status_code == 200
    quiet = {"nhs_number": SUI, "code": "staff", "why": "It concerns a colleague", "lasts": "30"}
    assert "Nobody is told" in mine.post("/notices/quiet", quiet).content.decode()


def test_reading_notices_is_an_entry_that_is_found_by_each_child(worker, region, notices):
    from joinedup.hub.ledger.looked import who_looked
    from tests.hub.organisations.people import browser

    publish(region.trust, HEALTH, "p-1")
    notices(worker)
    browser(worker).get("/notices")
    assert "notice.read" in {look.entry.facts["action"] for look in who_looked(SUI)}


def test_somebody_elses_notice_is_not_there(worker, region, people, notices):
    from joinedup.hub.notifications.models import Notice
    from tests.hub.organisations.people import browser

    publish(region.trust, HEALTH, "p-1")
    notices(worker)
    notice = Notice.objects.get(membership=worker)
    for other in (people["TRUST"], people["LEAD"]):
        assert "Testshire hospitals. Health" not in browser(other).get("/notices").content.decode()
        browser(other).post("/notices", {"seen": str(notice.pk)})
    notice.refresh_from_db()
    assert notice.read_at is None


def test_a_notice_in_the_table_names_no_child(worker, region, notices):
    from django.db import connection

    publish(region.trust, HEALTH, "p-1")
    notices(worker)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(n)::text FROM notifications_notice n")
        rows = [row for (row,) in cursor]
    assert rows
    assert not any(SUI in row for row in rows)
    assert json.loads(rows[0])["kind"] == "involvement"
