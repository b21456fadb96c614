"""Alerts from the ledger to the reviewer: raised, sampled, never about oneself, closed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.hub.watching.conftest import SUI


@pytest.fixture
def running():
    from joinedup.hub.watching import running

    return running


@pytest.fixture
def alerts(db):
    from joinedup.hub.watching.models import Alert

    return Alert.objects.all()


def ago(**time):
    return timezone.now() - timedelta(**time)


def test_a_look_at_a_child_of_ones_own_name_without_work_is_raised(hub, running, alerts):
    hub.look(at=ago(days=11))
    assert running.tonight() == 1
    (alert,) = alerts
    assert (alert.rule, alert.person, alert.organisation) == (
        "own-name", hub.pat.person, hub.organisation,
    )  # fmt: skip
    assert running.tonight() == 0, "the same looks give the same alerts"


def test_work_that_followed_is_work_and_too_early_is_not_yet_nothing(hub, running, alerts):
    hub.look(at=ago(days=5))
    hub.look(at=ago(days=30))
    hub.look(at=ago(days=28), action="share.request", outcome="allowed")
    hub.look(at=ago(days=60))
    hub.look(at=ago(days=59), action="record.fetch", outcome="allowed")
    running.tonight()
    assert alerts.filter(rule="own-name", day=ago(days=60).date()).exists(), "reading is not work"
    assert not alerts.filter(rule="own-name", day=ago(days=5).date()).exists()
    assert not alerts.filter(rule="own-name", day=ago(days=30).date()).exists()


def test_staff_say_what_is_near_and_a_look_there_is_raised_within_minutes(
    hub, running, alerts, tmp_path
):
    from django.core.management import call_command

    staff = tmp_path / "staff.csv"
    staff.write_text(
        f"subject,postcode,children\n{hub.pat.person.subject},ls1 4ap,\n", encoding="utf-8"
    )
    call_command("load_staff", staff, organisation="T1", verbosity=0)
    hub.look()
    assert running.just_now() == 1
    assert alerts.get().rule == "own-home"
    assert running.just_now() == 0
    hub.look(sui="9990000026")
    assert running.just_now() == 0


def test_a_list_of_staff_with_a_mistake_changes_nothing_and_says_where(hub, tmp_path):
    from django.core.management import CommandError, call_command

    from joinedup.hub.watching.models import Mark

    staff = tmp_path / "staff.csv"
    staff.write_text("subject,postcode,children\nnobody-here,LS1 4AP,\nx,,12\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"row 2.*row 3"):
        call_command("load_staff", staff, organisation="T1")
    assert not Mark.objects.exists()


def test_some_looks_are_drawn_by_lot_once(hub, running, alerts):
    for number in range(20):
        hub.look(at=ago(days=1), sui="", case_reference=str(number))
    hub.look(at=ago(days=1, minutes=1))
    running.tonight()
    running.tonight()
    samples = alerts.filter(kind="sample")
    assert 1 <= sum(len(each.entries) for each in samples) <= 3
    assert {each.person for each in samples} == {hub.pat.person}


def test_every_opened_shield_is_reviewed(hub, running, alerts):
    hub.look(action="shield.break-glass", outcome="allowed", emergency=True)
    running.just_now()
    assert alerts.get().kind == "shield"


def test_the_queue_names_no_child_and_the_alert_is_closed_with_words(hub, running, alerts):
    hub.look(at=ago(days=11), action="record.find", relationship="self-claimed")
    running.tonight()
    lead = hub.browser(hub.lead)
    queue = lead.get("/watching").content.decode()
    assert "Pat Testerton" in queue
    for hidden in (SUI, "Bruises", "C-7", "Oliver"):
        assert hidden not in queue
    alert = alerts.get()
    page = lead.get(f"/watching/{alert.pk}").content.decode()
    assert "Bruises seen" in page
    assert "C-7" in page
    assert "By their own word: no caseload, no open request" in page
    assert SUI not in page
    done = {"outcome": "concern", "note": "The manager knows of no such case"}
    assert lead.post(f"/watching/{alert.pk}", {**done, "note": ""}).status_code == 200
    assert lead.post(f"/watching/{alert.pk}", done).status_code == 302
    alert.refresh_from_db()
    assert (alert.outcome, alert.closed_by) == ("concern", hub.lead)
    last = hub.last()
    assert (last.facts["action"], last.facts["outcome"]) == ("watching.close", "concern")
    assert last.personal["reason"] == "The manager knows of no such case"
    running.tonight()
    assert alerts.count() == 1, "what was closed stays closed"


def test_nobody_reviews_themselves_or_another_organisation(hub, running, alerts):
    also_lead = hub.member(hub.organisation, "information-governance-lead")
    also_lead.person = hub.pat.person
    also_lead.save()
    hub.look(at=ago(days=11))
    running.tonight()
    alert = alerts.get()
    for who, seen in (
        (also_lead, False), (hub.trust_lead, False), (hub.lead, True), (hub.hub_lead, True),
    ):  # fmt: skip
        browser = hub.browser(who)
        assert (browser.get(f"/watching/{alert.pk}").status_code == 200) is seen
        assert ("Pat Testerton</td>" in browser.get("/watching").content.decode()) is False
        assert ("Pat Testerton<br>" in browser.get("/watching").content.decode()) is seen
