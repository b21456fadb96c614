"""Sign-in by OpenID Connect: authorisation code with PKCE, against any provider by settings."""

import logging
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from joserfc.errors import JoseError
from requests import RequestException

from joinedup.hub.environment import SignIn
from joinedup.hub.organisations.models import (
    GRANTED_ROLES,
    Grant,
    Membership,
    Organisation,
    Person,
    Role,
)
from joinedup.hub.pages import keeping
from joinedup.hub.pages.actor import (
    SIGNED_IN_AT,
    STEP_UP_BACK,
    STEP_UP_LASTS,
    STEPPED_UP_AT,
    signed_in_as,
)

log = logging.getLogger("joinedup.hub.sign_in")

ID_TOKEN = "id_token"  # noqa: S105 - a session key
PRIVATE_KEY_JWT = "private_key_jwt"
TIMEOUT = 10
CLOCK_SKEW = 60


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
    request.session.pop(STEP_UP_BACK, None)
    return _to_provider(request)


@require_GET
def again(request: HttpRequest) -> HttpResponse:
    """Send somebody who is signed in to prove it again, before something sensitive.

    OpenID Connect Core 3.1.2.1: ``max_age=0`` and ``prompt=login`` have the provider ask anew;
    ``acr_values`` names the strength wanted (``JOINEDUP_OIDC_STEP_UP_ACR``).
    """
    if request.membership is None or STEP_UP_BACK not in request.session:  # type: ignore[attr-defined]
        return redirect("start")
    wanted: dict[str, Any] = {"max_age": 0, "prompt": "login"}
    if settings.SIGN_IN.step_up_acr:
        wanted["acr_values"] = " ".join(settings.SIGN_IN.step_up_acr)
    return _to_provider(request, **wanted)


def _to_provider(request: HttpRequest, **wanted: Any) -> HttpResponse:
    if not settings.SIGN_IN.is_set_up:
        return _refuse(request, "not-set-up", 503)
    try:
        answer: HttpResponse = provider().authorize_redirect(request, callback_url(), **wanted)
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
        if request.membership and STEP_UP_BACK in request.session:  # type: ignore[attr-defined]
            return redirect(step_up(request, claims))
        if str(claims.get("iss")).rstrip("/") != settings.SIGN_IN.issuer:
            raise NotLetIn("not-completed")  # its metadata may name another issuer than it is
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
    several = _live_memberships(membership.person).count() > 1
    return redirect("choose-role" if several else "start")


def step_up(request: HttpRequest, claims: dict[str, Any]) -> str:
    """Note that the signed-in person has just proved who they are; give where they were going.

    The provider must say when (``auth_time``) and, where a strength is asked for, how (``acr``).
    Raises ``NotLetIn``; another person than the one signed in ends the session.
    """
    back = str(request.session.pop(STEP_UP_BACK))
    person: Person = request.membership.person  # type: ignore[attr-defined]
    if (claims.get("iss"), claims.get("sub")) != (person.issuer, person.subject):
        request.session.flush()
        request.membership = None  # type: ignore[attr-defined]
        raise NotLetIn("another-person")
    wanted = settings.SIGN_IN.step_up_acr
    proved = claims.get("auth_time")
    if isinstance(proved, bool) or not isinstance(proved, int | float):
        raise NotLetIn("not-proved")
    fresh = -CLOCK_SKEW <= time.time() - proved <= STEP_UP_LASTS
    if not fresh or (wanted and claims.get("acr") not in wanted):
        raise NotLetIn("not-proved")
    request.session.cycle_key()
    request.session[STEPPED_UP_AT] = min(float(proved), time.time())
    return back


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Choose for which organisation, and in which role, to act; nothing carries over."""
    membership: Membership | None = request.membership  # type: ignore[attr-defined]
    if membership is None:
        return redirect("timed-out" if request.method == "POST" else "start")
    found = [
        each for each in _live_memberships(membership.person) if each.is_live(timezone.localdate())
    ]
    if request.method == "POST":
        chosen = next((each for each in found if str(each.pk) == request.POST.get("choice")), None)
        if chosen is None:
            return redirect("choose-role")
        kept = {name: request.session.get(name) for name in (ID_TOKEN, SIGNED_IN_AT)}
        signed_in_as(request, chosen)
        request.session.update(kept)
        return redirect("start")
    return render(request, "choose-role.html", {"memberships": found})


def _live_memberships(person: Person) -> QuerySet[Membership]:
    return (
        person.memberships.filter(ended_at=None)
        .select_related("person", "organisation__principal")
        .order_by("organisation__name", "role")
    )


@transaction.atomic
def admit(claims: dict[str, Any]) -> Membership:
    """The membership that a provider's verified claims give, the first if several.

    Raises ``NotLetIn``. The organisation must be one the hub knows by its ODS code, and live; the
    role one of ours, and granted here if it is one that a provider alone cannot give. Claims
    decide afresh at each sign-in: what they no longer say ends here too.
    """
    chosen: SignIn = settings.SIGN_IN
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not issuer or not subject:
        raise NotLetIn("not-completed")
    wanted, why_not = _roles(claims, str(issuer), str(subject))
    if not wanted:
        raise NotLetIn(why_not)
    person, _ = Person.objects.update_or_create(
        issuer=str(issuer),
        subject=str(subject),
        defaults={"name": str(claims.get(chosen.name_claim) or "Name not given")[:200]},
    )
    if person.blocked_at:
        raise NotLetIn("blocked")
    now = timezone.now()
    given = [
        Membership.objects.update_or_create(
            person=person,
            organisation=organisation,
            role=role,
            defaults={"confirmed_at": now, "ended_at": None},
        )[0]
        for organisation, role in wanted
    ]
    person.memberships.filter(ended_at=None).exclude(
        pk__in=[membership.pk for membership in given]
    ).update(ended_at=now)
    return given[0]


def _roles(
    claims: dict[str, Any], issuer: str, subject: str
) -> tuple[list[tuple[Organisation, str]], str]:
    """Each organisation and role that the claims and the hub's own grants give, or why none."""
    today = timezone.localdate()
    found: list[tuple[Organisation, str]] = []
    why_not = "unknown-organisation"
    for code, roles in _claimed(claims):
        organisation = Organisation.objects.filter(ods_code=code).first()
        if organisation is None or not organisation.may_have_people(today):
            continue
        granted = set(
            Grant.objects.filter(
                issuer=issuer, subject=subject, organisation=organisation, ended_at=None
            ).values_list("role", flat=True)
        )
        may = granted | ((roles & set(Role.values)) - GRANTED_ROLES)
        if not may and why_not == "unknown-organisation":
            why_not = "not-granted" if roles & GRANTED_ROLES else "unknown-role"
        found += [(organisation, role) for role in Role.values if role in may]
    return found, why_not


def _claimed(claims: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """ODS code and roles of each membership claimed: one, or a list of such objects."""
    chosen: SignIn = settings.SIGN_IN
    each = claims.get(chosen.memberships_claim) if chosen.memberships_claim else [claims]
    found = []
    for one in each if isinstance(each, list) else []:
        if isinstance(one, dict):
            code, roles = one.get(chosen.organisation_claim), one.get(chosen.role_claim)
            listed = roles if isinstance(roles, list) else [roles]
            if isinstance(code, str) and code:
                found.append((code, {role for role in listed if isinstance(role, str)}))
    return found


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
            return keeping.forget(redirect(logout["url"]))
        except (RequestException, RuntimeError):
            log.info("the sign-in provider offers no sign-out; signed out here")
    return keeping.forget(redirect("signed-out"))


def _refuse(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return render(request, "sign-in-refused.html", {"why": why}, status=status)
