"""What the hub reads from its environment, and the secrets it makes for itself when none is given.

Every name starts with ``JOINEDUP_``; ``docs/api.md`` lists them.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from joinedup.database import state_dir

DEFAULT_PORT = 8000


class SettingError(Exception):
    """A setting is missing or unusable; the text says which, and how to put it right."""


def text(name: str, default: str = "") -> str:
    """``JOINEDUP_<name>``, stripped; the default when it is unset or empty."""
    return os.environ.get(f"JOINEDUP_{name}", "").strip() or default


def flag(name: str) -> bool:
    """Whether ``JOINEDUP_<name>`` says yes."""
    return text(name).lower() in {"1", "true", "yes", "on"}


def number(name: str, default: float) -> float:
    """``JOINEDUP_<name>`` as a number of zero or more."""
    raw = text(name, str(default))
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if value < 0:
        raise SettingError(f"JOINEDUP_{name} must be a number of zero or more.")
    return value


def state_folder() -> Path:
    """Where the hub keeps the secrets it makes; only its own user may look inside."""
    folder = state_dir() / "hub"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def made_once(path: Path, content: bytes) -> bytes:
    """The content of ``path``, which is first written with ``content`` if it is not there.

    Written whole and readable by its owner alone, so that two processes starting together
    agree on one secret.
    """
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
        try:
            os.write(handle, content)
            os.close(handle)
            os.link(name, path)  # fails if another process was first: then theirs counts
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
    return path.read_bytes()


def secret(name: str) -> str:
    """``JOINEDUP_<name>``, or what is in the file that ``JOINEDUP_<name>_FILE`` names.

    Empty when neither is set. Raises ``SettingError`` for a file that cannot be read, or when both
    are set: which of the two counts must not be a guess.
    """
    given, file = text(name), text(f"{name}_FILE")
    if given and file:
        raise SettingError(f"Set JOINEDUP_{name} or JOINEDUP_{name}_FILE, not both.")
    if not file:
        return given
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingError(f"The file that JOINEDUP_{name}_FILE names cannot be read.") from error


def secret_or_made(name: str, kept_as: str, make: Callable[[], str]) -> str:
    """``secret(name)``, or one that is made once and kept in the state folder under that name."""
    return (
        secret(name) or made_once(state_folder() / kept_as, make().encode()).decode("utf-8").strip()
    )


def key(name: str, kept_as: str, length: int) -> bytes:
    """A key of so many bytes, in hexadecimal digits; raises ``SettingError`` for anything else."""
    return _bytes(name, secret_or_made(name, kept_as, lambda: secrets.token_hex(length)), length)


def given_key(name: str, length: int) -> bytes | None:
    """As ``key``, but None when none is given: none is made."""
    given = secret(name)
    return _bytes(name, given, length) if given else None


def _bytes(name: str, digits: str, length: int) -> bytes:
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    if len(found) != length:
        raise SettingError(f"JOINEDUP_{name} needs {2 * length} hexadecimal digits.")
    return found


def secret_key() -> str:
    """``JOINEDUP_SECRET_KEY`` or ``…_FILE``, or one made once and kept in the state folder."""
    return secret_or_made("SECRET_KEY", "secret-key", lambda: secrets.token_urlsafe(64))


def hub_url() -> str:
    """The address callers use, without a slash at the end; tokens are bound to it."""
    url = text("HUB_URL", f"http://localhost:{DEFAULT_PORT}").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise SettingError(
            "JOINEDUP_HUB_URL must be an address such as https://hub.example.org, with no path."
        )
    return url


def allowed_hosts() -> list[str]:
    """Host names the hub answers to: its own, those listed, and this machine when it is local."""
    own = urlsplit(hub_url()).hostname or ""
    local = ["localhost", "127.0.0.1", "[::1]"]
    listed = [host.strip() for host in text("ALLOWED_HOSTS").split(",") if host.strip()]
    return sorted({own, *listed, *(local if own in local else [])})


@dataclass(frozen=True, slots=True)
class SignIn:
    """The OpenID Connect provider, and the claims that say who someone is."""

    issuer: str
    client_id: str
    client_secret: str
    private_key_file: str
    scope: str
    name_claim: str
    organisation_claim: str
    role_claim: str
    memberships_claim: str
    step_up_acr: tuple[str, ...]

    @property
    def is_set_up(self) -> bool:
        """Whether there is a provider to send people to."""
        return bool(self.issuer and self.client_id)

    @property
    def origins(self) -> list[str]:
        """The provider's own origin, for the Content-Security-Policy."""
        parts = urlsplit(self.issuer)
        return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


def sign_in() -> SignIn:
    """The sign-in settings; without an issuer nobody can sign in."""
    return SignIn(
        issuer=text("OIDC_ISSUER").rstrip("/"),
        client_id=text("OIDC_CLIENT_ID"),
        client_secret=secret("OIDC_CLIENT_SECRET"),
        private_key_file=text("OIDC_PRIVATE_KEY_FILE"),
        scope=text("OIDC_SCOPE", "openid profile"),
        name_claim=text("OIDC_NAME_CLAIM", "name"),
        organisation_claim=text("OIDC_ORGANISATION_CLAIM", "organisation"),
        role_claim=text("OIDC_ROLE_CLAIM", "role"),
        memberships_claim=text("OIDC_MEMBERSHIPS_CLAIM"),
        step_up_acr=tuple(text("OIDC_STEP_UP_ACR").split()),
    )
