"""A13: forged, confused, stale and replayed tokens are refused, and each leaves a trace.

Beside ``tests/hub/test_tokens.py``, which holds the ordinary rules. The first five are the
forgeries that the national prototype's own token emulator makes, and five more go with them. The
rest are known attacks on JWTs (RFC 8725).
"""

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.hub.sources import CHILD, FOUND


def encoded(content) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(machine, header=None, claims=None, raw_header=None, raw_claims=None, key=None) -> str:
    """An assertion signed as its maker likes, over whatever bytes."""
    header = {"alg": "ES256", "typ": "JWT", "kid": "ec", **(header or {})}
    first = encoded(raw_header or header)
    second = encoded(raw_claims or {**machine.claims(), **(claims or {})})
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    der = (key or KEY).private_key.sign(f"{first}.{second}".encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    return f"{first}.{second}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


KEY = ECKey.generate_key("P-256")
FORGED = ECKey.generate_key("P-256")


@pytest.fixture
def forger(machine):
    """A client with an EC key besides, whose good assertion works."""
    machine.add_key(KEY, "ec")
    return machine


def entries():
    from joinedup.hub.ledger.models import Entry
    from joinedup.ledger.entry import read_content

    return [read_content(bytes(each.content)) for each in Entry.objects.order_by("number")]


def refused(http, machine, assertion) -> str:
    before = len(entries())
    answer = machine.ask_for_token(http, assertion)
    wrote = entries()[before:]
    assert answer.status_code == 401, answer.content
    assert "access_token" not in answer.json()
    assert [(one["action"], one["outcome"], one["status"]) for one in wrote] == [
        ("token.issue", "refused", 401)
    ]
    return answer.json()["error_description"]


def test_the_same_by_hand_without_a_fault_is_let_in(browser_client, forger):
    assert forger.ask_for_token(browser_client, signed(forger)).status_code == 200


def embedded(key) -> dict:
    return {**key.as_dict(private=False), "kid": "ec"}


NOW = time.time
ATTACKS = {
    # Ten plain forgeries, the prototype's five first.
    "not yet active": lambda m: signed(m, claims={"nbf": NOW() + 300, "iat": NOW() + 300}),
    "expired": lambda m: signed(m, claims={"exp": NOW() - 300}),
    "spoofed issuer": lambda m: signed(m, claims={"iss": "other", "sub": "other"}),
    "spoofed audience": lambda m: signed(m, claims={"aud": "https://hub.example.test/api"}),
    "spoofed private key": lambda m: signed(m, key=FORGED),
    "changed claims": lambda m: ".".join(
        [*signed(m).split(".")[:1], encoded(m.claims()), signed(m).split(".")[2]]
    ),
    "no signature": lambda m: signed(m).rsplit(".", 1)[0] + ".",
    "unknown key id": lambda m: signed(m, header={"kid": "nobody"}),
    "no subject": lambda m: signed(m, claims={"sub": None}),
    "no expiry": lambda m: signed(m, claims={"exp": None}),
    # Confusion of algorithms and keys.
    "alg none": lambda m: f"{encoded({'alg': 'none', 'kid': 'ec'})}.{encoded(m.claims())}.",
    "alg None": lambda m: f"{encoded({'alg': 'None', 'kid': 'ec'})}.{encoded(m.claims())}.AA",
    "alg missing": lambda m: signed(m, raw_header=b'{"kid": "ec"}'),
    "alg of another key type": lambda m: signed(m, header={"alg": "RS256"}),
    "alg HS256 with the public key": lambda m: shared_secret(m, KEY.as_pem(private=False)),
    "alg HS256 with the public JWK": lambda m: shared_secret(
        m, json.dumps(KEY.as_dict(private=False)).encode()
    ),
    "alg HS256 with nothing": lambda m: shared_secret(m, b""),
    "ECDSA of zeros": lambda m: signed(m).rsplit(".", 1)[0] + "." + encoded(bytes(64)),
    "kid a path": lambda m: signed(m, header={"kid": "../../../../dev/null"}),
    "kid an injection": lambda m: signed(m, header={"kid": "ec' OR '1'='1"}),
    "kid a list": lambda m: signed(m, header={"kid": ["ec"]}),
    "jku": lambda m: signed(m, header={"jku": "https://evil.example/jwks"}, key=FORGED),
    "jku with the good key": lambda m: signed(m, header={"jku": "https://evil.example/jwks"}),
    "x5u": lambda m: signed(m, header={"x5u": "https://evil.example/cert"}),
    "x5c": lambda m: signed(m, header={"x5c": ["MIIB"]}),
    "embedded jwk": lambda m: signed(m, header={"jwk": embedded(FORGED)}, key=FORGED),
    "crit": lambda m: signed(m, header={"crit": ["exp"]}),
    "crit unknown": lambda m: signed(m, header={"crit": ["x"], "x": 1}),
    "b64 false": lambda m: signed(m, header={"b64": False, "crit": ["b64"]}),
    "zip": lambda m: signed(m, header={"zip": "DEF"}),
    "typ of an access token": lambda m: signed(m, header={"typ": "at+jwt"}),
    # Two readings of one token.
    "claim twice": lambda m: signed(m, raw_claims=twice(m.claims(), "iss", "other")),
    "jti twice": lambda m: signed(m, raw_claims=twice(m.claims(), "jti", "x")),
    "header twice": lambda m: signed(
        m, raw_header=b'{"alg": "none", "alg": "ES256", "kid": "ec"}'
    ),
    "padded": lambda m: signed(m) + "=",
    "plain base64": lambda m: signed(m).replace("-", "+").replace("_", "/") + "+",
    "line end inside": lambda m: signed(m)[:-4] + "\n" + signed(m)[-4:],
    "four parts": lambda m: signed(m) + ".e30",
    "claims not an object": lambda m: signed(m, raw_claims=b"[]"),
    "NaN for exp": lambda m: signed(m, raw_claims=json.dumps(
        {**m.claims(), "exp": float("nan")}).encode()),
    "UTF-16": lambda m: signed(m, raw_claims=json.dumps(m.claims()).encode("utf-16")),
    # Clocks.
    "five minutes slow": lambda m: signed(
        m, claims={"iat": NOW() - 540, "exp": NOW() - 300}
    ),
    "five minutes fast": lambda m: signed(
        m, claims={"iat": NOW() + 300, "exp": NOW() + 540}
    ),
    "for a day": lambda m: signed(m, claims={"exp": NOW() + 86_400}),
}  # fmt: skip


def shared_secret(machine, secret: bytes) -> str:
    body = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'ec'})}.{encoded(machine.claims())}"
    return f"{body}.{encoded(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def twice(claims, name, other) -> bytes:
    return f'{{"{name}": "{other}", {json.dumps(claims)[1:]}'.encode()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_leaves_a_trace(browser_client, forger, attack):
    refused(browser_client, forger, ATTACKS[attack](forger))


def spellings(assertion: str):
    """The same assertion spelt otherwise: stray bits in the last character of each segment."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    parts = assertion.split(".")
    for at, part in enumerate(parts):
        for letter in alphabet:
            other = part[:-1] + letter
            if len(part) % 4 and other != part and raw(other) == raw(part):
                yield ".".join([*parts[:at], other, *parts[at + 1 :]])


def raw(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def test_a_used_assertion_spelt_otherwise_is_no_new_one(browser_client, forger):
    """Non-canonical base64url: checked before anything remembers the token (reference 2.1)."""
    assertion = signed(forger)
    others = list(spellings(assertion))
    assert others
    for other in others[:6]:
        assert "canonical" in refused(browser_client, forger, other)
    assert forger.ask_for_token(browser_client, assertion).status_code == 200
    refused(browser_client, forger, assertion)


def test_a_replay_on_two_workers_at_once_gives_one_token(forger):
    """Eight threads with a connection each, as workers have: the database lets one through."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from django.db import connection

    from joinedup.hub.api.assertions import Refused, verify
    from joinedup.hub.api.tokens import token_url

    assertion, together = signed(forger), Barrier(8)

    def replay(_):
        together.wait()
        try:
            verify(assertion, token_url())
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(replay, range(8))) == 1


def test_half_a_minute_of_skew_is_let_pass_and_more_is_not(browser_client, forger):
    slow = signed(forger, claims={"exp": NOW() - 20})
    assert forger.ask_for_token(browser_client, slow).status_code == 200
    fast = signed(forger, claims={"iat": NOW() + 20})
    assert forger.ask_for_token(browser_client, fast).status_code == 200
    refused(browser_client, forger, signed(forger, claims={"exp": NOW() - 40}))
    refused(browser_client, forger, signed(forger, claims={"iat": NOW() + 40}))


def own_claims(**changes):
    from joinedup.hub.api.tokens import signing_key

    now = int(time.time())
    claims = {
        "iss": "https://hub.example.test", "aud": "https://hub.example.test/api",
        "sub": "case-system", "client_id": "case-system", "client_key": "key-1",
        "organisation": "T1", "scope": "get-an-identifier.read",
        "iat": now, "exp": now + 300, "jti": str(uuid.uuid4()),
    }  # fmt: skip
    return {**claims, **changes}, signing_key()


def access_token(header=None, key=None, **changes) -> str:
    claims, own = own_claims(**changes)
    head = {"alg": "ES256", "typ": "at+jwt", "kid": own.kid, **(header or {})}
    return jwt.encode(head, claims, key or own, algorithms=[head["alg"]])


def stolen_parts() -> str:
    """A good token's head and signature about other claims."""
    head, _, signature = access_token().split(".")
    claims, _ = own_claims(scope="audit match")
    return f"{head}.{encoded(claims)}.{signature}"


TOKENS = {
    "another's key": lambda: access_token(key=FORGED),
    "an RSA key": lambda: access_token({"alg": "RS256"}, RSAKey.generate_key(2048)),
    "expired": lambda: access_token(exp=int(time.time()) - 1),
    "another issuer": lambda: access_token(iss="https://elsewhere.example"),
    "another audience": lambda: access_token(aud="https://elsewhere.example/api"),
    "another organisation": lambda: access_token(organisation="T2"),
    "another client": lambda: access_token(client_id="other-system"),
    "a key the client never had": lambda: access_token(client_key="key-9"),
    "an assertion's typ": lambda: access_token({"typ": "JWT"}),
    "more scopes, stolen signature": stolen_parts,
    "alg none": lambda: f"{encoded({'alg': 'none', 'typ': 'at+jwt'})}.{encoded(own_claims()[0])}.",
    "a jku": lambda: access_token({"jku": "https://evil.example"}, FORGED),
    "spelt otherwise": lambda: next(spellings(access_token())),
    "padded": lambda: access_token() + "=",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("attack", TOKENS)
def test_a_forged_access_token_opens_nothing_and_leaves_a_trace(
    browser_client, machine, ask, answers_with, attack
):
    from tests.hub.machine import OTHER_RSA, Machine
    from tests.hub.organisations.people import organisation as another

    Machine.register(another("T2", "Elsewhere Hospital"), "other-system", OTHER_RSA)
    source = answers_with(FOUND)
    assert ask({"personSpecification": CHILD}, access_token()).status_code == 200
    asked, before = len(source.asked), len(entries())
    # joserfc refuses to write some of these headers: they are then put together by hand.
    try:
        token = TOKENS[attack]()
    except Exception:
        claims, _ = own_claims()
        token = f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'jku': 'x'})}.{encoded(claims)}.AAAA"
    answer = ask({"personSpecification": CHILD}, token)
    assert answer.status_code == 401
    assert len(source.asked) == asked
    assert [(one["outcome"], one["status"]) for one in entries()[before:]] == [("refused", 401)]


def test_a_token_carries_no_scope_that_the_client_has_not_got(machine, browser_client, ask):
    """Scope escalation, at the token endpoint and with a token that says more than it may."""
    answer = machine.ask_for_token(browser_client, scope="get-an-identifier.read register.write")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    wide = access_token(scope="get-an-identifier.read register.write audit")
    summary = browser_client.get(
        "/api/v2/register/summary", headers={"authorization": f"Bearer {wide}"}
    )
    assert summary.status_code == 403


def test_what_a_refused_assertion_held_is_in_no_answer_or_log(browser_client, forger, caplog):
    secret = "Testerton-9990548609"
    assertion = signed(forger, claims={"iss": secret, "sub": secret})
    assert secret not in refused(browser_client, forger, assertion)
    assert secret not in caplog.text


def test_a_revoked_client_is_out_of_what_is_kept_in_memory_too(machine, browser_client):
    """Addresses that are polled keep who calls for a while; revoking counts on the next call."""
    from joinedup.hub.organisations.stopping import revoke_client

    machine.client.scopes = ["work-item.read"]
    machine.client.save()
    bearer = {"authorization": f"Bearer {machine.token(browser_client)}"}
    assert browser_client.head("/api/v2/work/available", headers=bearer).status_code in (200, 204)
    revoke_client(machine.client, None, "Stolen")
    assert browser_client.head("/api/v2/work/available", headers=bearer).status_code == 401
