"""A custodian that gives a record another number says that the first was wrong: it is written down
in the same transaction. And what happened to a request is never changed.
"""

from typing import ClassVar

from django.db import migrations

FORWARDS = """
CREATE FUNCTION sharing_of_pointers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sharing_correction (key, cause, sui, holder_id, record_type)
    SELECT 'renumbered ' || gen_random_uuid(), 'renumbered', before.sui, holding.custodian_id,
           holding.record_type
    FROM before JOIN changed ON changed.id = before.id
    JOIN register_holding holding ON holding.id = before.holding_id
    WHERE before.sui <> changed.sui;
    RETURN NULL;
END $$;
CREATE TRIGGER corrected AFTER UPDATE ON register_pointer
    REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sharing_of_pointers();

CREATE FUNCTION sharing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what happened to a request is not changed: add an event';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE ON sharing_shareevent
    FOR EACH ROW EXECUTE FUNCTION sharing_refuse();
"""
BACKWARDS = """
DROP TRIGGER corrected ON register_pointer;
DROP TRIGGER only_grows ON sharing_shareevent;
DROP FUNCTION sharing_of_pointers();
DROP FUNCTION sharing_refuse();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sharing", "0001_initial"), ("register", "0001_initial")]

    operations: ClassVar = [migrations.RunSQL(FORWARDS, BACKWARDS)]
