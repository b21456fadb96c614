"""The token endpoint's checks and its error texts."""

import time
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from joinedup.pds.emulator.problems import Problem
from joinedup.pds.emulator.tokens import ASSERTION_TYPE, Client, TokenDesk, TokenRefused

URL = "http://127.0.0.1:8090/oauth2/token"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
LEFT_OUT = object()


@pytest.fixture
def desk():
    return TokenDesk(
        {"key": Client("key", {"kid-1": PRIVATE.public_key()}), "bare": Client("bare")}
    )


def form(header=None, claims=None, key=PRIVATE, **fields):
    algorithm = (header or {}).get("alg", "RS512")
    head = {"alg": "RS512", "typ": "JWT", "kid": "kid-1", **(header or {})}
    body = {
        "iss": "key",
        "sub": "key",
        "aud": URL,
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + 240,
        **(claims or {}),
    }
    signer = OctKey.import_key("secret" * 20) if algorithm[0] == "H" else RSAKey.import_key(key)
    assertion = jwt.encode(
        {name: value for name, value in head.items() if value is not LEFT_OUT},
        {name: value for name, value in body.items() if value is not LEFT_OUT},
        signer,
        algorithms=[algorithm],
        default_type=None,  # else a missing typ would be filled in
    )
    whole = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not LEFT_OUT}


def test_token_is_issued_and_recognised(desk):
    answer = desk.issue(form(), URL)
    assert answer["expires_in"] == "599"
    assert answer["token_type"] == "Bearer"
    assert answer["issued_at"].isdigit()
    assert desk.application(f"Bearer {answer['access_token']}") == "key"


def test_token_ends_after_ten_minutes():
    now = [time.time()]
    desk = TokenDesk({"key": Client("key", {"kid-1": PRIVATE.public_key()})}, lambda: now[0])
    token = desk.issue(form(), URL)["access_token"]
    now[0] += 598
    assert desk.application(f"Bearer {token}") == "key"
    now[0] += 2
    with pytest.raises(Problem) as refused:
        desk.application(f"Bearer {token}")
    assert refused.value.diagnostics == "Access Token expired"


INVALID = "invalid_request"
NOW = int(time.time())


@pytest.mark.parametrize(
    ("sent", "status", "error", "description"),
    [
        ({"grant_type": LEFT_OUT}, 400, INVALID, "grant_type is missing"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "grant_type is invalid"),
        (
            {"client_assertion_type": LEFT_OUT}, 400, INVALID,
            f"Missing or invalid client_assertion_type - must be '{ASSERTION_TYPE}'",
        ),
        (
            {"client_assertion_type": "x"}, 400, INVALID,
            f"Missing or invalid client_assertion_type - must be '{ASSERTION_TYPE}'",
        ),
        ({"client_assertion": LEFT_OUT}, 400, INVALID, "Missing client_assertion"),
        ({"client_assertion": "invalid"}, 400, INVALID, "Malformed JWT in client_assertion"),
        ({"client_assertion": "a.b.c"}, 400, INVALID, "Malformed JWT in client_assertion"),
        ({"client_assertion": "MQ.Mg.c"}, 400, INVALID, "Malformed JWT in client_assertion"),
        (
            {"header": {"kid": LEFT_OUT}}, 400, INVALID,
            "Missing 'kid' header in client_assertion JWT",
        ),
        (
            {"header": {"kid": "other"}}, 401, INVALID,
            "Invalid 'kid' header in client_assertion JWT - no matching public key",
        ),
        (
            {"header": {"typ": "other"}}, 400, INVALID,
            "Invalid 'typ' header in client_assertion JWT - must be 'JWT'",
        ),
        (
            {"header": {"typ": LEFT_OUT}}, 400, INVALID,
            "Invalid 'typ' header in client_assertion JWT - must be 'JWT'",
        ),
        *(
            (
                {"header": {"alg": algorithm}}, 400, INVALID,
                "Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm"
                " - must be 'RS512'",
            )
            for algorithm in ("RS256", "PS512", "HS512")
        ),
        *(
            (
                {"claims": claims}, 400, INVALID,
                "Missing or non-matching 'iss'/'sub' claims in client_assertion JWT",
            )
            for claims in ({"iss": LEFT_OUT}, {"sub": LEFT_OUT}, {"iss": "x"}, {"sub": "x"})
        ),
        (
            {"claims": {"iss": "x", "sub": "x"}}, 401, INVALID,
            "Invalid 'iss'/'sub' claims in client_assertion JWT",
        ),
        (
            {"claims": {"jti": LEFT_OUT}}, 400, INVALID,
            "Missing 'jti' claim in client_assertion JWT",
        ),
        (
            {"claims": {"jti": 1234567890}}, 400, INVALID,
            "Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a"
            " GUID",
        ),
        (
            {"claims": {"exp": LEFT_OUT}}, 400, INVALID,
            "Missing 'exp' claim in client_assertion JWT",
        ),
        (
            {"claims": {"exp": str(NOW + 200)}}, 400, INVALID,
            "Invalid 'exp' claim in client_assertion JWT - must be an integer",
        ),
        (
            {"claims": {"exp": NOW - 20}}, 400, INVALID,
            "Invalid 'exp' claim in client_assertion JWT - JWT has expired",
        ),
        (
            {"claims": {"exp": NOW + 3600}}, 400, INVALID,
            "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future",
        ),
        *(
            (
                {"claims": {"aud": audience}}, 401, INVALID,
                "Missing or invalid 'aud' claim in client_assertion JWT",
            )
            for audience in (LEFT_OUT, "http://elsewhere/oauth2/token", URL + "/")
        ),
        ({"key": OTHER}, 401, "public_key error", "JWT signature verification failed"),
        (
            {"claims": {"iss": "bare", "sub": "bare"}}, 403, "public_key error",
            "You need to register a public key to use this authentication method - please contact"
            " support to configure",
        ),
    ],
)  # fmt: skip
def test_refused_token_requests(desk, sent, status, error, description):
    with pytest.raises(TokenRefused) as refused:
        desk.issue(form(**sent), URL)
    assert refused.value.status == status
    body = refused.value.body()
    assert body.pop("message_id")
    assert body == {"error": error, "error_description": description}


def test_assertion_cannot_be_used_twice(desk):
    once = form()
    desk.issue(once, URL)
    with pytest.raises(TokenRefused) as refused:
        desk.issue(once, URL)
    assert refused.value.description == "Non-unique 'jti' claim in client_assertion JWT"


def test_forged_assertion_does_not_use_up_its_jti(desk):
    jti = {"jti": "the-same"}
    with pytest.raises(TokenRefused):
        desk.issue(form(claims=jti, key=OTHER), URL)
    assert desk.issue(form(claims=jti), URL)
