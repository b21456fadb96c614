"""Access tokens of application-restricted access (NHS England: signed JWT authentication).

We sign a short-lived statement of who we are (RS512) and get a bearer token for ten minutes. A
token is asked for once and used by all threads, and, when the rate budget is shared through
PostgreSQL, by all processes and hosts.
"""

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import RSAKey

from joinedup.pds.budget import BudgetUnavailable, RateBudget
from joinedup.pds.config import PdsConfig, PdsConfigError
from joinedup.pds.store import connect, make_tables
from joinedup.pds.transport import NoReply, Reply, Transport

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SHORTEST_KEY = 2048  # NHS England asks for 4096; shorter than this nobody should trust

# At most 300 is allowed. Half of that leaves room for a clock that is wrong either way.
_ASSERTION_LIFE = 150
_RENEW_BEFORE = 30.0  # seconds before a token ends
_LONGEST_WORDS = 200


class TokenRefused(Exception):
    """The PDS will not give us a token until somebody puts something right; the text says what."""


class TokenUnavailable(Exception):
    """No token this time. ``reason`` completes "the PDS did not answer: ..."."""

    def __init__(self, reason: str, wait: float | None = None, throttled: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.throttled = throttled


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and, on this process's monotonic clock, when to replace it."""

    text: str
    lifetime: float
    replace_at: float

    @classmethod
    def starting(cls, text: str, lifetime: float, now: float) -> "Token":
        return cls(text, lifetime, now + lifetime - min(_RENEW_BEFORE, lifetime / 2))

    def __repr__(self) -> str:
        return "Token(...)"


class SigningKey:
    """The private key of our application: signs assertions and seals shared tokens."""

    def __init__(self, file: Path, key_id: str) -> None:
        self._key_id = key_id
        private = _read_key(file)
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._key = RSAKey.import_key(pem)
        self._seal = AESGCM(
            HKDF(hashes.SHA256(), 32, salt=None, info=b"joinedup pds token").derive(pem)
        )

    def assertion(self, api_key: str, audience: str) -> str:
        """Sign a statement that we are ``api_key``, for ``audience`` alone and once."""
        claims = {
            "iss": api_key,
            "sub": api_key,
            "aud": audience,
            "jti": str(uuid.uuid4()),
            "exp": int(time.time()) + _ASSERTION_LIFE,
        }
        header = {"alg": "RS512", "typ": "JWT", "kid": self._key_id}
        return jwt.encode(header, claims, self._key, algorithms=["RS512"])

    def seal(self, text: str, name: str) -> bytes:
        """Encrypt so that only holders of this key can read, bound to ``name``."""
        nonce = os.urandom(12)
        return nonce + self._seal.encrypt(nonce, text.encode(), name.encode())

    def unseal(self, sealed: bytes, name: str) -> str | None:
        """Decrypt; None when sealed with another key or damaged."""
        try:
            return self._seal.decrypt(sealed[:12], sealed[12:], name.encode()).decode()
        except (InvalidTag, ValueError):
            return None


class TokenShelf:
    """Where processes leave their token for each other: a row in PostgreSQL, sealed."""

    def __init__(self, database_url: str, name: str, key: SigningKey) -> None:
        self._database_url = database_url
        self._name = name
        self._key = key

    @contextmanager
    def turn(self) -> Iterator["ShelfTurn"]:
        """Have the shelf to oneself; others wait, and then find what was left."""
        try:
            with connect(self._database_url) as link:
                make_tables(link)
                with link.transaction():
                    link.execute("SET LOCAL statement_timeout = '90s'")
                    link.execute(
                        "INSERT INTO joinedup_pds.token (name) VALUES (%s) ON CONFLICT DO NOTHING",
                        (self._name,),
                    )
                    row = link.execute(
                        "SELECT sealed, extract(epoch FROM expires - clock_timestamp())::float8 "
                        "FROM joinedup_pds.token WHERE name = %s FOR UPDATE",
                        (self._name,),
                    ).fetchone()
                    yield ShelfTurn(link, self._name, self._key, self._held(row))
        except psycopg.Error as error:
            raise BudgetUnavailable(
                "The database through which processes share their access to the PDS did not "
                f"answer ({type(error).__name__}). Check DATABASE_URL and that the database is up."
            ) from error

    def _held(self, row: tuple[object, ...] | None) -> Token | None:
        if row is None or not isinstance(row[0], bytes) or not isinstance(row[1], float):
            return None
        text = self._key.unseal(row[0], self._name)
        return None if text is None else Token.starting(text, row[1], time.monotonic())


@dataclass
class ShelfTurn:
    """What is on the shelf, and the right to replace it."""

    link: psycopg.Connection[tuple[object, ...]]
    name: str
    key: SigningKey
    held: Token | None

    def put(self, token: Token) -> None:
        self.link.execute(
            "UPDATE joinedup_pds.token SET sealed = %s, "
            "expires = clock_timestamp() + make_interval(secs => %s) WHERE name = %s",
            (self.key.seal(token.text, self.name), token.lifetime, self.name),
        )


class Tokens:
    """The token to use now; thread-safe."""

    def __init__(
        self,
        config: PdsConfig,
        transport: Transport,
        budget: RateBudget,
        shared_database: str | None,
    ) -> None:
        """``shared_database``: where to share the token, or None for this process alone."""
        if not (config.api_key and config.key_id and config.private_key_file):
            raise PdsConfigError("A token needs an API key, a key id and a private key file.")
        self._config = config
        self._api_key = config.api_key
        self._transport = transport
        self._budget = budget
        self._key = SigningKey(config.private_key_file, config.key_id)
        name = hashlib.sha256(f"{config.budget_key}\n{config.key_id}".encode()).hexdigest()
        self._shelf = TokenShelf(shared_database, name, self._key) if shared_database else None
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self, refused: str | None = None) -> str:
        """Give a valid token, asking for one when needed.

        ``refused`` is a token that the PDS turned away and that must not be given again. Raises
        :class:`TokenRefused`, :class:`TokenUnavailable`, or what the rate budget raises.
        """
        with self._lock:
            if self._usable(self._token, refused):
                return self._token.text  # type: ignore[union-attr]
            if self._shelf is None:
                self._token = self._request()
            else:
                with self._shelf.turn() as shelf:
                    if self._usable(shelf.held, refused):
                        self._token = shelf.held
                    else:
                        self._token = self._request()
                        shelf.put(self._token)
            assert self._token is not None
            return self._token.text

    @staticmethod
    def _usable(token: Token | None, refused: str | None) -> bool:
        return token is not None and token.text != refused and time.monotonic() < token.replace_at

    def _request(self) -> Token:
        self._budget.acquire(self._config.queue_timeout)  # the PDS counts this call too
        now = time.monotonic()
        form = urlencode(
            {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._key.assertion(self._api_key, self._config.token_url),
            }
        )
        try:
            reply = self._transport.post_form(self._config.token_url, form, self._config.timeout)
        except NoReply as error:
            if error.for_certain:
                raise TokenRefused(f"The PDS did not answer: {error.reason}.") from None
            raise TokenUnavailable(error.reason) from None
        return self._read(reply, now)

    def _read(self, reply: Reply, now: float) -> Token:
        if reply.status == 429:
            raise TokenUnavailable(
                "it is asked too often (HTTP 429)", reply.retry_after, throttled=True
            )
        content = _read_json(reply.body)
        text = content.get("access_token")
        if reply.status == 200 and isinstance(text, str) and _is_bearer_token(text):
            lifetime = _read_seconds(content.get("expires_in"))
            if lifetime is not None:
                return Token.starting(text, lifetime, now)
        if reply.status in (400, 401, 403) and isinstance(content.get("error"), str):
            raise TokenRefused(self._advice(reply.status, content))
        raise TokenUnavailable(
            f"its token endpoint gave no token (HTTP {reply.status})", reply.retry_after
        )

    def _advice(self, status: int, content: dict[str, object]) -> str:
        said = content.get("error_description")
        words = said if isinstance(said, str) else str(content["error"])
        words = "".join(letter for letter in words if letter.isprintable())[:_LONGEST_WORDS]
        words = words.replace(self._api_key, "...")
        if "'exp'" in words:
            advice = "Check this computer's clock"
        elif "kid" in words:
            advice = "Check JOINEDUP_PDS_KEY_ID against the key registered for this application"
        elif "signature" in words or "public_key" in str(content["error"]):
            advice = "Check that JOINEDUP_PDS_PRIVATE_KEY_FILE is the key registered under this id"
        else:
            advice = "Check JOINEDUP_PDS_API_KEY, and that it belongs to this address of the PDS"
        return f"The PDS refuses our credentials (HTTP {status}: {words}). {advice}."


def _read_key(file: Path) -> rsa.RSAPrivateKey:
    advice = "It must hold the PEM private key (RSA, 4096 bits, no passphrase) registered for it."
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise PdsConfigError(
            f"The private key file {file} cannot be read ({error.strerror}). {advice}"
        ) from error
    except (ValueError, TypeError) as error:  # a passphrase is a TypeError
        raise PdsConfigError(
            f"The file {file} holds no private key we can use. {advice}"
        ) from error
    except Exception as error:  # an algorithm that the library does not know
        raise PdsConfigError(
            f"The file {file} holds no private key we can use. {advice}"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _SHORTEST_KEY:
        raise PdsConfigError(
            f"The key in {file} is not an RSA key of at least {_SHORTEST_KEY} bits. {advice}"
        )
    return key


def _read_json(body: bytes) -> dict[str, object]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _read_seconds(value: object) -> float | None:
    """``expires_in`` comes as text from the real service."""
    try:
        seconds = float(value) if isinstance(value, (str, int, float)) else 0.0
    except ValueError:
        return None
    return seconds if 0 < seconds < 86_400 else None


def _is_bearer_token(text: str) -> bool:
    """Fit for a header, so that an odd answer cannot smuggle one in."""
    return text.isascii() and text.isprintable() and " " not in text and 0 < len(text) < 8192
