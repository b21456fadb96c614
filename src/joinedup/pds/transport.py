"""One HTTP exchange with the PDS: bounded in time and size, never redirected, never logged.

Addresses carry names, dates of birth and NHS numbers, so nothing here, nor in the HTTP library
beneath, may write one down: see :func:`keep_addresses_out_of_logs`.
"""

import logging
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from joinedup import __version__

_LARGEST_ANSWER = 5 * 1024 * 1024  # a Patient is a few kilobytes
_PIECE = 64 * 1024
_LOGGERS = ("connectionpool", "connection", "poolmanager", "response", "util.retry")
_OUR_PATHS = ("/personal-demographics/", "/oauth2/")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever it says."""

    status: int
    body: bytes
    retry_after: float | None = None  # seconds


class NoReply(Exception):
    """Nothing usable came back. ``reason`` completes "the PDS did not answer: ..."."""

    def __init__(self, reason: str, for_certain: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_certain = for_certain  # asking again will not help


class Transport:
    """A pool of connections to one base address; thread-safe."""

    def __init__(self, base_url: str, connections: int) -> None:
        keep_addresses_out_of_logs()
        self._pool = _pool(base_url, connections)

    def get(self, url: str, headers: Mapping[str, str], timeout: float) -> Reply:
        """Send a GET; raises :class:`NoReply` after at most ``timeout`` seconds."""
        return self._send("GET", url, {"Accept": "application/fhir+json", **headers}, None, timeout)

    def post_form(self, url: str, form: str, timeout: float) -> Reply:
        """Send an encoded form; raises :class:`NoReply`."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._send("POST", url, headers, form, timeout)

    def close(self) -> None:
        self._pool.clear()

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None, timeout: float
    ) -> Reply:
        end = time.monotonic() + timeout
        try:
            response = self._pool.request(
                method,
                url,
                headers={
                    "User-Agent": f"joinedup/{__version__}",
                    "Accept-Encoding": "gzip",
                    **headers,
                },
                body=body,
                timeout=urllib3.Timeout(connect=timeout, read=timeout, total=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as error:
            raise _no_reply(error, timeout) from None  # its text has the address
        try:
            content = self._read(response, end, timeout)
        except BaseException:
            response.close()  # there is more to come on this connection: it cannot be used again
            raise
        response.release_conn()
        return Reply(response.status, content, _retry_after(response.headers.get("Retry-After")))

    @staticmethod
    def _read(response: urllib3.BaseHTTPResponse, end: float, timeout: float) -> bytes:
        """Read the body in pieces: a trickle must not hold us beyond the time allowed."""
        pieces = bytearray()
        try:
            while piece := response.read1(_PIECE):
                pieces += piece
                if len(pieces) > _LARGEST_ANSWER:
                    raise NoReply("its answer was larger than any record can be")
                if time.monotonic() > end:
                    raise NoReply(_too_slow(timeout))
        except (HTTPError, OSError) as error:
            raise _no_reply(error, timeout) from None
        return bytes(pieces)


class _NoAddresses(logging.Filter):
    """Drops records that hold an address of the PDS."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except Exception:
            return False
        return not any(path in text for path in _OUR_PATHS)


_no_addresses = _NoAddresses()


def keep_addresses_out_of_logs() -> None:
    """Stop urllib3 from logging addresses of the PDS, whatever level anybody sets."""
    for name in _LOGGERS:
        logging.getLogger(f"urllib3.{name}").addFilter(_no_addresses)


def _pool(base_url: str, connections: int) -> urllib3.PoolManager:
    # Certificates are verified, against the system's store or what SSL_CERT_FILE names instead.
    context = ssl.create_default_context()
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(host) and not (host == "localhost" or host.startswith("127.")):
        return urllib3.ProxyManager(
            proxy, num_pools=2, maxsize=connections, block=False, ssl_context=context
        )
    return urllib3.PoolManager(num_pools=2, maxsize=connections, block=False, ssl_context=context)


def _no_reply(error: Exception, timeout: float) -> NoReply:
    if _has_cause(error, ssl.SSLCertVerificationError):
        return NoReply(
            "its certificate could not be verified. If your organisation inspects HTTPS traffic, "
            "ask for its root certificate and name the file in SSL_CERT_FILE",
            for_certain=True,
        )
    if isinstance(error, ProxyError):
        return NoReply("the proxy did not let us through; check HTTPS_PROXY")
    if isinstance(error, NameResolutionError):
        return NoReply("its name is not known here; check the network and JOINEDUP_PDS_URL")
    if isinstance(error, NewConnectionError):
        return NoReply("it could not be reached; check the network and JOINEDUP_PDS_URL")
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError, TimeoutError)):
        return NoReply(_too_slow(timeout))
    if isinstance(error, DecodeError):
        return NoReply("its answer was damaged")
    return NoReply("the connection broke off")


def _too_slow(timeout: float) -> str:
    return f"it took more than {timeout:.3g} seconds"


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return False
        if isinstance(seen, kind):
            return True
        reason = getattr(seen, "reason", None)
        seen = reason if isinstance(reason, BaseException) else seen.__cause__ or seen.__context__
    return False


def _retry_after(text: str | None) -> float | None:
    """The seconds of a ``Retry-After`` header, in either form (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
