"""Sensitive acts want somebody who has just proved who they are, at their own provider."""

import time

import pytest


@pytest.fixture
def membership(db):
    from tests.hub.organisations.people import hub_team, member

    return member(hub_team(), name="Pat Invented")


@pytest.fixture
def provider(monkeypatch, membership):
    """A provider that says what it is told to, once it was asked."""
    from django.http import HttpResponseRedirect
    from django.test import override_settings

    from joinedup.hub.environment import SignIn
    from joinedup.hub.pages import sign_in

    class Says:
        asked = None
        claims = {  # noqa: RUF012
            "iss": membership.person.issuer,
            "sub": membership.person.subject,
        }

        def authorize_redirect(self, request, back, **wanted):
            self.asked = wanted
            return HttpResponseRedirect("https://sign-in.example/authorize")

        def authorize_access_token(self, request):
            return {"userinfo": {"auth_time": int(time.time()), **self.claims}, "id_token": "t"}

    says = Says()
    monkeypatch.setattr(sign_in, "provider", lambda: says)
    chosen = SignIn(
        "https://sign-in.example", "hub", "", "", "openid", "name", "organisation", "role", "",
        ("strong",),
    )  # fmt: skip
    with override_settings(SIGN_IN=chosen):
        yield says


def test_a_sensitive_page_sends_to_the_provider_and_back(membership, provider):
    from tests.hub.organisations.people import browser

    client = browser(membership, stepped_up=False)
    assert client.get("/administration/stop")["Location"] == "/sign-in/again"
    assert client.get("/sign-in/again")["Location"] == "https://sign-in.example/authorize"
    assert provider.asked == {"max_age": 0, "prompt": "login", "acr_values": "strong"}
    provider.claims = {**provider.claims, "acr": "strong"}
    assert client.get("/sign-in/done?code=c&state=s")["Location"] == "/administration/stop"
    assert client.get("/administration/stop").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"acr": "weak"},
        {},
        {"acr": "strong", "auth_time": int(time.time()) - 400},
        {"acr": "strong", "auth_time": int(time.time()) + 4000},
        {"acr": "strong", "auth_time": None},
        {"acr": "strong", "auth_time": True},
        {"acr": "strong", "auth_time": "now"},
    ],
)
def test_a_proof_that_is_old_or_weak_or_missing_does_not_count(membership, provider, claims):
    from tests.hub.organisations.people import browser

    client = browser(membership, stepped_up=False)
    client.get("/administration/stop")
    provider.claims = {**provider.claims, **claims}
    assert client.get("/sign-in/done?code=c&state=s").status_code == 403
    assert client.get("/administration/stop")["Location"] == "/sign-in/again"


@pytest.mark.parametrize("claims", [{"sub": "somebody-else"}, {"iss": "https://elsewhere"}])
def test_another_persons_proof_ends_the_session(membership, provider, claims):
    from tests.hub.organisations.people import browser

    client = browser(membership, stepped_up=False)
    client.get("/administration/stop")
    provider.claims = {**provider.claims, "acr": "strong", **claims}
    assert client.get("/sign-in/done?code=c&state=s").status_code == 403
    assert client.get("/administration")["Location"] == "/"


def test_it_counts_for_five_minutes_and_for_this_session_alone(membership, monkeypatch):
    from tests.hub.organisations.people import browser

    client = browser(membership)
    other = browser(membership, stepped_up=False)
    assert client.get("/administration/stop").status_code == 200
    assert other.get("/administration/stop")["Location"] == "/sign-in/again"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert client.get("/administration/stop")["Location"] == "/sign-in/again"


def test_what_was_sent_without_proof_is_not_done(membership, machine):
    from tests.hub.organisations.people import browser

    client = browser(membership, stepped_up=False)
    answer = client.post("/administration/stop", {"client_id": "case-system", "why": "Stolen"})
    assert answer["Location"] == "/sign-in/again"
    machine.client.refresh_from_db()
    assert machine.client.revoked_at is None


class TestSeveralRoles:
    CLAIMS = {  # noqa: RUF012
        "iss": "https://sign-in.example",
        "sub": "two-hats",
        "name": "Pat",
        "organisation": "T1",
        "role": ["nurse", "information-governance-lead", "headmaster"],
    }

    def test_one_chooses_and_nothing_carries_over(self, organisation):
        from joinedup.hub.pages.sign_in import admit
        from tests.hub.organisations.people import browser

        first = admit(self.CLAIMS)
        roles = {each.role: each for each in first.person.memberships.all()}
        assert set(roles) == {"nurse", "information-governance-lead"}
        client = browser(roles["nurse"])
        client.post("/sign-in/role", {"choice": roles["information-governance-lead"].pk})
        assert client.get("/find/reason").status_code == 403
        assert client.session.get("stepped_up_at") is None

    def test_nobody_chooses_what_is_not_theirs(self, organisation, membership):
        from joinedup.hub.pages.sign_in import admit
        from tests.hub.organisations.people import browser

        client = browser(admit(self.CLAIMS))
        client.post("/sign-in/role", {"choice": membership.pk})
        assert client.get("/administration/stop").status_code == 403

    def test_a_role_no_longer_claimed_ends(self, organisation):
        from joinedup.hub.pages.sign_in import admit

        first = admit(self.CLAIMS)
        admit({**self.CLAIMS, "role": "nurse"})
        live = first.person.memberships.filter(ended_at=None)
        assert [each.role for each in live] == ["nurse"]

    def test_memberships_of_several_organisations(self, organisation):
        from dataclasses import replace

        from django.conf import settings
        from django.test import override_settings

        from joinedup.hub.pages.sign_in import admit
        from tests.hub.organisations.people import organisation as another

        another("T2", "Elsewhere Hospital")
        claims = {
            "iss": "https://sign-in.example", "sub": "two-places", "memberships": [
                {"organisation": "T1", "role": "nurse"},
                {"organisation": "T2", "role": "social-worker"},
                {"organisation": "T9", "role": "nurse"}, "rubbish",
            ],
        }  # fmt: skip
        with override_settings(SIGN_IN=replace(settings.SIGN_IN, memberships_claim="memberships")):
            found = admit(claims).person.memberships.values_list("organisation__ods_code", "role")
        assert set(found) == {("T1", "nurse"), ("T2", "social-worker")}
