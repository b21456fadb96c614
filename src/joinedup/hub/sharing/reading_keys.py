"""The key that answers to one person are closed to, for as long as a request may take.

A sign-in's own key (``hub.pages.keeping``) ends with the sign-in; an answer to a request may come
days later. So a person has a key here whose private half is closed with a secret of theirs. The
browser keeps the secret in a cookie, and the person is shown it once, as a code for another
browser. Who has the database has no secret; who has the secret must be signed in as the person.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from joserfc.jwk import ECKey

from joinedup.custodian.envelope import new_key
from joinedup.hub.organisations.models import Membership
from joinedup.hub.sharing.models import ReadingKey

_SECRET = 20  # bytes: 32 letters and digits
_GROUP = 4
_NONCE = 12
_INFO = b"joinedup reading key"
LASTS = timedelta(days=90)
"""How long the browser keeps the secret; each use begins it anew."""


class WrongCode(ValueError):
    """A code that does not open the person's key."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A person's key, open for this request, and the code that opens it."""

    row: ReadingKey
    private: ECKey
    code: str


def cookie_name() -> str:
    """The cookie's name; with HTTPS no other site of the domain can set it."""
    return "__Host-reading" if settings.IS_HTTPS else "reading"


def made(membership: Membership) -> Opened:
    """A new key; what was closed to an older one cannot be read any more.

    Show the person the code, and put ``remember`` on the response.
    """
    private = new_key()
    code = base64.b32encode(os.urandom(_SECRET)).decode()
    row = ReadingKey(
        membership=membership,
        public_key=private.as_dict(private=False),
        thumbprint=private.thumbprint(),
        made_at=timezone.now(),
    )
    nonce = os.urandom(_NONCE)
    text = json.dumps(private.as_dict(private=True)).encode()
    row.wrapped_key = nonce + _cipher(code, row).encrypt(nonce, text, row.thumbprint.encode())
    with transaction.atomic():
        ReadingKey.objects.filter(membership=membership).delete()
        row.save(force_insert=True)
    return Opened(row, private, code)


def of(request: HttpRequest, membership: Membership) -> Opened | None:
    """The person's key, if this browser has its secret."""
    try:
        return with_code(membership, request.COOKIES.get(cookie_name(), ""))
    except WrongCode:
        return None


def with_code(membership: Membership, code: str) -> Opened:
    """The person's key, opened with the code as they typed it; raises ``WrongCode``."""
    row = ReadingKey.objects.filter(membership=membership).first()
    code = "".join(letter for letter in code.upper() if letter.isalnum())
    if row is None or not code:
        raise WrongCode
    try:
        box = bytes(row.wrapped_key)
        text = _cipher(code, row).decrypt(box[:_NONCE], box[_NONCE:], row.thumbprint.encode())
    except (InvalidTag, binascii.Error, ValueError):
        raise WrongCode from None
    return Opened(row, ECKey.import_key(json.loads(text)), code)


def shown(code: str) -> str:
    """The code in groups, as it is shown."""
    return " ".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def remember(response: HttpResponse, key: Opened) -> HttpResponse:
    """Have the browser keep the secret."""
    response.set_cookie(
        cookie_name(),
        key.code,
        max_age=LASTS,
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="Strict",
    )
    return response


def _cipher(code: str, row: ReadingKey) -> AESGCM:
    secret = base64.b32decode(code)
    if len(secret) != _SECRET:
        raise ValueError("not a code of ours")
    salt = str(row.membership_id).encode()
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=salt, info=_INFO).derive(secret))
