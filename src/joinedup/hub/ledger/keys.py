"""The ledger's own secrets: what seals personal parts, and what signs checkpoints.

Each comes from a file that a setting names, or is made once in the state folder. Whoever has them
can open what is sealed, or sign another log: in production they belong into a vault, and the
signing key with the worker alone.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from joinedup.hub import environment
from joinedup.ledger.checkpoint import Signer
from joinedup.ledger.seal import KEY, Keys


@lru_cache(maxsize=1)
def keys() -> Keys:
    """What seals: ``JOINEDUP_LEDGER_SECRET`` or ``…_FILE`` (64 hexadecimal digits), or made once.

    Raises ``SettingError``.
    """
    raw = environment.key("LEDGER_SECRET", "ledger-secret", KEY)
    return Keys(raw)


@lru_cache(maxsize=1)
def signer() -> Signer:
    """Who signs checkpoints: ``JOINEDUP_LEDGER_SIGNING_KEY`` or ``…_FILE``, or made once.

    The key is an Ed25519 private key of 64 hexadecimal digits. Raises ``SettingError``.
    """
    raw = environment.key("LEDGER_SIGNING_KEY", "ledger-signing-key", KEY)
    return Signer(origin(), Ed25519PrivateKey.from_private_bytes(raw))


def origin() -> str:
    """The log's name: the address that the hub had first, without its scheme, as C2SP recommends.

    Checkpoints are signed under it, so it is kept in the state folder and outlives the address.
    ``JOINEDUP_LEDGER_NAME`` gives it to a hub that begins with an older log and a new folder.
    """
    first = f"{urlsplit(environment.hub_url()).netloc}/ledger"
    return environment.secret_or_made("LEDGER_NAME", "ledger-name", lambda: first)
