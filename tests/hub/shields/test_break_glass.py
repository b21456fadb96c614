"""In an emergency one person sees one child for half an hour, and both organisations know first."""

import pytest

from joinedup.policy.question import Level
from tests.hub.shields.conftest import NUMBER
from tests.hub.shields.test_shields import plain

FORM = {
    "sui": NUMBER,
    "emergency": "section-47",
    "reason": "The child is in danger at home tonight.",
}
OPEN = "/shields/open"


@pytest.fixture
def glass(oliver, shield, policy, as_person, browser_client):
    """A child whose place is hidden, and a social worker who has just stepped up."""
    shield("R")
    as_person()
    return browser_client


def alerts():
    from joinedup.hub.shields.models import Alert

    return Alert.objects.all()


def test_what_is_hidden_is_shown_to_whoever_broke_the_glass(glass):
    from joinedup.hub.shields.models import BreakGlass

    answer = glass.post(OPEN, FORM)
    assert answer.status_code == 302, answer.content
    opened = BreakGlass.objects.get()
    assert (opened.ends_at - opened.opened_at).total_seconds() == 30 * 60
    assert NUMBER.encode() not in bytes(opened.subject)
    assert NUMBER not in answer["Location"]
    assert alerts().count() == 1  # one organisation asked for the shield and opened it
    assert opened.looked_at is None  # told before anything was shown
    page = glass.get(answer["Location"]).content.decode()
    assert "LS1 4AP" in page
    assert "Held by schools" in page


def test_both_organisations_are_told(oliver, shield, policy, as_person, browser_client, health):
    from django.db import connection

    shield("R")
    as_person("Nell", "nurse", of=health)
    form = {**FORM, "emergency": "medical-emergency"}
    assert browser_client.post(OPEN, form).status_code == 302
    assert {a.organisation.ods_code for a in alerts()} == {"T1", "H9"}
    assert not any(NUMBER in a.words or "Oliver" in a.words for a in alerts())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE action = 'shield.break-glass'")
        assert cursor.fetchone() == (1,)
    as_person("Ida", "information-governance-lead")
    assert "Nurse at A trust" in browser_client.get("/shields/alerts").content.decode()


@pytest.mark.parametrize("change", [{"reason": "too short"}, {"emergency": "curious"},
                                    {"sui": "123"}, {"reason": " " * 30}])  # fmt: skip
def test_an_emergency_has_a_reason_that_was_typed(glass, change):
    assert "There is a problem" in glass.post(OPEN, {**FORM, **change}).content.decode()
    assert not alerts()


def test_without_stepping_up_nothing_is_even_asked(glass, as_person):
    as_person(stepped_up=False)
    answer = glass.post(OPEN, FORM)
    assert answer["Location"].endswith("/sign-in/again")
    assert not alerts()


def test_not_for_a_child_not_discoverable_and_the_answer_is_that_for_nobody(glass, shield):
    nobody = glass.post(OPEN, {**FORM, "sui": "9990000026"})
    assert "Ask the desk to connect us" in nobody.content.decode()
    shield("V")
    hidden = glass.post(OPEN, FORM)
    assert plain(hidden)[:2] == plain(nobody)[:2]
    assert not alerts()


def test_it_is_nobody_elses_no_other_sessions_and_ends(glass, as_person, monkeypatch, shield):
    from django.utils import timezone

    from joinedup.hub.shields.models import BreakGlass

    page = glass.post(OPEN, FORM)["Location"]
    assert glass.get(page).status_code == 200
    as_person()  # the same person in another session (a second browser, or after log-out)
    assert glass.get(page).status_code == 404
    as_person("Zoe")
    assert glass.get(page).status_code == 404
    as_person()
    page = glass.post(OPEN, FORM)["Location"]
    assert glass.get(page).status_code == 200
    BreakGlass.objects.update(ends_at=timezone.now())
    assert glass.get(page).status_code == 404
    page = glass.post(OPEN, FORM)["Location"]
    shield("V")  # made stronger while the glass is open
    assert glass.get(page).status_code == 404


def test_a_policy_that_cannot_be_read_opens_nothing(oliver, shield, as_person, browser_client):
    from joinedup.hub.agreements.models import Head

    Head.objects.all().delete()
    shield("R")
    as_person()
    assert "nothing to open" in browser_client.post(OPEN, FORM).content.decode()
    assert not alerts()


def test_the_desk_connects_and_the_answer_is_the_same_for_any_number(
    glass, shield, as_person, organisation
):
    from joinedup.hub.shields.levels import level_of

    form = {"reason": "The mother is in hospital.", "call_back": "Extension 12"}
    told = [glass.post("/shields/contact", {**form, "sui": n}) for n in (NUMBER, "9990000026")]
    assert plain(told[0])[:2] == plain(told[1])[:2]
    assert "desk has your request" in told[0].content.decode()
    organisation.runs_hub = True
    organisation.save()
    as_person("Ann", "shield-reviewer")
    page = glass.get("/shields/contacts").content.decode()
    assert NUMBER in page
    assert "Extension 12" in page
    assert level_of(NUMBER) is Level.NO_LOCATION
