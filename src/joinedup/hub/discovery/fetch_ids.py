"""Fetch ids: an address for one record that says nothing, ends after an hour, and is for one asker.

The id is the record's place encrypted with a key of the hub's, bound to who asked. Nothing is
stored, nobody else's id opens, and an id that was changed is the same as one that never was.
"""

import base64
import binascii
import os
import struct
import time
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from joinedup.hub.discovery.circle import Searcher

LIFE = 60 * 60
_PLACE = struct.Struct(">16scQI")
_NONCE = 12
_LENGTH = len(base64.urlsafe_b64encode(bytes(_NONCE + _PLACE.size + 16)).rstrip(b"="))


class Target(NamedTuple):
    """What an id is of: a record that a custodian named, or a pointer of the register."""

    search_id: UUID
    is_pointer: bool
    key: int


def make(searcher: Searcher, target: Target) -> str:
    """An id for this searcher, good for an hour."""
    kind = b"p" if target.is_pointer else b"f"
    place = _PLACE.pack(target.search_id.bytes, kind, target.key, int(time.time()) + LIFE)
    nonce = os.urandom(_NONCE)
    box = _cipher().encrypt(nonce, place, _asker(searcher))
    return base64.urlsafe_b64encode(nonce + box).rstrip(b"=").decode()


def read(searcher: Searcher, text: str) -> Target | None:
    """What the id is of; None for one that is not this searcher's, has ended, or never was."""
    if len(text) != _LENGTH:
        return None
    try:
        box = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = _cipher().decrypt(box[:_NONCE], box[_NONCE:], _asker(searcher))
    except (InvalidTag, binascii.Error, ValueError):
        return None
    search_id, kind, key, until = _PLACE.unpack(place)
    if until <= time.time():
        return None
    return Target(UUID(bytes=search_id), kind == b"p", key)


def _asker(searcher: Searcher) -> bytes:
    client = searcher.client.pk if searcher.client else 0
    person = searcher.membership.pk if searcher.membership else 0
    parts = (searcher.organisation.pk, client, person, searcher.on_behalf_of)
    return "/".join(map(str, parts)).encode()


@lru_cache(maxsize=1)
def _cipher() -> AESGCM:
    secret = settings.SECRET_KEY.encode()
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=b"joinedup fetch id").derive(secret))
