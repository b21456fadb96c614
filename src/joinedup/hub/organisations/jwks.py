"""Reading a client's keys from its own address (RFC 7517 section 5), without being led astray.

An address that a client chose makes the hub call out, so it is held short: https alone, no
redirects, no name that leads to a private address, few bytes, few seconds. It is read by command,
on a timetable, never because somebody asked for a token: a stranger cannot make the hub call.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import ClientKey, MachineClient, only_public, thumbprint

MOST_BYTES = 64 * 1024
MOST_KEYS = 10
SECONDS = 5.0
LIVES_FOR = timedelta(days=3)
"""How long a key is trusted after it was last seen at the client's address."""


class UnsafeAddress(ValueError):
    """An address that the hub will not call; the text says why."""


class NoKeys(Exception):
    """The address gave no keys that can be used; the text says why. Those known stay."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where keys are: the host's name, to check its certificate, and the rest of the address."""

    host: str
    port: int
    path: str


def safe_address(uri: str) -> Address:
    """Read an address; raises ``UnsafeAddress`` when its form alone rules it out."""
    try:
        parts = urlsplit(uri)
        port = parts.port or 443
    except ValueError:
        raise UnsafeAddress("This is not an address.") from None
    if parts.scheme != "https" or not parts.hostname:
        raise UnsafeAddress("The address must begin with https://.")
    if parts.username or parts.password or parts.fragment:
        raise UnsafeAddress("The address must have no name, password or # in it.")
    try:
        ipaddress.ip_address(parts.hostname)
    except ValueError:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Address(parts.hostname, port, path)
    raise UnsafeAddress("The address must have a host's name, not a number.")


def public_addresses(host: str) -> list[str]:
    """The host's addresses; raises ``UnsafeAddress`` if any of them is not a public one.

    Whoever opens the connection must use one of these, not the name: a name can lead elsewhere
    the second time it is looked up.
    """
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        raise NoKeys("The host's name is not known.") from None
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        there = ipaddress.ip_address(address)
        mapped = getattr(there, "ipv4_mapped", None) or there
        if not mapped.is_global or mapped.is_multicast:
            raise UnsafeAddress("The host's name leads to an address that is not public.")
    return addresses


def read(uri: str) -> bytes:
    """What the address answers. Raises ``UnsafeAddress`` and ``NoKeys``."""
    address = safe_address(uri)
    ends = time.monotonic() + SECONDS
    pool = urllib3.HTTPSConnectionPool(
        public_addresses(address.host)[0],
        address.port,
        server_hostname=address.host,
        assert_hostname=address.host,
        cert_reqs="CERT_REQUIRED",
        timeout=urllib3.Timeout(total=SECONDS),
        retries=False,
    )
    try:
        answer = pool.request(
            "GET",
            address.path,
            headers={"Host": address.host, "Accept": "application/json"},
            redirect=False,
            preload_content=False,
        )
        if answer.status != 200:
            raise NoKeys(f"The address answered {answer.status}.")
        content = b""
        while piece := answer.read1(8192):
            content += piece
            if len(content) > MOST_BYTES:
                raise NoKeys(f"The answer is longer than {MOST_BYTES} bytes.")
            if time.monotonic() > ends:
                raise NoKeys(f"The answer took longer than {SECONDS:.0f} seconds.")
        return content
    except urllib3.exceptions.HTTPError as failure:
        raise NoKeys(f"The address did not answer ({type(failure).__name__}).") from None
    finally:
        pool.close()


def usable_keys(content: bytes) -> list[dict[str, Any]]:
    """The public keys in a JWKS; raises ``NoKeys`` when one of them cannot be used."""
    try:
        keys = json.loads(content)["keys"]
        found = [{**only_public(key), "kid": key["kid"]} for key in keys]
    except (ValueError, KeyError, TypeError):
        raise NoKeys("The answer is not a JWKS whose every key has a kid.") from None
    if not found or len(found) > MOST_KEYS:
        raise NoKeys(f"The answer must hold 1 to {MOST_KEYS} keys.")
    if any(not isinstance(key["kid"], str) or not 0 < len(key["kid"]) <= 128 for key in found):
        raise NoKeys("A kid must be text of 1 to 128 characters.")
    if len({key["kid"] for key in found}) < len(found):
        raise NoKeys("Two keys have one kid.")
    return found


def fetch_all(by: str, reading: Callable[[str], bytes] = read) -> dict[str, str]:
    """Take over the keys of every client that publishes them; ``by`` is noted in the ledger.

    Gives what went wrong, by client: their keys that are known stay as they are.
    """
    failed = {}
    for client in MachineClient.objects.exclude(jwks_uri="").filter(revoked_at=None):
        try:
            fetch(client, reading, by)
        except (NoKeys, UnsafeAddress) as fault:
            failed[client.client_id] = str(fault)
    return failed


def fetch(
    client: MachineClient, reading: Callable[[str], bytes] = read, by: str = "command line"
) -> tuple[int, int]:
    """Take over the keys at the client's address: how many are new, how many are gone.

    A key that is no longer there ends now; one that was revoked here stays revoked, and a key of
    another client is never taken. Raises ``UnsafeAddress`` and ``NoKeys``; nothing changes then,
    and what is known ends by itself after three days.
    """
    there = usable_keys(reading(client.jwks_uri))
    now = timezone.now()
    with transaction.atomic():
        MachineClient.objects.select_for_update().get(pk=client.pk)
        new = sum(_take(client, key, now) for key in there)
        gone = client.keys.filter(fetched=True, expires_at__gt=now).exclude(
            kid__in=[key["kid"] for key in there]
        )
        ended = gone.update(expires_at=now)
        if new or ended:
            record(
                action="client.fetch-keys",
                client=by,
                reason=f"{client.client_id}: {new} new, {ended} ended",
                holders=(client.organisation.ods_code,),
            )
    return new, ended


def _take(client: MachineClient, key: dict[str, Any], now: datetime) -> bool:
    """Register a key, or trust it for longer; whether it is new."""
    name = thumbprint(key)
    if ClientKey.objects.filter(thumbprint=name).exclude(client=client).exists():
        raise NoKeys("A key there belongs to another client.")
    until = min(now + LIVES_FOR, client.expires_at)
    kept = client.keys.filter(kid=key["kid"]).first()
    if kept is None:
        client.keys.create(
            kid=key["kid"], public_jwk=key, thumbprint=name, fetched=True, expires_at=until
        )
        return True
    if kept.thumbprint != name:
        raise NoKeys("A kid there was another key before. Each key needs a kid of its own.")
    client.keys.filter(pk=kept.pk, fetched=True).update(expires_at=until)
    return False
