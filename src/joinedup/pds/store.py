"""The tables through which processes and hosts share what they know of one PDS application.

They live in a schema of their own, ``joinedup_pds``, made when first needed. The rows hold no
personal data: a hashed name, a time, and an access token that only holders of the signing key
can read.
"""

import psycopg

# Any number will do, so long as nothing else in the database takes the same one.
_MAKING = 0x6A6F_7064

_TABLES = """
CREATE SCHEMA IF NOT EXISTS joinedup_pds;
CREATE TABLE IF NOT EXISTS joinedup_pds.budget (
    name text PRIMARY KEY,
    next_slot timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS joinedup_pds.token (
    name text PRIMARY KEY,
    sealed bytea,
    expires timestamptz
);
"""


def connect(database_url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect, with waits that end: a database that hangs counts as one that is gone."""
    return psycopg.connect(
        database_url,
        autocommit=True,
        connect_timeout=10,
        tcp_user_timeout=10_000,
        keepalives_idle=10,
        application_name="joinedup pds",
        # A slot lost in a crash of the server is only a pause; waiting for the disk is not.
        options="-c statement_timeout=10s -c synchronous_commit=off",
    )


def make_tables(link: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make schema and tables where absent; several processes may do so at once."""
    known = link.execute("SELECT to_regclass('joinedup_pds.token')").fetchone()
    if known is not None and known[0] is not None:
        return  # an account that may not create anything can still use them
    with link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        link.execute(_TABLES)
