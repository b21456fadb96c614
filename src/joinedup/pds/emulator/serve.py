"""Running the emulator: as a command, or inside a test."""

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from joinedup.pds.emulator.clients import MadeClient, make_client, registered
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.faults import Fault, Faults
from joinedup.pds.emulator.gateway import Gateway
from joinedup.pds.emulator.stats import Stats
from joinedup.pds.emulator.throttle import Throttle
from joinedup.pds.emulator.tokens import Client, TokenDesk
from joinedup.pds.emulator.web import application

DEFAULT_TPS = 5.0  # what the NHS allows an application
_PATIENCE = 30.0  # seconds for the server to come up


class ListenError(OSError):
    """The address asked for cannot be listened on; the text says what to do."""


class Emulator:
    """One emulator over one file of people, listening on an address."""

    def __init__(
        self,
        people: Path,
        *,
        tps: float = DEFAULT_TPS,
        auth: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Iterable[Fault | str] = (),
        allow_faults: bool = False,
        clients: Mapping[str, Client] | None = None,
        client: MadeClient | None = None,
    ) -> None:
        """``port`` 0 takes a free one; ``client`` is one made here, registered as well."""
        known = dict(clients or {})
        if client is not None:
            known[client.api_key] = registered(client)
        self.client = client
        self.engine = Engine(people)
        self.desk = TokenDesk(known)
        self._stats = Stats()
        self._faults = Faults(_read_faults(faults))
        throttle = Throttle(tps)
        gateway = Gateway(self.engine, throttle, self._stats, self.desk if auth else None)
        try:
            self._socket = _listen(host, port)
        except ListenError:
            self.engine.close()
            raise
        name = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - only compared
        self.url = f"http://{name}:{self._socket.getsockname()[1]}"
        """The address before ``/personal-demographics`` and ``/oauth2``."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(
                    gateway, self.desk, throttle, self._stats, self._faults,
                    allow_faults=allow_faults,
                ),
                log_config=None,
                # uvicorn's own access log would print query strings, which hold people.
                access_log=False,
                # It reports every connection that a fault cuts as an error; those are meant.
                log_level="critical",
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which Joinedup finds this emulator."""
        if self.client is None:
            return {"JOINEDUP_PDS_URL": self.url}
        return self.client.environment(self.url)

    def stats(self) -> dict[str, Any]:
        """Counts of requests by outcome, status and kind, and of faults acted out."""
        return self._stats.snapshot()

    def reset_stats(self) -> None:
        self._stats.reset()

    def set_fault(self, *faults: Fault | str) -> None:
        """Put these faults in force instead of those there are; none ends them."""
        self._faults.replace(_read_faults(faults))

    def serve(self) -> None:
        """Serve until asked to stop (by signal in the main thread, or by ``stop``)."""
        with closing(self.engine):
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ask the server to end."""
        self._server.should_exit = True

    @property
    def started(self) -> bool:
        return bool(self._server.started)


@contextmanager
def running_emulator(
    people: Path,
    *,
    tps: float = DEFAULT_TPS,
    auth: bool = False,
    port: int = 0,
    faults: Iterable[Fault | str] = (),
    allow_faults: bool = True,
    clients: Mapping[str, Client] | None = None,
) -> Iterator[Emulator]:
    """Run the real server in a thread, for tests and demonstrations.

    With ``auth`` and no ``clients`` a client with a fresh key is made; its file lives as long as
    the emulator (see ``Emulator.client`` and ``Emulator.environment``).
    """
    with tempfile.TemporaryDirectory(prefix="joinedup-emulator-") as folder:
        client = None
        if auth and clients is None:
            client = make_client(Path(folder) / "private-key.pem", bits=2048)
        emulator = Emulator(
            people,
            tps=tps,
            auth=auth,
            port=port,
            faults=faults,
            allow_faults=allow_faults,
            clients=clients,
            client=client,
        )
        thread = threading.Thread(target=emulator.serve, name="pds-emulator", daemon=True)
        thread.start()
        try:
            _wait_for(lambda: emulator.started or not thread.is_alive())
            yield emulator
        finally:
            emulator.stop()
            thread.join(_PATIENCE)


def _wait_for(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("the PDS emulator did not start")
        time.sleep(0.005)


def _read_faults(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    return tuple(Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ListenError(
            f"port {port} on {host} cannot be used: {getattr(error, 'strerror', None) or error}. "
            "Choose another with --port, or 0 for any free one."
        ) from error
    listener.listen(1024)
    return listener
