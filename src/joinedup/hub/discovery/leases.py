"""The token that a claim gives: it names the claim by its number, and nobody can make it up.

A fencing token: of two who hold a token for the same item, the hub knows which claim came later.
Nothing is stored but the number of claims.
"""

import hmac
from hashlib import sha256
from uuid import UUID

from django.conf import settings

_LENGTH = 32


def token(item: UUID, claim: int) -> str:
    """The token of an item's so-manieth claim."""
    return f"{claim}.{_proof(item, claim)}"


def claim_of(item: UUID, given: str) -> int | None:
    """Which claim of the item the token is of, or None for one that we never gave for it."""
    number, _, proof = given.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 9 and proof.isascii()):
        return None
    claim = int(number)
    return claim if hmac.compare_digest(proof, _proof(item, claim)) else None


def _proof(item: UUID, claim: int) -> str:
    text = f"joinedup lease {item} {claim}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, sha256).hexdigest()[:_LENGTH]
