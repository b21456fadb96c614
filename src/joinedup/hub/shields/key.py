"""The secret that shields are kept with.

Without the right one no child would be recognised as shielded: then nothing may be answered, so a
wrong key is an error like a database that does not answer, and never "not shielded".
"""

import hmac
import secrets
from functools import lru_cache

from django.db import OperationalError

from joinedup.hub import environment
from joinedup.hub.shields.models import ShieldKey
from joinedup.identities.tokens import Tokens


class WrongShieldKey(OperationalError):
    """The hub was started with another shield key than its shields were made with."""


@lru_cache(maxsize=1)
def tokens() -> Tokens:
    """Give what makes tokens, under ``JOINEDUP_SHIELD_KEY`` or ``…_FILE``, or a key made once.

    All processes of a hub need the same file. Raises ``WrongShieldKey``, and what Django raises
    when the database does not answer.
    """
    secret = environment.secret_or_made("SHIELD_KEY", "shield-key", lambda: secrets.token_hex(32))
    ours = Tokens(secret.encode())
    kept, _ = ShieldKey.objects.get_or_create(pk=1, defaults={"check_value": ours.check()})
    if not hmac.compare_digest(bytes(kept.check_value), ours.check()):
        raise WrongShieldKey(
            "The shields in this database were made with another shield key. Give that key in "
            "JOINEDUP_SHIELD_KEY_FILE."
        )
    return ours
