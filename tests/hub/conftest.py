"""A hub on a real PostgreSQL database of its own, made once for the session, emptied per test."""

import os
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from joinedup.database import database_url

HUB_URL = "https://hub.example.test"


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture(scope="session")
def hub_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    server = database_url()
    name = f"hub_test_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        link.execute(f"CREATE DATABASE {name}")
    yield _with_database(server, name)
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def hub_variables(hub_database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hub's environment; other tests in this process must not see it."""
    return {
        "DATABASE_URL": hub_database,
        "JOINEDUP_STATE": str(tmp_path_factory.mktemp("state")),
        "JOINEDUP_HUB_URL": HUB_URL,
        "JOINEDUP_BEHIND_PROXY": "yes",
        "JOINEDUP_ANSWER_STEP_MS": "0",  # tests of time set their own
    }


def use(patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Have these variables of the hub's and no others in the environment."""
    for name in [name for name in os.environ if name.startswith("JOINEDUP_")]:
        patch.delenv(name)
    for name, value in variables.items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def django_ready(hub_variables: dict[str, str]) -> Iterator[None]:
    """Django set up on that database, with tables and static files."""
    with pytest.MonkeyPatch.context() as patch:
        use(patch, hub_variables)
        from joinedup.hub.serve import prepare

        prepare()
    yield
    from django.db import connections

    for connection in connections.all():
        connection.close()
        connection.close_pool()


EMPTY_WHAT_IS_FILLED = """
DO $$
DECLARE
    one text;
    filled boolean;
BEGIN
    FOREACH one IN ARRAY string_to_array(current_setting('joinedup.emptied'), ',') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', one) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %I', one);
        END IF;
    END LOOP;
END $$
"""


def empty_tables() -> None:
    """Empty every table; the ledger's triggers refuse that, and a superuser puts them aside.

    Most of a hundred tables are empty after a test: looking is far quicker than truncating them.
    """
    from django.core.management.sql import emit_post_migrate_signal
    from django.db import connection

    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # a test that failed inside a request may have left its own
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT set_config('joinedup.emptied', %s, false)", [",".join(tables)])
        cursor.execute(EMPTY_WHAT_IS_FILLED)
        cursor.execute("SET session_replication_role = DEFAULT")
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.fixture
def db(django_ready: None, hub_variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty tables and the hub's environment; whatever a test commits is gone after it."""
    use(monkeypatch, hub_variables)
    empty_tables()
    from joinedup.hub.ledger import witnesses

    witnesses.own().file.path.unlink(missing_ok=True)  # of the log that an earlier test had


@pytest.fixture
def browser_client(db: None):
    """Django's own HTTP client, as a caller on the hub's public HTTPS address."""
    from django.test import Client

    return Client(headers={"host": "hub.example.test", "x-forwarded-proto": "https"})


@pytest.fixture
def organisation(db: None):
    from joinedup.hub.organisations.models import Organisation

    return Organisation.objects.create(
        ods_code="T1",
        name="Testshire children's services",
        kind="childrens-services",
        legal_class="s11",
        valid_from=date(2020, 1, 1),
    )


@pytest.fixture
def machine(organisation):
    """A machine client with one RSA key; see ``tests.hub.machine``."""
    from tests.hub.machine import Machine

    return Machine.register(organisation)


@pytest.fixture
def ask(browser_client, machine):
    """Post a body to get-an-identifier with a good token, or the one given."""

    def post(body, token: str | None = None, **headers: str):
        bearer = machine.token(browser_client) if token is None else token
        return browser_client.post(
            "/api/v1/get-an-identifier",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {bearer}", **headers},
        )

    return post


@pytest.fixture
def answers_with(monkeypatch: pytest.MonkeyPatch):
    """Put a source that gives this one answer in the PDS's place, counting the questions."""
    from joinedup.hub.identifiers import source
    from tests.hub.sources import Always

    def use(answer):
        made = Always(answer)
        monkeypatch.setattr(source, "current", lambda: made)
        return made

    return use


@pytest.fixture
def links(db):
    """The hub's identities, empty."""
    from joinedup.hub.reconciliation import links as ours

    ours.current.cache_clear()
    made = ours.current()
    yield made
    with made.pool.connection() as conn:
        conn.execute("DROP SCHEMA identities CASCADE")
        conn.execute("DROP SCHEMA sealed CASCADE")
    made.pool.close()
    ours.current.cache_clear()


@pytest.fixture
def new_key() -> str:
    return str(uuid.uuid4())


YEAR = timedelta(days=365)
