"""A database of the tests' own, with empty tables for each test of identities over time."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from joinedup.database import database_url
from joinedup.identities.index import Link
from joinedup.identities.store import Identities
from joinedup.linkage.constraints import Constraints
from tests.linkage.models import small_model

MakeIdentities = Callable[..., Identities]


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """The address of a database that no other run uses, dropped afterwards."""
    server = database_url()
    name = f"identities_test_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        link.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def pool(store_url: str) -> Iterator[ConnectionPool[Link]]:
    with ConnectionPool[Link](store_url, min_size=1, max_size=8, open=True) as pool:
        yield pool


@pytest.fixture
def make_identities(pool: ConnectionPool[Link]) -> MakeIdentities:
    """Makes identities over empty tables."""

    def make(constraints: Constraints | None = None) -> Identities:
        with pool.connection() as link:
            link.execute("DROP SCHEMA IF EXISTS identities CASCADE")
        made = Identities(pool, small_model(), constraints)
        made.create()
        return made

    return make


@pytest.fixture
def identities(make_identities: MakeIdentities) -> Identities:
    return make_identities()
