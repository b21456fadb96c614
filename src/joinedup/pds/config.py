"""Where the PDS is, who we are to it, and how patient we are with it."""

import hashlib
import ipaddress
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

# What people copy along with the address, because that is what documentation shows.
_PATHS = ("/personal-demographics", "/oauth2")


class PdsConfigError(ValueError):
    """The settings for the PDS do not fit together; the text says how to put it right."""


@dataclass(frozen=True, slots=True)
class PdsConfig:
    """Settings of the PDS client. Raises :class:`PdsConfigError` when they cannot work.

    ``base_url`` is the address before ``/personal-demographics`` and ``/oauth2``. Without
    ``api_key`` no token is asked for, as with an emulator started without authentication.
    ``private_key_file`` is a PEM file with the RSA key whose public half NHS England holds under
    ``key_id``. ``ods_code`` names the organisation on whose behalf we ask. Durations are seconds.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    key_id: str | None = None
    private_key_file: Path | None = None
    ods_code: str | None = None
    allow_http: bool = False  # plain HTTP to another machine: never with real people
    timeout: float = 15.0  # for one attempt
    attempts: int = 8  # for one question, the first included
    deadline: float = 60.0  # for one question, waiting for the rate budget left out
    backoff: float = 0.5  # the first pause before asking again; doubles each time
    backoff_limit: float = 15.0
    queue_timeout: float | None = None  # longest wait for the rate budget; None: no limit
    failures_before_rest: int = 8  # questions in a row without an answer
    rest: float = 30.0  # then fail at once for so long; doubles up to ten times this
    connections: int = 32

    def __post_init__(self) -> None:
        _set = object.__setattr__
        _set(self, "base_url", _read_base_url(self.base_url, self.allow_http))
        if self.private_key_file is not None:
            _set(self, "private_key_file", Path(self.private_key_file).expanduser())
        given = {
            "the API key (JOINEDUP_PDS_API_KEY)": self.api_key,
            "the key id (JOINEDUP_PDS_KEY_ID)": self.key_id,
            "the private key file (JOINEDUP_PDS_PRIVATE_KEY_FILE)": self.private_key_file,
        }
        missing = [name for name, value in given.items() if not value]
        if missing and len(missing) < len(given):
            raise PdsConfigError(
                f"Access to the PDS is half set up: {' and '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing. Set all three, "
                "or none to ask without credentials."
            )
        if self.private_key_file is not None and not self.private_key_file.is_file():
            raise PdsConfigError(
                f"The private key file {self.private_key_file} does not exist. Set "
                "JOINEDUP_PDS_PRIVATE_KEY_FILE to the PEM file of the key registered with the PDS."
            )
        if self.ods_code is not None and not (
            self.ods_code.isascii() and self.ods_code.isalnum() and len(self.ods_code) <= 12
        ):
            raise PdsConfigError(
                "The organisation code (JOINEDUP_PDS_ODS_CODE) is letters and digits only, "
                "such as X26 or RR8."
            )
        for name in ("timeout", "deadline", "backoff", "backoff_limit", "rest"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise PdsConfigError(f"{name} must be a number of seconds above 0.")
        for name in ("attempts", "failures_before_rest", "connections"):
            if getattr(self, name) < 1:
                raise PdsConfigError(f"{name} must be at least 1.")

    @classmethod
    def from_environment(cls, pds_url: str | None = None) -> Self:
        """Read ``JOINEDUP_PDS_*``; ``pds_url`` goes before ``JOINEDUP_PDS_URL``."""
        url = (pds_url or "").strip() or _variable("URL")
        if url is None:
            raise PdsConfigError(
                "No address of the PDS is given. Use --pds-url or set JOINEDUP_PDS_URL, "
                "such as https://int.api.service.nhs.uk."
            )
        key_file = _variable("PRIVATE_KEY_FILE")
        return cls(
            base_url=url,
            api_key=_variable("API_KEY"),
            key_id=_variable("KEY_ID"),
            private_key_file=Path(key_file) if key_file else None,
            ods_code=_variable("ODS_CODE"),
            allow_http=_variable("ALLOW_HTTP") in ("1", "true", "yes"),
            **_patience(),
        )

    @property
    def fhir_url(self) -> str:
        """The FHIR base."""
        return f"{self.base_url}/personal-demographics/FHIR/R4"

    @property
    def token_url(self) -> str:
        """The token endpoint; also the audience of what we sign."""
        return f"{self.base_url}/oauth2/token"

    @property
    def budget_key(self) -> str:
        """Names the rate budget: the PDS counts calls by application."""
        return hashlib.sha256(f"{self.base_url}\n{self.api_key or ''}".encode()).hexdigest()


def _variable(name: str) -> str | None:
    return os.environ.get(f"JOINEDUP_PDS_{name}", "").strip() or None


def _patience() -> dict[str, Any]:
    """The settings of patience that the environment gives."""
    read: dict[str, Callable[[str], float]] = {
        "timeout": float,
        "attempts": int,
        "deadline": float,
        "queue_timeout": float,
        "failures_before_rest": int,
        "rest": float,
    }
    out: dict[str, Any] = {}
    for name, number in read.items():
        text = _variable(name.upper())
        if text is None:
            continue
        try:
            out[name] = number(text)
        except ValueError as error:
            raise PdsConfigError(f"JOINEDUP_PDS_{name.upper()} must be a number.") from error
    return out


def _read_base_url(given: str, allow_http: bool) -> str:
    example = "Write it as https://api.service.nhs.uk."
    parts = urlsplit(given.strip())
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PdsConfigError(f"The address of the PDS has no valid port. {example}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise PdsConfigError(
            f"The address of the PDS must begin with https:// and name a host. {example}"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise PdsConfigError(
            f"The address of the PDS must have no user name, '?' or '#' in it. {example}"
        )
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        raise PdsConfigError(
            "The address of the PDS is plain HTTP on another machine: anybody on the way could "
            "read the children's details. Use https://, or set JOINEDUP_PDS_ALLOW_HTTP=1 for an "
            "emulator with invented people."
        )
    path = parts.path
    for known in _PATHS:
        path = path.partition(known)[0]
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
