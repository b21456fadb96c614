"""Hints that there is something to ask for. Never the truth, and never about a child.

Whoever cannot wait for its next poll subscribes. A hint is written in the transaction of what it
is about, sent afterwards by the worker, tried again for a while, and then forgotten: the searcher
and the custodian still poll. It is signed, so that a receiver can tell it from anybody else's.
"""

import hashlib
import hmac
import ipaddress
import json
import secrets
import socket
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from joinedup.hub import environment
from joinedup.hub.discovery.models import Event, Hint, Search, Subscription
from joinedup.hub.organisations.models import Organisation

SIGNATURE = "Joinedup-Signature"
TRIES = 8
FIRST_RETRY = timedelta(seconds=5)
PATIENCE = urllib3.Timeout(connect=3, read=5)


class NotAnAddress(ValueError):
    """Hints are not sent there; the text says what is."""


def subscribe(organisation: Organisation, event: Event, url: str) -> str:
    """Send hints of this event there from now on; gives the secret that signs them, once.

    Raises ``NotAnAddress``.
    """
    check_address(url)
    secret = secrets.token_urlsafe(32)
    given: dict[str, Any] = {"url": url, "secret": secret, "created_at": timezone.now()}
    Subscription.objects.update_or_create(organisation=organisation, event=event, defaults=given)
    return secret


def unsubscribe(organisation: Organisation, event: Event) -> bool:
    """Send no more hints of this event; gives whether there was a subscription."""
    deleted, _ = Subscription.objects.filter(organisation=organisation, event=event).delete()
    return bool(deleted)


def check_address(url: str) -> None:
    """Raise ``NotAnAddress`` for what is not HTTPS, or is (also) an address inside a network."""
    parts = urlsplit(url)
    inside = environment.flag("WEBHOOKS_INSIDE")  # a demo, or a hub in the agencies' own network
    if parts.scheme not in (("https", "http") if inside else ("https",)) or not parts.hostname:
        raise NotAnAddress("Hints are sent to an https address.")
    if parts.username or parts.password or parts.fragment:
        raise NotAnAddress("The address may hold no user, password or fragment.")
    if not inside:
        _outside(parts.hostname, parts.port or 443)


def _outside(host: str, port: int) -> str:
    """An address of the host on the public network; every one it has must be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotAnAddress("The address's host is not known.") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(ipaddress.ip_address(one).is_global for one in addresses):
        raise NotAnAddress("The address must be on the public network.")
    return addresses[0]


_NOTE = """
INSERT INTO discovery_hint (id, subscription_id, search_id, created_at, next_try_at, tries)
SELECT gen_random_uuid(), id, %s, %s, %s, 0 FROM discovery_subscription
WHERE organisation_id = ANY(%s) AND event = %s
ORDER BY id  -- the same order for everybody: no deadlocks
ON CONFLICT (subscription_id, search_id) DO UPDATE SET created_at = excluded.created_at
"""


def work_for(custodians: Collection[int], now: datetime) -> None:
    """There is work for these custodians; call it in the transaction that makes the work."""
    _note(None, now, custodians, Event.WORK_AVAILABLE)


def news_of(search: Search, now: datetime) -> None:
    """There is news of a search; call it in the transaction that makes the news."""
    _note(search, now, [search.organisation_id], Event.RESULT_AVAILABLE)


def _note(search: Search | None, now: datetime, to: Collection[int], event: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [search.id if search else None, now, now, list(to), event])


def send_due(now: datetime | None = None, most: int = 500) -> int:
    """Send what is due, each once whoever else is sending; gives how many arrived.

    A hint is deleted when it was taken, when nobody took it in all its tries, and when its address
    is not one to send to any more.
    """
    arrived = 0
    for _ in range(most):
        with transaction.atomic():
            hint = (
                Hint.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("subscription")
                .filter(next_try_at__lte=now or timezone.now())
                .order_by("next_try_at")
                .first()
            )
            if hint is None:
                break
            Hint.objects.filter(id=hint.id).update(
                tries=F("tries") + 1, next_try_at=timezone.now() + FIRST_RETRY * 4**hint.tries
            )
        # Sent outside the transaction: a slow receiver holds no lock.
        if _send(hint):
            arrived += 1
            told = Hint.objects.filter(id=hint.id, created_at=hint.created_at).delete()[0]
            if not told:  # there was more news while it was being sent
                Hint.objects.filter(id=hint.id).update(tries=0, next_try_at=timezone.now())
        elif hint.tries + 1 >= TRIES:
            Hint.objects.filter(id=hint.id).delete()
    return arrived


def _send(hint: Hint) -> bool:
    subscription = hint.subscription
    body = json.dumps(_body(hint), separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "joinedup-hub",
        SIGNATURE: signature(subscription.secret, int(time.time()), body),
    }
    try:
        with _connection(subscription.url) as pool:
            answer = pool.urlopen(
                "POST",
                urllib3.util.parse_url(subscription.url).request_uri,
                body=body,
                headers={**headers, "Host": urlsplit(subscription.url).netloc},
                timeout=PATIENCE,
                retries=False,
                redirect=False,
                preload_content=False,  # what it says is not read: it could never end
            )
            answer.close()
    except (urllib3.exceptions.HTTPError, NotAnAddress, OSError, ValueError):
        return False
    return 200 <= answer.status < 300


def _body(hint: Hint) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": str(hint.id),
        "event": hint.subscription.event,
        "at": hint.created_at.isoformat(),
    }
    return body | ({"searchId": str(hint.search_id)} if hint.search_id else {})


def signature(secret: str, at: int, body: bytes) -> str:
    """``t`` is the time in seconds, ``v1`` HMAC-SHA256 of ``t.body`` in hexadecimal."""
    proof = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={proof}"


def _connection(url: str) -> urllib3.HTTPConnectionPool:
    """To the very address that was checked: a name that is asked twice may answer differently."""
    check_address(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(host, parts.port or 80)
    port = parts.port or 443
    address = host if environment.flag("WEBHOOKS_INSIDE") else _outside(host, port)
    return urllib3.HTTPSConnectionPool(address, port, server_hostname=host, assert_hostname=host)
