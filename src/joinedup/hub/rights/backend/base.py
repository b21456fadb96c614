"""The database as Django speaks to it; no request is given a connection that died in the pool.

A database that was started anew leaves its old connections in the pool. Asking each whether it is
alive would be one more way to the database with every request; its first statement, which gives it
its rights (``hub.rights.acting``), says so for nothing.
"""

from django.db import OperationalError
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, by a pool whose dead connections are thrown away when they are met."""

    def connect(self) -> None:
        """Connect. Raises Django's ``OperationalError`` when no connection can be had."""
        most = self.settings_dict["OPTIONS"]["pool"]["max_size"]
        for _ in range(most):
            try:
                return super().connect()
            except OperationalError:
                if self.connection is None or not self.connection.closed:
                    raise
                self.close()  # gives it back to the pool, which does not keep it
        return super().connect()
