"""Sign-in by OpenID Connect: authorisation code with PKCE, against any provider by settings."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from joserfc.errors import JoseError
from requests import RequestException

from joinedup.hub.environment import SignIn
from joinedup.hub.organisations.models import Membership, Organisation, Person, Role
from joinedup.hub.pages.actor import signed_in_as

log = logging.getLogger("joinedup.hub.sign_in")

ID_TOKEN = "id_token"  # noqa: S105 - a session key
PRIVATE_KEY_JWT = "private_key_jwt"
TIMEOUT = 10


class NotLetIn(Exception):
    """Why someone the provider knows may not come in; the slug picks the words on the page."""


@lru_cache(maxsize=1)
def provider() -> Any:
    """The provider, as Authlib sees it; its addresses come from its discovery document."""
    chosen: SignIn = settings.SIGN_IN
    oauth = OAuth()
    options: dict[str, Any] = {
        "client_id": chosen.client_id,
        "client_secret": chosen.client_secret or None,
        "server_metadata_url": f"{chosen.issuer}/.well-known/openid-configuration",
        "client_kwargs": {
            "scope": chosen.scope,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
        },
    }
    if chosen.private_key_file:
        options["client_secret"] = Path(chosen.private_key_file).read_text()
        options["client_kwargs"]["token_endpoint_auth_method"] = PRIVATE_KEY_JWT
        options["client_auth_methods"] = [PrivateKeyJWT()]
    return oauth.register("provider", **options)


def callback_url() -> str:
    """Where the provider sends people back to."""
    return settings.HUB_URL + reverse("sign-in-done")


@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send the person to their provider."""
    if not settings.SIGN_IN.is_set_up:
        return _refuse(request, "not-set-up", 503)
    try:
        answer: HttpResponse = provider().authorize_redirect(request, callback_url())
    except (RequestException, OAuthError, RuntimeError, ValueError) as failure:
        log.error("the sign-in provider did not answer: %s", type(failure).__name__)
        return _refuse(request, "no-provider", 503)
    return answer


@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """The person is back from the provider: check what it says, and let them in or say why not."""
    if not settings.SIGN_IN.is_set_up:
        return _refuse(request, "not-set-up", 503)
    try:
        token = provider().authorize_access_token(request)
        claims = dict(token.get("userinfo") or {})
        membership = admit(claims)
    except NotLetIn as refusal:
        log.warning("sign-in refused: %s", refusal)
        return _refuse(request, str(refusal), 403)
    except (OAuthError, JoseError) as failure:
        log.warning("sign-in did not complete: %s", type(failure).__name__)
        return _refuse(request, "not-completed", 400)
    except (RequestException, RuntimeError, ValueError) as failure:
        log.error("the sign-in provider did not answer: %s", type(failure).__name__)
        return _refuse(request, "no-provider", 503)
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    signed_in_as(request, membership)
    request.session[ID_TOKEN] = token[ID_TOKEN]
    return redirect("start")


@transaction.atomic
def admit(claims: dict[str, Any]) -> Membership:
    """The membership that a provider's verified claims give; raises ``NotLetIn``.

    The organisation must be one the hub knows by its ODS code, and live; the role one of ours.
    Claims decide afresh at each sign-in: a role changed or an organisation left ends here too.
    """
    chosen: SignIn = settings.SIGN_IN
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not issuer or not subject:
        raise NotLetIn("not-completed")
    organisation = Organisation.objects.filter(
        ods_code=str(claims.get(chosen.organisation_claim) or "")
    ).first()
    if organisation is None or not organisation.may_ask(timezone.localdate()):
        raise NotLetIn("unknown-organisation")
    role = claims.get(chosen.role_claim)
    if role not in Role.values:
        raise NotLetIn("unknown-role")
    person, _ = Person.objects.update_or_create(
        issuer=str(issuer),
        subject=str(subject),
        defaults={"name": str(claims.get(chosen.name_claim) or "Name not given")[:200]},
    )
    if person.blocked_at:
        raise NotLetIn("blocked")
    now = timezone.now()
    person.memberships.exclude(organisation=organisation).filter(ended_at=None).update(ended_at=now)
    membership, _ = Membership.objects.update_or_create(
        person=person,
        organisation=organisation,
        defaults={"role": role, "confirmed_at": now, "ended_at": None},
    )
    return membership


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session here, then at the provider where it offers that (RP-initiated logout)."""
    id_token = request.session.get(ID_TOKEN)
    request.session.flush()
    back = settings.HUB_URL + reverse("signed-out")
    if id_token and settings.SIGN_IN.is_set_up:
        try:
            logout = provider().create_logout_url(
                post_logout_redirect_uri=back,
                id_token_hint=id_token,
                client_id=settings.SIGN_IN.client_id,
            )
            return redirect(logout["url"])
        except (RequestException, RuntimeError):
            log.info("the sign-in provider offers no sign-out; signed out here")
    return redirect("signed-out")


def _refuse(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return render(request, "sign-in-refused.html", {"why": why}, status=status)
