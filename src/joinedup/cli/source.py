"""The source of truth that a command asks: the one it is given, or an emulator of its own."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from joinedup.database import DatabaseUnavailable, database_url
from joinedup.pds.budget import BudgetUnavailable, open_budget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig, PdsConfigError
from joinedup.pds.search import Source

_NATIONAL_LIMIT = 5.0  # calls a second that the PDS allows an application by default


class SourceError(Exception):
    """The source cannot be opened; the text says what to do.

    ``at_fault`` tells wrong settings (True) from something that did not answer (False).
    """

    def __init__(self, message: str, *, at_fault: bool) -> None:
        super().__init__(message)
        self.at_fault = at_fault


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source ready to be asked. ``identity`` tells one from another; ``words`` name it."""

    source: Source
    identity: str
    words: str


@contextlib.contextmanager
def open_source(
    pds_url: str | None, tps: float | None, say: Callable[[str], None]
) -> Iterator[OpenSource]:
    """Open the PDS at ``pds_url``; without one, start the emulator with the demo's people.

    ``tps`` is the rate budget in calls a second, 0 for none; None takes the PDS's own limit, or no
    limit for an emulator that nobody shares. Raises ``SourceError``.
    """
    with contextlib.ExitStack() as stack:
        try:
            opened = _given(stack, pds_url, tps) if pds_url else _demo(stack, tps, say)
        except PdsConfigError as error:
            raise SourceError(str(error), at_fault=True) from None
        except (DatabaseUnavailable, BudgetUnavailable) as error:
            raise SourceError(str(error), at_fault=False) from None
        yield opened


def _given(stack: contextlib.ExitStack, url: str, tps: float | None) -> OpenSource:
    config = PdsConfig.from_environment(url)
    limit = _NATIONAL_LIMIT if tps is None else tps
    # The budget is kept in the database so that every process on it stays within one limit.
    client = _client(stack, config, limit, database_url() if limit else None)
    return OpenSource(client, config.base_url, f"the PDS at {urlsplit(config.base_url).netloc}")


def _demo(stack: contextlib.ExitStack, tps: float | None, say: Callable[[str], None]) -> OpenSource:
    # Only this way of running needs the emulator, and loading it takes a moment.
    from joinedup.pds.emulator.serve import running_emulator
    from joinedup.simulate import demo_people

    say(
        "No source of truth is given (--pds-url or JOINEDUP_PDS_URL): starting the PDS emulator "
        "with the demo's invented people. The numbers found are nobody's."
    )
    limit = tps or 0.0
    emulator = stack.enter_context(running_emulator(demo_people() / "pds.ndjson", tps=limit))
    # Credentials in the environment are for the real source, not for this one.
    client = _client(stack, PdsConfig(emulator.url), limit, None)
    return OpenSource(client, "the demo's emulator", "the emulator with the demo's people")


def _client(
    stack: contextlib.ExitStack, config: PdsConfig, tps: float, budget_database: str | None
) -> PdsClient:
    client = PdsClient(config, open_budget(tps, config.budget_key, budget_database))
    stack.callback(client.close)
    return client
