"""The identities that this hub reviews: their records, their evidence, and decisions on them."""

import atexit
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from psycopg_pool import ConnectionPool

from joinedup.hub import environment
from joinedup.hub.shields.guard import HubGuard
from joinedup.hub.shields.key import tokens
from joinedup.identities.index import Link, PostgresIndex
from joinedup.identities.linking_index import LinkingIndex
from joinedup.identities.store import Identities
from joinedup.linkage.constraints import Ref
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord


class Links:
    """One model, one pool of connections, and what is built over them.

    ``index`` is what may be searched and shown: of a shielded child it holds no location, or
    nothing. ``shields`` is what linking itself reads, and whoever may see through a shield.
    """

    def __init__(self, pool: ConnectionPool[Link], model: Model) -> None:
        self.pool = pool
        self.index = PostgresIndex(model)
        self.scorer = self.index.scorer
        self.shields = LinkingIndex(model, tokens(), HubGuard())
        self.identities = Identities(pool, model, shields=self.shields)
        self.identities.create()

    def records(self, refs: Sequence[Ref]) -> list[LinkRecord | None]:
        """Give the details that are held of these records, ``None`` for one that is gone."""
        with self.pool.connection() as conn:
            return [self.index.get(conn, *ref) for ref in refs]


@lru_cache(maxsize=1)
def current() -> Links:
    """Give this process's own, over the hub's database and ``JOINEDUP_LINK_MODEL``.

    Without that variable it is the model that is shipped. ``JOINEDUP_LINKING_DATABASE_URL`` names
    an account of its own for the agencies' records (``joinedup_linking``). Raises ``OSError`` or
    ``ModelError`` for a model that cannot be used.
    """
    file = environment.text("LINK_MODEL")
    model = Model.load(Path(file)) if file else Model.default()
    # Opened when it is first needed: a server's worker is a process of its own by then.
    account = environment.secret("LINKING_DATABASE_URL") or settings.DATABASE_URL
    pool = ConnectionPool[Link](account, min_size=1, max_size=8, timeout=5, open=True)
    atexit.register(pool.close)
    try:
        return Links(pool, model)
    except BaseException:
        pool.close()  # the next request tries again with another
        raise
