"""One HTTP exchange with the hub: bounded in time and size, never redirected, never logged."""

import logging
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from joinedup import __version__

_LARGEST_ANSWER = 8 * 1024 * 1024  # ten thousand refused pointers are less than a megabyte
_PIECE = 64 * 1024


class HubAway(Exception):
    """The hub gave no answer that could be used; ``retry_after`` is what it asked for, in seconds.

    It says nothing about any child. Trying again later is right.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(f"The hub did not answer: {reason}.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever it says."""

    status: int
    body: bytes
    media_type: str
    retry_after: float | None


class Http:
    """A pool of connections to one hub; thread-safe."""

    def __init__(self, base_url: str, timeout: float) -> None:
        self._base = base_url.rstrip("/")
        self._timeout = timeout
        # The library writes addresses down when it tries again: nobody's business but ours.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._pool = _pool(self._base)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Send one request; raises ``HubAway`` when nothing comes back that can be used."""
        end = time.monotonic() + self._timeout
        try:
            response = self._pool.request(
                method,
                self._base + path,
                headers={"User-Agent": f"joinedup/{__version__}", **headers},
                body=body,
                timeout=urllib3.Timeout(total=self._timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as error:
            raise HubAway(_in_words(error)) from None
        try:
            content = self._read(response, end)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(
            response.status, content, media_type, _seconds(response.headers.get("Retry-After"))
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _read(self, response: urllib3.BaseHTTPResponse, end: float) -> bytes:
        """Read in pieces: neither a trickle nor a flood may hold the node up."""
        pieces = bytearray()
        try:
            while piece := response.read1(_PIECE):
                pieces += piece
                if len(pieces) > _LARGEST_ANSWER:
                    raise HubAway("its answer was larger than any can be")
                if time.monotonic() > end:
                    raise HubAway(f"it took more than {self._timeout:.3g} seconds")
        except (HTTPError, OSError) as error:
            raise HubAway(_in_words(error)) from None
        return bytes(pieces)


def _pool(base_url: str) -> urllib3.PoolManager:
    # Certificates are verified, against the system's store or what SSL_CERT_FILE names instead.
    context = ssl.create_default_context()
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    proxy = getproxies().get(parts.scheme)
    local = host == "localhost" or host.startswith("127.")
    if proxy and not local and not proxy_bypass(host):
        return urllib3.ProxyManager(proxy, maxsize=4, ssl_context=context)
    return urllib3.PoolManager(maxsize=4, ssl_context=context)


def _in_words(error: Exception) -> str:
    """Why, without the address: it may be copied into a mail."""
    if isinstance(error, urllib3.exceptions.SSLError):
        return (
            "its certificate could not be verified. If your organisation inspects HTTPS traffic, "
            "name its root certificate's file in SSL_CERT_FILE"
        )
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "it took too long"
    if isinstance(error, urllib3.exceptions.ProxyError):
        return "the proxy did not let us through; check HTTPS_PROXY"
    return "it could not be reached, or the connection broke off"


def _seconds(text: str | None) -> float | None:
    """The seconds of a ``Retry-After`` header, in either form (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
