"""What a record is recognised by without keeping what it says: keyed tokens, and sealing.

A token without its key says nothing: NHS numbers are so few that a plain hash of all of them is
worked out in minutes. One secret gives three keys, so that a token is never also a blocking key.
"""

import hmac
import json
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

_NONCE = 12
_LISTS = [place for place, name in enumerate(LinkRecord._fields) if name in LIST_COLUMNS]


class WrongKey(ValueError):
    """What was sealed does not open with this secret, or was changed."""


class Tokens:
    """Makes tokens, blinds blocking keys, seals and opens records, all under one secret."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret of 32 bytes or more; raises ``ValueError`` for a shorter one."""
        if len(secret) < 32:
            raise ValueError("The secret for shields must have 32 bytes or more.")
        self._token, self._blind, sealing = (
            hmac.digest(secret, f"joinedup {use}".encode(), sha256)
            for use in ("token", "blocking key", "seal")
        )
        self._cipher = AESGCM(sealing)

    def number(self, nhs_number: str) -> bytes:
        """Give the token of an NHS number."""
        return self._of("number", nhs_number)

    def record(self, ref: Ref) -> bytes:
        """Give the token of a record: its source and its own number there."""
        return self._of("record", *ref)

    def of(self, record: LinkRecord) -> tuple[bytes, ...]:
        """Give every token by which a record is recognised: itself, its numbers, its person.

        The person is given name, family name and birth date, where all three are known.
        """
        own = (self.record(Ref(record.source, record.id)),) if record.source or record.id else ()
        return (*own, *map(self.number, record.nhs_numbers), *self.person(record))

    def person(self, record: LinkRecord) -> tuple[bytes, ...]:
        """Give the token of the details, or nothing when too little is known."""
        if not (record.given and record.family and record.birth_date):
            return ()
        return (self._of("person", record.given, record.family, record.birth_date),)

    def blind(self, key: int) -> int:
        """Give a blocking key's keyed form, a signed number of 64 bits too."""
        made = hmac.digest(self._blind, key.to_bytes(8, "big", signed=True), sha256)
        return int.from_bytes(made[:8], "big", signed=True)

    def seal(self, record: LinkRecord) -> bytes:
        """Give a record's details, readable with this secret alone and bound to its name."""
        name = self.record(Ref(record.source, record.id))
        return self.seal_text(json.dumps(record), name)

    def open(self, sealed: bytes, name: bytes) -> LinkRecord:
        """Give the record that was sealed under this name (its token); raises ``WrongKey``."""
        values = json.loads(self.open_text(sealed, name))
        for place in _LISTS:
            values[place] = tuple(values[place])
        return LinkRecord._make(values)

    def seal_text(self, text: str, name: bytes) -> bytes:
        """Give a text readable with this secret alone, and bound to a name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), name)

    def open_text(self, sealed: bytes, name: bytes) -> str:
        """Give what was sealed under this name; raises ``WrongKey``."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name).decode()
        except InvalidTag:
            raise WrongKey(
                "What is sealed does not open. Start the hub with the shield key it was sealed "
                "with."
            ) from None

    def check(self) -> bytes:
        """Give what tells, without giving anything away, whether two secrets are the same."""
        return self._of("check", "")

    def _of(self, kind: str, *parts: str) -> bytes:
        text = json.dumps([kind, *parts]).encode()
        return hmac.digest(self._token, text, sha256)
