"""The source of truth this hub asks: one PDS client for each process."""

from dataclasses import replace
from functools import lru_cache

from joinedup.database import database_url
from joinedup.hub import environment
from joinedup.pds.budget import open_budget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig
from joinedup.pds.search import Answer, Search, Source, Unavailable

# Seconds. Someone is waiting: better an honest "no answer" soon than a page that hangs.
TIMEOUT = 5.0
DEADLINE = 15.0


class NotSetUp:
    """Stands where the PDS should be until its address is given: it never answers."""

    _ANSWER = Unavailable("this hub has no source of truth set up (JOINEDUP_PDS_URL)")

    def search(self, search: Search) -> Answer:
        """No answer."""
        return self._ANSWER

    def read(self, nhs_number: str) -> Answer:
        """No answer."""
        return self._ANSWER


@lru_cache(maxsize=1)
def current() -> Source:
    """The PDS named by ``JOINEDUP_PDS_*``, within ``JOINEDUP_PDS_TPS`` calls a second (5).

    The budget is shared through PostgreSQL with every other process that asks the same PDS.
    """
    address = environment.text("PDS_URL")
    if not address:
        return NotSetUp()
    given = PdsConfig.from_environment(address)
    config = replace(
        given,
        timeout=min(given.timeout, TIMEOUT),
        deadline=min(given.deadline, DEADLINE),
        queue_timeout=min(given.queue_timeout or DEADLINE, DEADLINE),
    )
    limit = environment.number("PDS_TPS", 5)
    return PdsClient(
        config, open_budget(limit, config.budget_key, database_url() if limit else None)
    )
