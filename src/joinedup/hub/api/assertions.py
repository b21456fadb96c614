"""Checking a client's signed assertion (RFC 7523, ``private_key_jwt``)."""

import hmac
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError

from joinedup.hub.api import compact
from joinedup.hub.organisations.models import ClientKey, MachineClient, UsedAssertion

ALGORITHMS = ("RS512", "RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
"""Asymmetric alone: with ``none`` or a shared secret, anyone who reads a public key could sign."""

LONGEST_LIFE = 5 * 60
CLOCK_SKEW = 30
LONGEST_ASSERTION = 8 * 1024
TYPES = ("jwt", "client-authentication+jwt")
"""So that no other kind of JWT, such as one of the hub's own tokens, passes for an assertion."""

PLAIN_ID = re.compile(r"[!-~]{1,128}")

UNKNOWN = "The client is not known here, or none of its live keys signed this assertion."


class Refused(Exception):
    """Why an assertion was refused, in words for the client's developer."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A client that proved itself, and the key it used."""

    client: MachineClient
    key: ClientKey


def verify(assertion: str, token_url: str) -> Proven:
    """The client that signed this assertion, once.

    ``token_url`` is the exact audience. Raises ``Refused``; an unknown client, an unknown or
    expired key and a bad signature are refused in the same words.
    """
    if len(assertion) > LONGEST_ASSERTION:
        raise Refused("The assertion is too long.")
    header, unproven = _read(assertion)
    if header.get("alg") not in ALGORITHMS:
        raise Refused(f"alg must be one of {', '.join(ALGORITHMS)}.")
    kid = _identifier(header, "kid")
    client_id = _identifier(unproven, "iss")
    if unproven.get("sub") != client_id:
        raise Refused("iss and sub must both be the client id.")

    key = _live_key(client_id, kid)
    try:
        claims = jwt.decode(assertion, key.key(), algorithms=[header["alg"]]).claims
    except (JoseError, ValueError):
        raise Refused(UNKNOWN) from None
    _check_claims(claims, token_url)
    _use_once(key.client, _identifier(claims, "jti"), claims["exp"])
    return Proven(key.client, key)


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, before anything is proven: only good for finding the key."""
    try:
        header, claims = compact.read(assertion)
    except compact.NotStrict as fault:
        raise Refused(f"client_assertion is refused. {fault}") from None
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise Refused(f"typ must be one of {', '.join(TYPES)}, or left out.")
    return header, claims


def _identifier(where: dict[str, Any], name: str) -> str:
    value = where.get(name)
    if not isinstance(value, str) or not PLAIN_ID.fullmatch(value):
        raise Refused(f"{name} is missing, or is not plain text of at most 128 characters.")
    return value


def _live_key(client_id: str, kid: str) -> ClientKey:
    now = timezone.now()
    key = (
        ClientKey.objects.select_related("client__organisation__principal")
        .filter(client__client_id=client_id, kid=kid)
        .first()
    )
    if key is None or not key.is_live(now) or not key.client.is_live(now):
        raise Refused(UNKNOWN)
    return key


def _check_claims(claims: dict[str, Any], token_url: str) -> None:
    audience = claims.get("aud")
    if not isinstance(audience, str) or not hmac.compare_digest(
        audience.encode(), token_url.encode()
    ):
        raise Refused(f"aud must be exactly {token_url}.")
    now = time.time()
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise Refused("exp is missing or is not a number.")
    if expires <= now - CLOCK_SKEW:
        raise Refused("The assertion has expired.")
    if expires > now + LONGEST_LIFE + CLOCK_SKEW:
        raise Refused("exp must be at most 5 minutes away.")
    for name in ("iat", "nbf"):
        moment = claims.get(name, now)
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise Refused(f"{name} is not a number.")
        if moment > now + CLOCK_SKEW:
            raise Refused(f"{name} is in the future. Check your clock.")


def _use_once(client: MachineClient, jti: str, expires: float) -> None:
    """Remember the assertion for as long as it could be replayed."""
    UsedAssertion.objects.filter(expires_at__lt=timezone.now()).delete()
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(
                client=client,
                jti=jti,
                expires_at=datetime.fromtimestamp(expires + CLOCK_SKEW + 1, UTC),
            )
    except IntegrityError:
        raise Refused("This assertion was used before. Sign a new one with a new jti.") from None
