"""Giving the hub's roles their rights, whenever the tables have changed.

Run by the owner of the tables after migrating. Three roles that nobody can sign in as:
``joinedup_hub`` answers requests, and row-level security holds for it; ``joinedup_worker`` does
what concerns every organisation, and may change the ledger as little as the hub may;
``joinedup_linking`` reads and writes shields, for the account that owns the agencies' records and
the sealed index, which the other two have no right to.
"""

import hashlib
from importlib.resources import files
from typing import Any

from django.db import connection, transaction

from joinedup.hub.rights.tables import (
    LEDGER,
    LEDGER_RIGHTS,
    LINKING_RIGHTS,
    LOOK_FOR_ALL,
    NOT_AN_ORGANISATIONS,
    ONLY_ADDED_TO,
    READ_ALONE,
    SEEN,
    SIGNED,
)

ROLES = ("joinedup_hub", "joinedup_worker")
LINKING = "joinedup_linking"

# Roles belong to the whole server: another database's hub may be making them at this moment.
_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  IF NOT pg_has_role(session_user, '{role}', 'MEMBER') THEN
    EXECUTE format('GRANT {role} TO %I', session_user);
  END IF;
END $$;
"""


class RightsOutOfDate(Exception):
    """The database's rights are not those of this version, and this account may not set them."""


def apply() -> None:
    """Bring rights and policies up to date; does nothing when they are.

    Raises ``RightsOutOfDate`` for an account that does not own the tables.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = _tables(cursor)
        statements = _statements(tables)
        print_of = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        if _applied(cursor) == print_of:
            return
        if not _owns(cursor):
            raise RightsOutOfDate(
                "The rights in the database are not those of this version. Run "
                "`joinedup manage prepare` once with the DATABASE_URL of the tables' owner."
            )
        for role in (*ROLES, LINKING):
            cursor.execute(_ROLE.format(role=role))
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(f"COMMENT ON FUNCTION joinedup_organisation() IS '{print_of}'")


def _statements(tables: list[str]) -> list[str]:
    known = set(tables)
    # A table that nobody has listed is nobody's to read.
    plain = [each for each in tables if each in SEEN or each in NOT_AN_ORGANISATIONS]
    full = [each for each in plain if each not in {*ONLY_ADDED_TO, *READ_ALONE}]
    ledger = [each for each in tables if each.startswith(LEDGER)]
    added = [each for each in ledger if each not in SIGNED]
    both = ", ".join(ROLES)
    return [
        files("joinedup.hub.rights").joinpath("functions.sql").read_text("utf-8"),
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {both}",
        f"REVOKE ALL ON SCHEMA public FROM {both}",
        f"GRANT USAGE ON SCHEMA public TO {both}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {both}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(full)} TO {both}",
        f"GRANT SELECT, INSERT ON {', '.join(ONLY_ADDED_TO)} TO {both}",
        f"GRANT SELECT ON {', '.join(READ_ALONE)} TO {both}",
        f"GRANT SELECT ON {', '.join(ledger)} TO {both}",
        f"GRANT INSERT ON {', '.join(added)} TO {both}",
        f"GRANT INSERT ON {', '.join(SIGNED)} TO joinedup_worker",
        LEDGER_RIGHTS,
        f"GRANT USAGE ON SCHEMA public TO {LINKING}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {LINKING}",
        LINKING_RIGHTS,
        *(_as_owner(function) for function in LOOK_FOR_ALL),
        *(_policies(table) for table in SEEN if table in known),
    ]


def _policies(table: str) -> str:
    """The rows of one table: by organisation for the hub, all for the worker.

    ``joinedup_every()`` is asked first, and once: an organisation's own rule is not evaluated then.
    """
    seen, written = SEEN[table]
    every = "(SELECT joinedup_every())"
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS of_the_asker ON {table};
CREATE POLICY of_the_asker ON {table} TO joinedup_hub
  USING ({every} OR {seen}) WITH CHECK ({every} OR {written or seen});
DROP POLICY IF EXISTS of_all ON {table};
CREATE POLICY of_all ON {table} TO joinedup_worker USING (true) WITH CHECK (true);
"""


def _as_owner(function: str) -> str:
    return f"""
DO $$ BEGIN
  IF to_regprocedure('{function}') IS NOT NULL THEN
    ALTER FUNCTION {function} SECURITY DEFINER SET search_path FROM CURRENT;
  END IF;
END $$;
"""


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') ORDER BY relname"
    )
    return [name for (name,) in cursor.fetchall()]


def _applied(cursor: Any) -> str | None:
    cursor.execute("SELECT obj_description(to_regprocedure('joinedup_organisation()'), 'pg_proc')")
    found: str | None = cursor.fetchone()[0]
    return found


def _owns(cursor: Any) -> bool:
    cursor.execute(
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class "
        "WHERE oid = 'django_migrations'::regclass"
    )
    return bool(cursor.fetchone()[0])
