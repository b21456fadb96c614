"""Versions that change with what they stand for (see ``versions.py``)."""

from typing import ClassVar

from django.db import migrations

# The number is from a sequence, so that no two changes have the same; it is in a row, so that it
# is seen when, and only when, the change is.
FORWARDS = """
CREATE SEQUENCE register_version_number;
CREATE FUNCTION register_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE kept text;
BEGIN
    FOREACH kept IN ARRAY TG_ARGV LOOP
        INSERT INTO register_version (name, number)
        VALUES (kept, nextval('register_version_number'))
        ON CONFLICT (name) DO UPDATE SET number = EXCLUDED.number;
    END LOOP;
    RETURN NULL;
END $$;
"""
EVENTS = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
TABLES = {
    "organisations_organisation": "'callers', 'custodians'",
    "organisations_machineclient": "'callers'",
    "organisations_clientkey": "'callers'",
    "register_custodianship": "'custodians'",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER kept_in_memory {EVENTS} ON {table} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION register_changed({names});\n"
    for table, names in TABLES.items()
)
BACKWARDS = (
    "".join(f"DROP TRIGGER kept_in_memory ON {table};\n" for table in TABLES)
    + """
DROP FUNCTION register_changed();
DROP SEQUENCE register_version_number;
"""
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("register", "0001_initial"),
        ("organisations", "0001_initial"),
        ("identifiers", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(FORWARDS + TRIGGERS, BACKWARDS),
    ]
