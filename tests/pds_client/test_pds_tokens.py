"""Application-restricted access: the signed assertion, and one token for everybody."""

import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

from joinedup.pds.budget import open_budget
from joinedup.pds.config import PdsConfigError
from joinedup.pds.search import Found, NotFound, Search, Unavailable
from joinedup.pds.tokens import SigningKey, Token
from tests.pds_client.scripted_pds import Script, bundle, hang_up, outcome, patient, reply

SEARCH = Search(family="Quillfeather")
API_KEY = "the-api-key-of-ours"


@pytest.fixture
def access(key_file: Path) -> dict[str, object]:
    return {"api_key": API_KEY, "key_id": "test-1", "private_key_file": key_file}


def token(text: str = "opaque", expires_in: object = "599"):
    return reply(200, {"access_token": text, "expires_in": expires_in, "token_type": "Bearer"})


def refusal(status: int, description: str, error: str = "invalid_request"):
    return reply(status, {"error": error, "error_description": description, "message_id": "rrt-1"})


def test_the_assertion_is_what_the_nhs_asks_for(
    pds: Script, make_client, access, private_key: rsa.RSAPrivateKey
) -> None:
    pds.then(reply(200, bundle()))
    make_client(**access).search(SEARCH)
    (request,) = pds.token_requests
    assert request.form["grant_type"] == "client_credentials"
    assert request.form["client_assertion_type"] == (
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )
    public = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = jwt.decode(
        request.form["client_assertion"], RSAKey.import_key(public), algorithms=["RS512"]
    )
    assert signed.header == {"alg": "RS512", "typ": "JWT", "kid": "test-1"}
    claims = signed.claims
    assert claims["iss"] == claims["sub"] == API_KEY
    assert claims["aud"] == f"{pds.url}/oauth2/token"
    assert uuid.UUID(claims["jti"])
    assert isinstance(claims["exp"], int)
    assert 0 < claims["exp"] - time.time() <= 300
    assert pds.asked[0].headers["authorization"] == "Bearer token-0"


def test_a_token_is_used_until_shortly_before_its_end(pds: Script, make_client, access) -> None:
    pds.then(reply(200, bundle()))
    client = make_client(**access)
    for _ in range(5):
        client.search(SEARCH)
    assert len(pds.token_requests) == 1


@pytest.mark.parametrize(
    ("lifetime", "kept"), [(599.0, 569.0), (60.0, 30.0), (20.0, 10.0)], ids=str
)
def test_a_token_is_replaced_in_time(lifetime: float, kept: float) -> None:
    assert Token.starting("x", lifetime, now=100).replace_at == 100 + kept


def test_a_token_that_ends_is_replaced(pds: Script, make_client, access) -> None:
    pds.tokens_then(token("first", "0.6"), token("second"))
    pds.then(reply(200, bundle()))
    client = make_client(**access)
    client.search(SEARCH)
    time.sleep(0.4)
    client.search(SEARCH)
    used = [heard.headers["authorization"] for heard in pds.asked]
    assert used == ["Bearer first", "Bearer second"]


def test_threads_wait_for_one_renewal(pds: Script, make_client, access) -> None:
    pds.then(reply(200, bundle(patient())))
    client = make_client(**access)
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.search(SEARCH))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pds.token_requests) == 1
    assert all(isinstance(answer, Found) for answer in answers)


def test_a_token_withdrawn_early_is_renewed_once(pds: Script, make_client, access) -> None:
    denied = reply(401, outcome("ACCESS_DENIED", "forbidden", "Invalid Access Token"))
    pds.then(denied, reply(200, bundle(patient())))
    assert isinstance(make_client(**access).search(SEARCH), Found)
    first, second = pds.asked
    assert first.headers["authorization"] != second.headers["authorization"]
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert len(pds.token_requests) == 2


def test_a_second_denial_ends_it_with_what_to_do(pds: Script, make_client, access) -> None:
    pds.then(reply(401, outcome("ACCESS_DENIED", "forbidden", "Invalid Access Token")))
    answer = make_client(**access).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "Credentials refused" in answer.reason
    assert "JOINEDUP_PDS_KEY_ID" in answer.reason
    assert len(pds.asked) == 2


def test_a_pds_that_wants_credentials_says_which_are_missing(pds: Script, make_client) -> None:
    pds.then(reply(401, outcome("ACCESS_DENIED", "forbidden", "Missing Authorization header")))
    answer = make_client().search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "JOINEDUP_PDS_API_KEY" in answer.reason
    assert pds.token_requests == []


REFUSED = [
    (401, "Invalid 'kid' header in client_assertion JWT - no matching public key", "KEY_ID"),
    (400, "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future", "clock"),
    (401, "Invalid 'iss'/'sub' claims in client_assertion JWT", "JOINEDUP_PDS_API_KEY"),
    (401, "JWT signature verification failed", "JOINEDUP_PDS_PRIVATE_KEY_FILE"),
    (401, f"Unknown {API_KEY}\r\n\x1b[2J", "JOINEDUP_PDS_API_KEY"),
]


@pytest.mark.parametrize(("status", "said", "advice"), REFUSED)
def test_refused_credentials_are_not_tried_again(
    pds: Script, make_client, access, status: int, said: str, advice: str
) -> None:
    pds.tokens_then(refusal(status, said))
    client = make_client(**access, rest=60)
    answers = [client.search(SEARCH) for _ in range(50)]
    assert isinstance(answers[0], Unavailable)
    assert advice in answers[0].reason
    assert API_KEY not in answers[0].reason
    assert answers[0].reason.isprintable()
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(pds.token_requests) == 1
    assert pds.asked == []


@pytest.mark.parametrize(
    "act",
    [
        reply(503, text="<html>"),
        reply(200, text="<html>Sign in</html>"),
        reply(200, {"access_token": 7, "expires_in": "599"}),
        reply(200, {"access_token": "evil\r\nX-Other: 1", "expires_in": "599"}),
        reply(200, {"access_token": "fine", "expires_in": "soon"}),
        reply(200, {"access_token": "fine"}),
        reply(200, []),
        reply(403, text="<html>Blocked</html>"),
        reply(302, text=""),
        hang_up,
    ],
)
def test_a_token_endpoint_in_trouble_is_asked_again(pds: Script, make_client, access, act) -> None:
    pds.then(reply(200, bundle()))
    pds.tokens_then(act, token())
    assert make_client(**access).search(SEARCH) == NotFound()
    assertions = [request.form["client_assertion"] for request in pds.token_requests]
    assert len(set(assertions)) == 2  # the NHS refuses a 'jti' it has seen


def test_a_token_endpoint_that_stays_away_is_unavailable(pds: Script, make_client, access) -> None:
    pds.tokens_then(reply(503, text=""))
    answer = make_client(**access).search(SEARCH)
    assert isinstance(answer, Unavailable)
    assert "token endpoint" in answer.reason
    assert pds.asked == []


def test_the_token_endpoint_may_ask_for_a_pause(pds: Script, make_client, access) -> None:
    pds.then(reply(200, bundle()))
    pds.tokens_then(reply(429, {}, headers={"Retry-After": "1"}), token())
    started = time.monotonic()
    assert make_client(**access).search(SEARCH) == NotFound()
    assert time.monotonic() - started >= 0.95


def test_the_request_for_a_token_counts_in_the_budget(pds: Script, make_client, access) -> None:
    pds.then(reply(200, bundle()))
    client = make_client(open_budget(5, "token", None), **access)
    for _ in range(4):
        client.search(SEARCH)
    times = [heard.at for heard in pds.heard]
    assert len(times) == 5
    assert times[-1] - times[0] > 0.7  # four intervals; three without the token's


ASK = """
import sys
from pathlib import Path
from joinedup.pds.budget import open_budget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig
from joinedup.pds.search import Search
url, key_file, database, kid = sys.argv[1:]
config = PdsConfig(url, api_key="app", key_id=kid, private_key_file=Path(key_file))
client = PdsClient(config, open_budget(100, config.budget_key, database))
print(type(client.search(Search(family="x"))).__name__)
client.close()
"""


def ask_from_processes(pds: Script, key_file: Path, database: str, kid: str) -> list[str]:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, pds.url, str(key_file), database, kid],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    return [process.communicate(timeout=60)[0].strip() for process in asking]


def test_processes_share_one_token(
    pds: Script, key_file: Path, database: str, tmp_path: Path
) -> None:
    import psycopg

    pds.then(reply(200, bundle(patient())))
    assert ask_from_processes(pds, key_file, database, "a") == ["Found"] * 3
    assert len(pds.token_requests) == 1
    assert {heard.headers["authorization"] for heard in pds.asked} == {"Bearer token-0"}
    with psycopg.connect(database) as link:
        stored = link.execute("SELECT sealed::text FROM joinedup_pds.token").fetchall()
    assert stored
    assert not any(b"token-0".hex() in text for (text,) in stored if text)

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other_file = tmp_path / "other.pem"
    write_key(other_file, other)
    assert ask_from_processes(pds, other_file, database, "a") == ["Found"] * 3
    assert len(pds.token_requests) == 2  # what another key has sealed is not read


def write_key(file: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def test_a_sealed_token_is_bound_to_key_and_name(key_file: Path, tmp_path: Path) -> None:
    mine = SigningKey(key_file, "a")
    other_file = tmp_path / "other.pem"
    write_key(other_file, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    sealed = mine.seal("secret", "name")
    assert b"secret" not in sealed
    assert mine.unseal(sealed, "name") == "secret"
    assert mine.unseal(sealed, "another") is None
    assert SigningKey(other_file, "a").unseal(sealed, "name") is None
    assert mine.unseal(b"short", "name") is None


def test_keys_that_cannot_sign_are_refused_at_once(tmp_path: Path, make_client) -> None:
    file = tmp_path / "key.pem"

    def attempt() -> str:
        with pytest.raises(PdsConfigError) as caught:
            make_client(api_key="a", key_id="b", private_key_file=file)
        assert str(file) in str(caught.value)
        assert "RSA, 4096 bits" in str(caught.value)
        return str(caught.value)

    file.write_text("not a key")
    attempt()
    write_key(file, rsa.generate_private_key(public_exponent=65537, key_size=1024))
    attempt()
    write_key(file, ec.generate_private_key(ec.SECP256R1()))
    attempt()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    attempt()
    file.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    attempt()
