"""Where somebody is signed in: each session is known by its person, and ended from another.

What a session holds is sealed to its own key, so whose it is stands beside it. When it was last
used is not kept: every request puts its end off, and the end tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.utils import timezone

from joinedup.hub.organisations.models import Membership, Person
from joinedup.hub.pages.models import SignedIn

NOTED = "noted_under"
"""In a session: the key under which it is known. A session whose key is new is not known yet."""

# In this order: most of them say that they are also those that come after.
_BROWSERS = (
    ("Edg", "Microsoft Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A browser in which somebody is signed in."""

    id: UUID
    browser: str
    membership: Membership
    began_at: datetime
    last_used_at: datetime
    is_this: bool


def browser_family(user_agent: str) -> str:
    """The kind of browser, in words; nothing that would tell one from another of its kind."""
    family = next((words for mark, words in _BROWSERS if mark in user_agent), "Another browser")
    return f"{family}, on a phone or tablet" if "Mobile" in user_agent else family


def know(session: SessionBase, membership: Membership, began: float, user_agent: str) -> None:
    """Note whose this session is, once; raises ``IntegrityError`` when it has just been ended."""
    if session.session_key is None or session.get(NOTED) == session.session_key:
        return
    row = SignedIn(
        session_id=session.session_key,
        membership=membership,
        began_at=datetime.fromtimestamp(began, UTC),
        browser=browser_family(user_agent),
    )
    SignedIn.objects.bulk_create([row], ignore_conflicts=True)  # two clicks at once
    session[NOTED] = session.session_key


def of(person: Person, this: str | None) -> list[Place]:
    """Where the person is signed in now, the session with the key ``this`` first."""
    now = timezone.now()
    rows = (
        SignedIn.objects.filter(
            membership__person=person,
            session__expire_date__gt=now,
            began_at__gt=now - timedelta(seconds=settings.SIGNED_IN_FOR_AT_MOST),
        )
        .select_related("session", "membership__organisation")
        .order_by("-session__expire_date")
    )
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    places = [
        Place(
            row.id,
            row.browser,
            row.membership,
            row.began_at,
            row.session.expire_date - idle,
            row.session_id == this,
        )
        for row in rows
    ]
    return sorted(places, key=lambda place: not place.is_this)


def end(places: Sequence[Place]) -> None:
    """End these sessions, with all that they hold; each is signed out on its next click."""
    keys = SignedIn.objects.filter(id__in=[place.id for place in places])
    Session.objects.filter(pk__in=list(keys.values_list("session_id", flat=True))).delete()


def end_all(person: Person) -> None:
    """End every session of a person."""
    keys = SignedIn.objects.filter(membership__person=person)
    Session.objects.filter(pk__in=list(keys.values_list("session_id", flat=True))).delete()
