"""Bringing the hub up: its tables, its static files, its keys, then the server."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.db import OperationalError

from joinedup.database import DatabaseUnavailable, database_url
from joinedup.hub.environment import DEFAULT_PORT, SettingError, text
from joinedup.pds.config import PdsConfig, PdsConfigError

HOST = "127.0.0.1"
PATIENCE = 60.0
THREADS = 16  # for each worker; as many as its database connections


class NotServing(Exception):
    """The hub cannot be served; the text says why, and what to do."""


def set_up() -> None:
    """Make Django ready in this process; calling it again does nothing."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joinedup.hub.settings")
    django.setup()


def prepare() -> None:
    """Bring the tables up to date, collect the static files, and make the token key.

    Two hubs that start together take turns at the tables.
    """
    set_up()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from joinedup.hub.api.tokens import signing_key
    from joinedup.hub.rights import applying
    from joinedup.hub.sealing.keys import ring

    if not (Path(settings.STATICFILES_DIRS[0]) / "vendor/govuk-frontend").is_dir():
        raise NotServing(
            "The GOV.UK page files are missing. Run `make install`, or "
            "`python tools/fetch_assets.py`, then start the hub again."
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('joinedup.hub.migrate'))")
        try:
            call_command("migrate", verbosity=0, interactive=False)
            applying.apply()
            ring().ready()
        except applying.RightsOutOfDate as fault:
            raise NotServing(str(fault)) from fault
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('joinedup.hub.migrate'))")
    call_command("collectstatic", verbosity=0, interactive=False)
    signing_key()
    connection.close()


def serve(port: int = DEFAULT_PORT, workers: int = 1, host: str = HOST) -> None:
    """Serve until interrupted. Raises ``NotServing`` when that cannot begin, and
    ``DatabaseUnavailable`` without a database.
    """
    check_port(host, port)
    os.environ.setdefault("JOINEDUP_HUB_URL", f"http://localhost:{port}")
    try:
        if text("PDS_URL"):
            PdsConfig.from_environment()
        prepare()
        _check_what_was_restored()
    except (SettingError, PdsConfigError) as error:
        raise NotServing(str(error)) from error
    except OperationalError as error:
        raise DatabaseUnavailable(
            "The database did not answer. Check that it is running, and that DATABASE_URL is right."
        ) from error

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "joinedup.hub.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        log_level=LogLevels.error,  # it warns of threads beyond the cores; ours wait for the PDS
        log_access=False,  # addresses and times are in the hub's own log, without query strings
        respawn_failed_workers=True,
    ).serve()


def _check_what_was_restored() -> None:
    """After a restored backup: purges and shields hold again, or the hub does not serve."""
    from django.db import connection

    from joinedup.hub.retention import kept, restoring

    try:
        restoring.before_serving()
    except (restoring.RolledBack, kept.KeptDamaged) as fault:
        raise NotServing(str(fault)) from fault
    finally:
        connection.close()


def check_port(host: str, port: int) -> None:
    """Say plainly that a port is taken, before anything else is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotServing(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                "Choose another with --port."
            ) from error


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub in a process of its own."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def running_hub(
    port: int = 0,
    *,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[RunningHub]:
    """Run the hub as a process of its own, ready to answer, and end it afterwards.

    ``environment`` adds to this process's own; ``log`` gets what the hub writes (default: this
    process's stderr). Raises ``NotServing`` when it does not come up.
    """
    port = port or free_port()
    url = f"http://localhost:{port}"
    variables = {
        **os.environ,
        "JOINEDUP_HUB_URL": url,
        "DATABASE_URL": database_url(),
        **(environment or {}),
    }
    code = f"from joinedup.hub.serve import serve; serve({port}, {workers})"
    with open(log, "ab") if log else open(os.dup(2), "wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
            [sys.executable, "-c", code], env=variables, stdout=output, stderr=output,
            # Ctrl-C in a terminal goes to a whole session: who started the hub ends it, in order.
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_up(process, port)
        yield RunningHub(url, process)
    finally:
        stop(process)


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotServing(f"The hub ended while starting, with status {process.returncode}.")
        if answers(port, "/healthz"):
            return
        time.sleep(0.05)
    raise NotServing(f"The hub did not answer within {PATIENCE:.0f} seconds.")


def answers(port: int, path: str, host: str = "localhost") -> bool:
    """Whether something on this machine answers 200 there."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process that we started in a session of its own, with its children.

    It is asked first; whatever of its session is left after that is made to.
    """
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
