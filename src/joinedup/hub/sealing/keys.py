"""The keys: one outside the database that wraps, data keys inside it that seal (envelope).

Who has a copy of the database has no key to it. A new wrapping key costs a few rows to be wrapped
again, not every column (NIST SP 800-57 Part 1, 5.3.5: keys have an end).
"""

import hmac
import os
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from joinedup.hub import environment
from joinedup.hub.sealing.models import DataKey
from joinedup.ledger.seal import KEY, SealError, decrypt, derive, encrypt

SETTING = "SEALING_KEY"
OLD_SETTING = "SEALING_OLD_KEY"
KNOWN_FOR = 60.0
"""Seconds after which a process looks whether there is a newer data key."""

HEAD = 8
"""Bytes at the head of what is sealed: the number of its data key."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The keys from outside: the present one, and while it is being changed the one before."""

    present: bytes
    before: bytes | None

    def wrap(self, key: bytes, number: int) -> bytes:
        """Close a data key, bound to its number."""
        return encrypt(derive(self.present, b"joinedup sealing wrap"), key, _bound(number))

    def unwrap(self, wrapped: bytes, number: int) -> bytes:
        """Open a data key; raises ``SettingError`` when neither key opens it."""
        for secret in (self.present, self.before):
            if secret is not None:
                try:
                    wrapping = derive(secret, b"joinedup sealing wrap")
                    return decrypt(wrapping, wrapped, _bound(number))
                except SealError:
                    continue
        raise environment.SettingError(
            "The database was sealed under another key. Give it in JOINEDUP_SEALING_KEY_FILE, or, "
            "while the key is being changed, in JOINEDUP_SEALING_OLD_KEY_FILE."
        )


def wrapping() -> Wrapping:
    """The keys from ``JOINEDUP_SEALING_KEY`` or ``…_FILE`` (64 hexadecimal digits), or made once.

    Raises ``SettingError``.
    """
    before = environment.given_key(OLD_SETTING, KEY)
    return Wrapping(environment.key(SETTING, "sealing-key", KEY), before)


class Ring:
    """The data keys as this process knows them."""

    def __init__(self, outside: Wrapping) -> None:
        self._outside = outside
        self._index = derive(outside.present, b"joinedup sealing index")
        self._opened: dict[int, bytes] = {}
        self._current: int | None = None
        self._until = 0.0
        self._turn = threading.Lock()

    def ready(self) -> None:
        """Make the first data key; raises ``SettingError`` when the keys there do not open."""
        self._newest()

    def seal(self, content: bytes, place: bytes) -> bytes:
        """Close a content under the newest data key, bound to its place."""
        number = self._newest()
        return _bound(number) + encrypt(self._opened[number], content, place)

    def open(self, box: bytes, place: bytes) -> bytes:
        """Give a content back; raises ``SealError`` for another place, another key, a change."""
        return decrypt(self._key(number_of(box)), box[HEAD:], place)

    def blind(self, use: str, text: str) -> bytes:
        """Give what a text is found by without being read: keyed, and different for each use.

        Under the wrapping key's own derivation: ``rotate`` makes blind indexes anew with it.
        """
        return hmac.digest(self._index, f"{use}\0{text}".encode(), "sha256")

    def _newest(self) -> int:
        with self._turn:
            if self._current is None or time.monotonic() > self._until:
                row = DataKey.objects.filter(retired_at=None).order_by("-made_at").first()
                row = row or make(self._outside, timezone.now())
                self._remember(row)
                self._current, self._until = row.number, time.monotonic() + KNOWN_FOR
            return self._current

    def _key(self, number: int) -> bytes:
        known = self._opened.get(number)
        if known is None:
            row = DataKey.objects.filter(number=number).first()
            if row is None:
                raise SealError("the key that this was sealed under is gone")
            known = self._remember(row)
        return known

    def _remember(self, row: DataKey) -> bytes:
        key = self._outside.unwrap(bytes(row.wrapped), row.number)
        self._opened[row.number] = key
        return key


def make(outside: Wrapping, at: datetime) -> DataKey:
    """Make a data key and keep it, wrapped."""
    number = secrets.randbits(63)
    wrapped = outside.wrap(os.urandom(KEY), number)
    return DataKey.objects.create(number=number, wrapped=wrapped, made_at=at)


def number_of(box: bytes) -> int:
    """Give the number of the data key that something was sealed under."""
    return int.from_bytes(box[:HEAD])


_ring: Ring | None = None
_making = threading.Lock()


def ring() -> Ring:
    """This process's ring; raises ``SettingError``."""
    global _ring
    with _making:
        if _ring is None:
            _ring = Ring(wrapping())
        return _ring


def forget() -> None:
    """Read the keys again when they are next needed: they were changed."""
    global _ring
    _ring = None


def _bound(number: int) -> bytes:
    return number.to_bytes(HEAD)
