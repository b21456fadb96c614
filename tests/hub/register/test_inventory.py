"""No column without a reason (trust rule L12): a table that grows one fails here."""

import pytest


def columns() -> dict[str, set[str]]:
    """Every table and column that is really there."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public'"
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


def tables(app) -> set[str]:
    return {model._meta.db_table for model in app.get_models(include_auto_created=True)}


@pytest.fixture
def apps(db):
    from joinedup.hub.register.inventory import hub_apps

    return {app.label: app for app in hub_apps()}


def check(app) -> None:
    """The app's tables and its inventory are the same, to the last column."""
    from joinedup.hub.register.inventory import inventory

    real, listed = columns(), inventory(app)
    assert set(listed) == tables(app), app.label
    for name, table in listed.items():
        unlisted = real[name] - set(table.columns)
        assert not unlisted, f"{name} has columns that nobody has justified: {unlisted}"
        assert set(table.columns) == real[name], name
        assert table.personal <= set(table.columns), name
        assert table.purpose
        assert table.kept
        assert all(table.columns.values()), name


def test_every_column_is_in_the_inventory_and_every_entry_is_there(apps):
    from joinedup.hub.register.inventory import inventory

    assert [label for label, app in apps.items() if inventory(app) is None] == []
    for app in apps.values():
        check(app)


def test_a_pointer_says_nothing_but_that_it_is_there(apps):
    """No free text, no name, no assessment: what a pointer may hold is fixed."""
    assert columns()["register_pointer"] == {
        "id", "holding_id", "record_id", "sui", "first_seen", "last_seen", "provenance",
        "identifier_delivered_at", "refreshed_at",
    }  # fmt: skip


def test_a_new_column_is_refused(apps):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE register_pointer ADD COLUMN risk_score int")
    try:
        with pytest.raises(AssertionError, match="risk_score"):
            check(apps["register"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE register_pointer DROP COLUMN risk_score")
