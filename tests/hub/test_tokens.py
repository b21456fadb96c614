"""The token endpoint lets in who holds a registered private key, and nobody else."""

import base64
import hashlib
import hmac
import json
from datetime import date, timedelta

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from tests.hub.sources import CHILD, FOUND


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def assert_refused(answer, code: str = "invalid_client", status: int = 401) -> str:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["error"] == code
    assert set(body) == {"error", "error_description"}
    return body["error_description"]


def test_a_good_assertion_gives_a_token_with_the_clients_scopes(browser_client, machine):
    answer = machine.ask_for_token(browser_client)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 300
    assert body["scope"] == "get-an-identifier.read"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # still what most libraries sign with
@pytest.mark.parametrize(
    ("alg", "make"),
    [
        ("RS256", None),
        ("PS256", None),
        ("ES256", lambda: ECKey.generate_key("P-256")),
        ("ES384", lambda: ECKey.generate_key("P-384")),
        ("Ed25519", lambda: OKPKey.generate_key("Ed25519")),
        ("EdDSA", lambda: OKPKey.generate_key("Ed25519")),
    ],
)
def test_each_allowed_algorithm_works(browser_client, machine, alg, make):
    key = make() if make else machine.key
    if make:
        machine.add_key(key, "key-2")
    assertion = machine.assertion(alg=alg, key=key, kid="key-2" if make else None)
    assert machine.ask_for_token(browser_client, assertion).status_code == 200


def test_a_forged_signature_is_refused(browser_client, machine):
    from tests.hub.machine import OTHER_RSA

    assert_refused(machine.ask_for_token(browser_client, machine.assertion(key=OTHER_RSA)))


def test_changed_claims_are_refused(browser_client, machine, organisation):
    header, _, signature = machine.assertion().split(".")
    changed = ".".join([header, segment(machine.claims()), signature])
    assert_refused(machine.ask_for_token(browser_client, changed))


def test_alg_none_is_refused(browser_client, machine):
    unsigned = f"{segment({'alg': 'none', 'kid': machine.kid})}.{segment(machine.claims())}."
    assert_refused(machine.ask_for_token(browser_client, unsigned))


def test_a_public_key_used_as_a_shared_secret_is_refused(browser_client, machine):
    """HS256 over the RSA public key: the classic confusion of algorithms."""
    secret = machine.key.as_pem(private=False)
    signed = f"{segment({'alg': 'HS256', 'kid': machine.kid})}.{segment(machine.claims())}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert_refused(machine.ask_for_token(browser_client, f"{signed}.{signature}"))


def test_a_shared_secret_cannot_be_registered(machine):
    with pytest.raises(ValueError, match="refused"):
        machine.client.add_key(
            {**OctKey.generate_key(256).as_dict(), "kid": "s"}, machine.client.expires_at
        )


def test_only_the_public_half_of_a_key_is_kept(machine):
    machine.client.add_key(
        {**machine.key.as_dict(private=True), "kid": "p"}, machine.client.expires_at
    )
    kept = machine.client.keys.get(kid="p").public_jwk
    assert set(kept) <= {"kty", "n", "e", "kid", "use", "alg"}


def test_rs512_with_an_ec_key_is_refused(browser_client, machine):
    machine.add_key(ECKey.generate_key("P-256"), "key-2")
    assert_refused(machine.ask_for_token(browser_client, machine.assertion(kid="key-2")))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": "https://hub.example.test/api/v1/auth/token/"},
        {"aud": ["https://hub.example.test/api/v1/auth/token", "https://elsewhere.example"]},
        {"aud": ...},
        {"sub": "someone-else"},
        {"sub": ...},
        {"iss": ...},
        {"iss": 7, "sub": 7},
        {"iss": "nobody-here", "sub": "nobody-here"},
        {"jti": ...},
        {"jti": ""},
        {"jti": "x" * 129},
        {"jti": "null\u0000"},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1_600_000_000},
        {"exp": 4_000_000_000},
        {"exp": float("inf")},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"nbf": "later"},
    ],
)
def test_a_wrong_claim_is_refused(browser_client, machine, changes):
    assert_refused(machine.ask_for_token(browser_client, machine.assertion(**changes)))


def test_an_assertion_beyond_five_minutes_is_refused(browser_client, machine):
    import time

    far = machine.assertion(exp=int(time.time()) + 400)
    assert "5 minutes" in assert_refused(machine.ask_for_token(browser_client, far))


def test_an_assertion_is_used_once(browser_client, machine):
    assertion = machine.assertion()
    assert machine.ask_for_token(browser_client, assertion).status_code == 200
    assert "used before" in assert_refused(machine.ask_for_token(browser_client, assertion))


@pytest.mark.parametrize("kid", ["key-9", "", ...])
def test_an_unknown_key_id_is_refused(browser_client, machine, kid):
    assert_refused(machine.ask_for_token(browser_client, machine.assertion(kid=kid)))


def test_keys_rotate_without_a_gap(browser_client, machine):
    """Two keys work side by side; the old one stops when it expires."""
    from django.utils import timezone

    from tests.hub.machine import OTHER_RSA

    machine.add_key(OTHER_RSA, "key-2")
    new = machine.assertion(key=OTHER_RSA, kid="key-2")
    assert machine.ask_for_token(browser_client).status_code == 200
    assert machine.ask_for_token(browser_client, new).status_code == 200
    machine.client.keys.filter(kid="key-1").update(expires_at=timezone.now())
    assert_refused(machine.ask_for_token(browser_client))


def test_another_clients_key_does_not_sign_for_this_one(browser_client, machine, organisation):
    from tests.hub.machine import OTHER_RSA, Machine

    other = Machine.register(organisation, "other-system", OTHER_RSA)
    stolen = machine.assertion(key=other.key, iss="case-system", sub="case-system")
    assert_refused(machine.ask_for_token(browser_client, stolen))


def test_unknown_client_unknown_key_and_bad_signature_sound_alike(browser_client, machine):
    """The endpoint does not say which clients exist."""
    from tests.hub.machine import OTHER_RSA

    words = {
        assert_refused(machine.ask_for_token(browser_client, assertion))
        for assertion in (
            machine.assertion(iss="nobody", sub="nobody"),
            machine.assertion(kid="key-9"),
            machine.assertion(key=OTHER_RSA),
        )
    }
    assert len(words) == 1


@pytest.mark.parametrize("change", ["expired", "revoked", "organisation-closed", "other-class"])
def test_a_client_that_may_no_longer_call_gets_no_token(
    browser_client, machine, organisation, change
):
    end(machine, organisation, change)
    assert_refused(machine.ask_for_token(browser_client))


def end(machine, organisation, change: str) -> None:
    from django.utils import timezone

    if change == "expired":
        machine.client.expires_at = timezone.now()
        machine.client.save()
    elif change == "revoked":
        machine.client.revoked_at = timezone.now()
        machine.client.save()
    elif change == "key-revoked":
        machine.client.keys.update(revoked_at=timezone.now())
    elif change == "scope-taken":
        machine.client.scopes = []
        machine.client.save()
    elif change == "organisation-closed":
        organisation.valid_to = timezone.localdate() - timedelta(days=1)
        organisation.save()
    elif change == "other-class":
        organisation.legal_class = "other"
        organisation.save()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("expired", 401),
        ("revoked", 401),
        ("key-revoked", 401),
        ("organisation-closed", 401),
        ("other-class", 401),
        ("scope-taken", 403),
    ],
)
def test_a_token_in_hand_stops_working_at_once(
    browser_client, machine, organisation, ask, answers_with, change, status
):
    """L1: a contractor or client that is ended cannot use what it already has."""
    source = answers_with(FOUND)
    token = machine.token(browser_client)
    assert ask({"personSpecification": CHILD}, token).status_code == 200
    asked = len(source.asked)
    end(machine, organisation, change)
    answer = ask({"personSpecification": CHILD}, token)
    assert answer.status_code == status
    assert "www-authenticate" in answer.headers
    assert len(source.asked) == asked


def test_a_contractor_ends_with_its_principal(browser_client, organisation):
    from django.utils import timezone

    from joinedup.hub.organisations.models import Organisation
    from tests.hub.machine import Machine

    contractor = Organisation.objects.create(
        ods_code="T2", name="A contractor", kind="supplier", legal_class="contractor",
        principal=organisation, valid_from=date(2020, 1, 1),
    )  # fmt: skip
    machine = Machine.register(contractor)
    assert machine.ask_for_token(browser_client).status_code == 200
    organisation.valid_to = timezone.localdate() - timedelta(days=1)
    organisation.save()
    assert_refused(machine.ask_for_token(browser_client))


def test_a_scope_the_client_has_not_got_is_refused(browser_client, machine):
    answer = machine.ask_for_token(browser_client, scope="get-an-identifier.read audit")
    assert_refused(answer, "invalid_scope", 400)


def test_other_grants_are_refused(browser_client, machine):
    answer = machine.ask_for_token(browser_client, grant_type="password")
    assert_refused(answer, "unsupported_grant_type", 400)


def test_a_client_secret_is_no_way_in(browser_client, machine):
    answer = machine.ask_for_token(browser_client, client_assertion_type="", client_secret="x")
    assert_refused(answer)


def test_a_parameter_twice_is_refused(browser_client, machine):
    from tests.hub.machine import post_form

    form = {**machine.form(machine.assertion()), "scope": ["a", "b"]}
    assert_refused(post_form(browser_client, form), "invalid_request", 400)


@pytest.mark.parametrize("rubbish", ["", "a.b.c", "....", "e30.e30.e30", "é", "x" * 9000])
def test_rubbish_for_an_assertion_is_refused(browser_client, machine, rubbish):
    from tests.hub.machine import post_form

    assert_refused(post_form(browser_client, {**machine.form(""), "client_assertion": rubbish}))


def test_a_json_body_is_refused_as_a_problem(browser_client, machine):
    answer = browser_client.post("/api/v1/auth/token", {}, content_type="application/json")
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["foreign", "unsigned", "other-type", "expired", "rubbish"])
def test_only_our_own_live_tokens_open_the_api(browser_client, machine, ask, answers_with, kind):
    from joserfc import jwt

    from joinedup.hub.api.tokens import signing_key

    source = answers_with(FOUND)
    good = machine.token(browser_client)
    claims = jwt.decode(good, signing_key(), algorithms=["ES256"]).claims
    header = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key().kid}
    token = {
        "foreign": jwt.encode(header, claims, ECKey.generate_key("P-256"), algorithms=["ES256"]),
        "unsigned": f"{segment({'alg': 'none', 'typ': 'at+jwt'})}.{segment(claims)}.",
        "other-type": jwt.encode(
            {**header, "typ": "JWT"}, claims, signing_key(), algorithms=["ES256"]
        ),
        "expired": jwt.encode(header, {**claims, "exp": 1}, signing_key(), algorithms=["ES256"]),
        "rubbish": "not-a-token",
    }[kind]
    answer = ask({"personSpecification": CHILD}, token)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="joinedup", error="invalid_token"'
    assert answer["Content-Type"] == "application/problem+json"
    assert source.asked == []


def test_an_assertion_is_not_a_token(machine, ask, answers_with):
    answers_with(FOUND)
    assert ask({"personSpecification": CHILD}, machine.assertion()).status_code == 401
