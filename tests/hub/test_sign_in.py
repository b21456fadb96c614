"""Who gets in, as whom, and for how long."""

from datetime import timedelta

import pytest

CLAIMS = {
    "iss": "https://sign-in.example",
    "sub": "person-1",
    "name": "Pat Invented",
    "organisation": "T1",
    "role": "social-worker",
}


def admit(**changes):
    from joinedup.hub.pages.sign_in import admit as let_in

    return let_in({**CLAIMS, **changes})


@pytest.fixture
def signed_in(browser_client, organisation):
    """The browser's client, with a session for Pat, as sign-in leaves it."""
    import time

    from django.conf import settings

    from joinedup.hub.sealing.sessions import SessionStore

    def start(**changes):
        session = SessionStore()
        session["membership"] = admit(**changes).pk
        session["signed_in_at"] = time.time()
        session.save()
        browser_client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return browser_client

    return start


def test_claims_give_a_person_an_organisation_and_a_role(organisation):
    membership = admit()
    assert membership.person.name == "Pat Invented"
    assert membership.organisation == organisation
    assert membership.role == "social-worker"
    assert admit().pk == membership.pk


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"organisation": "T9"}, "unknown-organisation"),
        ({"organisation": ""}, "unknown-organisation"),
        ({"organisation": None}, "unknown-organisation"),
        ({"organisation": ["T1"]}, "unknown-organisation"),
        ({"role": "headmaster"}, "unknown-role"),
        ({"role": None}, "unknown-role"),
        ({"sub": ""}, "not-completed"),
    ],
)
def test_claims_that_do_not_fit_let_nobody_in(organisation, changes, why):
    from joinedup.hub.organisations.models import Person
    from joinedup.hub.pages.sign_in import NotLetIn

    with pytest.raises(NotLetIn, match=why):
        admit(**changes)
    assert not Person.objects.exists()


def test_the_same_subject_of_another_provider_is_another_person(organisation):
    assert admit().person != admit(iss="https://other.example").person


def test_an_organisation_of_another_class_is_refused(organisation):
    from joinedup.hub.pages.sign_in import NotLetIn

    organisation.legal_class = "other"
    organisation.save()
    with pytest.raises(NotLetIn, match="unknown-organisation"):
        admit()


def test_moving_to_another_organisation_ends_the_first_membership(organisation):
    from joinedup.hub.organisations.models import Organisation

    first = admit()
    Organisation.objects.create(
        ods_code="T3", name="Elsewhere", kind="health", legal_class="s11",
        valid_from=organisation.valid_from,
    )  # fmt: skip
    admit(organisation="T3")
    first.refresh_from_db()
    assert first.ended_at is not None


def test_there_is_no_way_in_without_the_provider(browser_client):
    """No password form, no back door: without a provider set up, nobody signs in."""
    assert browser_client.get("/sign-in").status_code == 503
    assert browser_client.get("/sign-in/done?code=x&state=y").status_code == 503
    assert browser_client.get("/find/reason")["Location"] == "/"


@pytest.mark.parametrize("path", ["/find/reason", "/find/child", "/find/again"])
def test_a_form_sent_after_the_session_ended_says_so(browser_client, path):
    answer = browser_client.post(path, {})
    assert answer["Location"] == "/timed-out"


@pytest.mark.parametrize("end", ["person", "membership", "organisation"])
def test_ending_access_takes_effect_on_the_next_click(signed_in, organisation, end):
    from django.utils import timezone

    from joinedup.hub.organisations.models import Membership

    browser = signed_in()
    assert browser.get("/find/reason").status_code == 200
    membership = Membership.objects.get()
    if end == "person":
        membership.person.blocked_at = timezone.now()
        membership.person.save()
    elif end == "membership":
        membership.ended_at = timezone.now()
        membership.save()
    else:
        organisation.valid_to = timezone.localdate() - timedelta(days=1)
        organisation.save()
    assert browser.get("/find/reason")["Location"] == "/"


def test_a_session_ends_after_twenty_idle_minutes(signed_in):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    browser = signed_in()
    browser.get("/find/reason")
    session = Session.objects.get()
    left = session.expire_date - timezone.now()
    assert timedelta(minutes=19) < left <= timedelta(minutes=20)
    session.expire_date = timezone.now()
    session.save()
    assert browser.get("/find/reason")["Location"] == "/"


def test_a_session_ends_after_eight_hours_however_busy(signed_in, monkeypatch):
    import time

    browser = signed_in()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 3600 + 1)
    assert browser.get("/find/reason")["Location"] == "/"


def test_a_form_without_its_token_is_refused(signed_in, answers_with):
    from django.test import Client

    from tests.hub.sources import FOUND

    source = answers_with(FOUND)
    browser = signed_in()
    strict = Client(
        enforce_csrf_checks=True,
        headers={"host": "hub.example.test", "x-forwarded-proto": "https"},
    )
    strict.cookies = browser.cookies
    answer = strict.post("/find/reason", REASON)
    assert answer.status_code == 403
    assert source.asked == []


REASON = {"reason": "section-47", "case_reference": "CASE-1", "explanation": "A long enough reason"}
CHILD_FORM = {"given": "Rowan", "family": "Testerton", "day": "27", "month": "3", "year": "2014"}


class TestJourney:
    def test_no_lookup_without_a_reason(self, signed_in, answers_with):
        from tests.hub.sources import FOUND

        source = answers_with(FOUND)
        browser = signed_in()
        assert browser.post("/find/child", CHILD_FORM)["Location"] == "/find/reason"
        assert browser.post("/find/again")["Location"] == "/find/reason"
        assert source.asked == []

    def test_a_reason_does_not_outlive_its_child(self, signed_in, answers_with):
        """Another child means another reason: the last result goes when a new one begins."""
        from tests.hub.sources import FOUND

        answers_with(FOUND)
        browser = signed_in()
        browser.post("/find/reason", REASON)
        result = browser.post("/find/child", CHILD_FORM)["Location"]
        assert browser.get(result).status_code == 200
        browser.post("/find/reason", REASON)
        assert browser.get(result).status_code == 404

    def test_a_role_that_oversees_cannot_look_up(self, signed_in, answers_with):
        from tests.hub.sources import FOUND

        source = answers_with(FOUND)
        browser = signed_in(role="information-governance-lead")
        assert browser.post("/find/reason", REASON).status_code == 403
        assert browser.post("/find/child", CHILD_FORM).status_code == 403
        assert source.asked == []

    def test_no_page_shows_a_number_that_was_not_recorded(self, signed_in, answers_with):
        from tests.hub.sources import FOUND, NUMBER
        from tests.hub.test_get_an_identifier import no_writing

        answers_with(FOUND)
        browser = signed_in()
        browser.post("/find/reason", REASON)
        with no_writing("UPDATE"):
            answer = browser.post("/find/child", CHILD_FORM)
        assert answer.status_code == 503
        assert NUMBER[-4:] not in answer.content.decode()

    def test_too_many_lookups_are_held_back(self, signed_in, answers_with, settings_of):
        from tests.hub.sources import NOBODY

        source = answers_with(NOBODY)
        settings_of(LOOKUPS_PER_PERSON_PER_MINUTE=1)
        browser = signed_in()
        browser.post("/find/reason", REASON)
        assert browser.post("/find/child", CHILD_FORM).status_code == 302
        asked = len(source.asked)
        assert browser.post("/find/child", CHILD_FORM).status_code == 429
        assert len(source.asked) == asked

    def test_what_was_typed_is_shown_back_safely(self, signed_in, answers_with):
        from tests.hub.sources import NOBODY

        answers_with(NOBODY)
        browser = signed_in()
        browser.post("/find/reason", REASON)
        form = {**CHILD_FORM, "given": "O'Rowan <b>", "family": "", "postcode": "<script>"}
        page = browser.post("/find/child", form).content.decode()
        assert "<script>" not in page
        assert "<b>" not in page
        assert "O&#39;Rowan &lt;b&gt;" in page

    @pytest.mark.parametrize(
        "change",
        [
            {"day": "31", "month": "2"},
            {"day": ""},
            {"year": "14"},
            {"year": "2999"},
            {"given": "  "},
            {"given": "Unknown"},
            {"family": "x" * 101},
            {"given": "Rowan\x00"},
            {"nhs_number": "9990000000"},
            {"gender": "robot"},
        ],
    )
    def test_details_that_cannot_be_right_are_not_asked(self, signed_in, answers_with, change):
        from tests.hub.sources import FOUND

        source = answers_with(FOUND)
        browser = signed_in()
        browser.post("/find/reason", REASON)
        page = browser.post("/find/child", {**CHILD_FORM, **change})
        assert page.status_code == 200
        assert "There is a problem" in page.content.decode()
        assert source.asked == []


@pytest.fixture
def settings_of():
    from django.test import override_settings

    used = []

    def use(**changes):
        override = override_settings(**changes)
        override.enable()
        used.append(override)

    yield use
    for override in used:
        override.disable()
