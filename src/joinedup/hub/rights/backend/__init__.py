"""Django's PostgreSQL, but for connections of the pool that have died (see ``base``)."""
