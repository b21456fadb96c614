"""Access tokens: short, signed by the hub, and worth nothing once the client is revoked."""

import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from joinedup.hub import environment
from joinedup.hub.api import compact
from joinedup.hub.api.assertions import CLOCK_SKEW, Proven
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import ClientKey, MachineClient

LIFE = 5 * 60
ALGORITHM = "ES256"
TYPE = "at+jwt"  # RFC 9068
TOKEN_PATH = "/api/v1/auth/token"  # noqa: S105 - an address
SCOPES = {
    "get-an-identifier.read": "Ask for a child's identifier",
    "match": "Ask which known child fits (FHIR $match)",
    "shield.write": "Hide a child from whoever might harm them",
    "find-record.write": "Ask who knows a child",
    "find-record.read": "Read what came of a search",
    "fetch-record.read": "Have a record's content",
    "work-item.read": "See whether there is work",
    "work-item.write": "Take work and answer it",
    "register.write": "Say which records are held",
    "request.write": "Ask another organisation, and answer what it asks",
    "request.read": "See requests, and collect what was shared",
    "caseload.write": "Say who works with which child",
    "audit": "Have receipts of disclosures that concern the caller",
}


@lru_cache(maxsize=1)
def signing_key() -> ECKey:
    """The hub's own key: ``JOINEDUP_TOKEN_KEY_FILE`` (a P-256 key in PEM), or made once."""
    given = environment.text("TOKEN_KEY_FILE")
    if given:
        pem = Path(given).read_bytes()
    else:
        new = ECKey.generate_key("P-256").as_pem(private=True)
        pem = environment.made_once(environment.state_folder() / "token-key.pem", new)
    key = ECKey.import_key(pem)
    return ECKey.import_key(pem, {"kid": key.thumbprint()})


def token_url() -> str:
    """The token endpoint's public address, which is an assertion's audience."""
    return f"{settings.HUB_URL}{TOKEN_PATH}"


def issue(proven: Proven, scopes: list[str]) -> str:
    """A token for the client, good for five minutes and for these scopes."""
    now = int(time.time())
    client = proven.client
    note(action="token.issue", organisation=client.organisation.ods_code, client=client.client_id)
    return jwt.encode(
        {"alg": ALGORITHM, "typ": TYPE, "kid": signing_key().kid},
        {
            "iss": settings.HUB_URL,
            "aud": f"{settings.HUB_URL}/api",
            "sub": client.client_id,
            "client_id": client.client_id,
            "client_key": proven.key.kid,
            "organisation": client.organisation.ods_code,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + LIFE,
            "jti": secrets.token_urlsafe(16),
        },
        signing_key(),
        algorithms=[ALGORITHM],
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """A client calling with a good token, what the token lets it do, and until when (seconds)."""

    client: MachineClient
    scopes: frozenset[str]
    good_until: float


def read(token: str) -> Caller | None:
    """Who calls with this token, or None when it proves nothing.

    The client, its key and its organisation are read again on every call, so that revoking any
    of them takes effect at once; a scope taken from the client is gone at once as well.
    """
    try:
        compact.read(token)
        decoded = jwt.decode(token, signing_key(), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return None
    claims = decoded.claims
    seconds = time.time()
    good = (
        decoded.header.get("typ") == TYPE
        and claims.get("iss") == settings.HUB_URL
        and claims.get("aud") == f"{settings.HUB_URL}/api"
        and claims.get("iat", inf) - CLOCK_SKEW <= seconds < claims.get("exp", 0)
    )
    if not good:
        return None
    key = (
        ClientKey.objects.select_related("client__organisation__principal")
        .filter(
            client__client_id=claims["client_id"],
            kid=claims["client_key"],
            client__organisation__ods_code=claims["organisation"],
        )
        .first()
    )
    now = timezone.now()
    if key is None or not key.is_live(now) or not key.client.is_live(now):
        return None
    return Caller(
        key.client,
        frozenset(claims["scope"].split()) & frozenset(key.client.scopes),
        min(claims["exp"], key.expires_at.timestamp()),
    )
