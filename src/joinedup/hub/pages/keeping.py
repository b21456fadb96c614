"""The key of a signed-in session, and the records that were closed to it.

The hub's page is the searcher's agent: custodians close a record to a key pair that is made for
this sign-in. The private half is in the database, closed with a secret that is in the person's
cookie and nowhere else; so neither the database nor the cookie alone opens anything. What is
opened is in memory for one request (docs/decisions/0026-records-on-pages.md).
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from joserfc.jwk import ECKey

from joinedup.custodian.envelope import new_key
from joinedup.hub.pages.models import SessionKey

_SECRET = 32
_NONCE = 12
_INFO = b"joinedup session records"


def cookie_name() -> str:
    """The cookie's name; with HTTPS no other site of the domain can set it."""
    return "__Host-records" if settings.IS_HTTPS else "records"


@dataclass(frozen=True, slots=True)
class Key:
    """The session's key, open for this request; ``secret`` is new when it has yet to be sent."""

    row: SessionKey
    private: ECKey
    secret: str = ""

    @property
    def public(self) -> dict[str, Any]:
        """What custodians are sent."""
        return dict(self.row.public_key)


def key_of(request: HttpRequest) -> Key | None:
    """The key of this session; None when there is none, or the cookie does not open it."""
    row = SessionKey.objects.filter(session_id=request.session.session_key).first()
    secret = request.COOKIES.get(cookie_name(), "")
    if row is None or not secret:
        return None
    try:
        box = bytes(row.wrapped_key)
        opened = _cipher(secret, row).decrypt(box[:_NONCE], box[_NONCE:], row.thumbprint.encode())
    except (InvalidTag, binascii.Error, ValueError):
        return None
    return Key(row, ECKey.import_key(json.loads(opened)))


def made_or_found(request: HttpRequest) -> Key:
    """The key of this session, made now if there is none that can be opened.

    Put ``remember`` on the response: without its secret, a new key opens nothing later.
    """
    found = key_of(request)
    if found is not None:
        return found
    session_key = request.session.session_key
    SessionKey.objects.filter(session_id=session_key).delete()
    private = new_key()
    row = SessionKey(
        session=Session.objects.get(pk=session_key),
        public_key=private.as_dict(private=False),
        thumbprint=private.thumbprint(),
        made_at=timezone.now(),
    )
    secret = base64.urlsafe_b64encode(os.urandom(_SECRET)).decode()
    nonce = os.urandom(_NONCE)
    text = json.dumps(private.as_dict(private=True)).encode()
    row.wrapped_key = nonce + _cipher(secret, row).encrypt(nonce, text, row.thumbprint.encode())
    row.save(force_insert=True)
    return Key(row, private, secret)


def remember(response: HttpResponse, key: Key) -> HttpResponse:
    """Send the secret of a key that was just made, for as long as the browser is open."""
    if key.secret:
        response.set_cookie(
            cookie_name(), key.secret, httponly=True, secure=settings.IS_HTTPS, samesite="Strict"
        )
    return response


def forget(response: HttpResponse) -> HttpResponse:
    """Take the secret back from the browser; the session's end deletes the rest."""
    response.delete_cookie(cookie_name(), samesite="Strict")
    return response


def _cipher(secret: str, row: SessionKey) -> AESGCM:
    material = base64.urlsafe_b64decode(secret)
    if len(material) != _SECRET:
        raise ValueError("not a secret of ours")
    derived = HKDF(hashes.SHA256(), 32, salt=str(row.session_id).encode(), info=_INFO)
    return AESGCM(derived.derive(material))
