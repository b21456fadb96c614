"""The token endpoint of application-restricted access: signed JWT in, bearer token out.

Error texts follow the NHS identity service's own tests; where two things are wrong at once the
order of the checks here is a choice (C19).
"""

import secrets
import threading
import time
import uuid
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512

from joinedup.pds.emulator import problems

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_LIFETIME = 599.0  # seconds
_FARTHEST = 300  # seconds that exp may be ahead
_IN_JWT = "in client_assertion JWT"


class TokenRefused(Exception):
    """A token request that is turned down."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        return {
            "error": self.error,
            "error_description": self.description,
            "message_id": f"emulator-{uuid.uuid4()}",
        }


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application: its API key and its public keys by key id."""

    api_key: str
    keys: Mapping[str, RSAPublicKey] = field(default_factory=dict)


class TokenDesk:
    """Issues access tokens to registered clients and recognises them later."""

    def __init__(
        self, clients: Mapping[str, Client], clock: Callable[[], float] = time.time
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[str, float]] = {}  # token: (application, end)
        self._used: dict[str, float] = {}  # jti: when its assertion ends

    def issue(self, form: Mapping[str, str], token_url: str) -> dict[str, str]:
        """Answer a token request (form fields, and the URL it was sent to).

        Raises ``TokenRefused``.
        """
        application = self._authenticate(form, token_url)
        now = self._clock()
        token = secrets.token_urlsafe(21)
        with self._lock:
            # An expired token is remembered a while: it has its own error.
            self._issued = {
                t: held for t, held in self._issued.items() if held[1] > now - 10 * _LIFETIME
            }
            self._issued[token] = (application, now + _LIFETIME)
        return {
            "access_token": token,
            "expires_in": str(int(_LIFETIME)),
            "token_type": "Bearer",
            "issued_at": str(int(now * 1000)),
        }

    def claimed_application(self, form: Mapping[str, str]) -> str:
        """The registered application a token request says it is from, unproven; "" if none."""
        try:
            issuer = str(_Jwt.parse(form.get("client_assertion", "")).claims.get("iss"))
        except TokenRefused:
            return ""
        return issuer if issuer in self._clients else ""

    def application(self, authorization: str | None) -> str:
        """Give the application a request's Authorization header belongs to; raises ``Problem``."""
        if authorization is None:
            raise problems.access_denied("Missing Authorization header")
        kind, _, token = authorization.strip().partition(" ")
        if not kind:
            raise problems.access_denied("Empty Authorization header")
        if kind.lower() != "bearer":
            raise problems.access_denied(f"Invalid token type '{kind}', must be 'Bearer'")
        token = token.strip()
        if not token:
            raise problems.access_denied("Missing access token")
        held = self._issued.get(token)
        if held is None:
            raise problems.access_denied("Invalid Access Token")
        if held[1] <= self._clock():
            raise problems.access_denied("Access Token expired")
        return held[0]

    def _authenticate(self, form: Mapping[str, str], token_url: str) -> str:
        grant = form.get("grant_type")
        if not grant:
            _refuse("grant_type is missing")
        if grant != "client_credentials":
            _refuse("grant_type is invalid", error="unsupported_grant_type")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            _refuse(f"Missing or invalid client_assertion_type - must be '{ASSERTION_TYPE}'")
        assertion = form.get("client_assertion")
        if not assertion:
            _refuse("Missing client_assertion")
        jwt = _Jwt.parse(assertion)
        kid = _check_header(jwt.header)
        end = self._check_claims(jwt.claims, token_url)
        client = self._clients.get(str(jwt.claims["iss"]))
        if client is None:
            _refuse(f"Invalid 'iss'/'sub' claims {_IN_JWT}", 401)
        if not client.keys:
            _refuse(
                "You need to register a public key to use this authentication method "
                "- please contact support to configure",
                403,
                "public_key error",
            )
        key = client.keys.get(kid)
        if key is None:
            _refuse(f"Invalid 'kid' header {_IN_JWT} - no matching public key", 401)
        try:
            key.verify(jwt.signature, jwt.signed, PKCS1v15(), SHA512())
        except InvalidSignature:
            _refuse("JWT signature verification failed", 401, "public_key error")
        self._spend(str(jwt.claims["jti"]), end)
        return client.api_key

    def _check_claims(self, claims: dict[str, Any], token_url: str) -> int:
        """Check the claims; give when the assertion ends."""
        issuer, subject = claims.get("iss"), claims.get("sub")
        if not issuer or issuer != subject:
            _refuse(f"Missing or non-matching 'iss'/'sub' claims {_IN_JWT}")
        if "jti" not in claims:
            _refuse(f"Missing 'jti' claim {_IN_JWT}")
        if not isinstance(claims["jti"], str) or not claims["jti"]:
            _refuse(f"Invalid 'jti' claim {_IN_JWT} - must be a unique string value such as a GUID")
        if "exp" not in claims:
            _refuse(f"Missing 'exp' claim {_IN_JWT}")
        end = claims["exp"]
        if not isinstance(end, int) or isinstance(end, bool):
            _refuse(f"Invalid 'exp' claim {_IN_JWT} - must be an integer")
        now = self._clock()
        if end <= now:
            _refuse(f"Invalid 'exp' claim {_IN_JWT} - JWT has expired")
        if end > now + _FARTHEST:
            _refuse(f"Invalid 'exp' claim {_IN_JWT} - more than 5 minutes in future")
        if claims.get("aud") != token_url:
            _refuse(f"Missing or invalid 'aud' claim {_IN_JWT}", 401)
        return end

    def _spend(self, jti: str, end: float) -> None:
        now = self._clock()
        with self._lock:
            self._used = {used: until for used, until in self._used.items() if until > now}
            if jti in self._used:
                _refuse(f"Non-unique 'jti' claim {_IN_JWT}")
            self._used[jti] = end


def _check_header(header: dict[str, Any]) -> str:
    """Check the JWT's header; give the key id."""
    kid = header.get("kid")
    if not kid:
        _refuse(f"Missing 'kid' header {_IN_JWT}")
    if header.get("typ") != "JWT":
        _refuse(f"Invalid 'typ' header {_IN_JWT} - must be 'JWT'")
    if header.get("alg") != "RS512":
        _refuse(f"Invalid 'alg' header {_IN_JWT} - unsupported JWT algorithm - must be 'RS512'")
    return str(kid)


@dataclass(frozen=True, slots=True)
class _Jwt:
    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "_Jwt":
        try:
            head, body, signature = text.split(".")
            header, claims = (orjson.loads(_decoded(part)) for part in (head, body))
            jwt = cls(header, claims, f"{head}.{body}".encode("ascii"), _decoded(signature))
        except (ValueError, Base64Error):
            _refuse("Malformed JWT in client_assertion")
        if not isinstance(header, dict) or not isinstance(claims, dict):
            _refuse("Malformed JWT in client_assertion")
        return jwt


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refuse(description: str, status: int = 400, error: str = "invalid_request") -> NoReturn:
    raise TokenRefused(status, error, description)
