"""What happens to a child in a caseload is written to the outbox in the transaction in which it
happens, whatever code or tool makes it happen.
"""

from typing import ClassVar

from django.db import migrations

_ALLOCATED = """
EXISTS (SELECT 1 FROM notifications_allocation held
        WHERE held.{by} = {what} AND held.ended_at IS NULL)
"""
FORWARDS = f"""
CREATE FUNCTION notifications_of_pointers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notifications_outbox (kind, sui, actor_id, record_type)
    SELECT DISTINCT 'involvement', added.sui, holding.custodian_id, holding.record_type
    FROM added JOIN register_holding holding ON holding.id = added.holding_id
    WHERE {_ALLOCATED.format(by="sui", what="added.sui")};
    RETURN NULL;
END $$;
CREATE TRIGGER told_to_caseloads AFTER INSERT ON register_pointer
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION notifications_of_pointers();

CREATE FUNCTION notifications_of_searches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notifications_outbox (kind, sui, actor_id, by_id, purpose, reference)
    SELECT 'search', added.sui, added.organisation_id, added.membership_id, added.purpose, added.id
    FROM added WHERE {_ALLOCATED.format(by="sui", what="added.sui")};
    RETURN NULL;
END $$;
CREATE TRIGGER told_to_caseloads AFTER INSERT ON discovery_search
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION notifications_of_searches();

CREATE FUNCTION notifications_of_shields() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notifications_outbox (kind, sui, actor_id)
    SELECT DISTINCT 'shield', held.sui, shield.organisation_id
    FROM added
    JOIN shields_shield shield ON shield.id = added.shield_id
    JOIN notifications_allocation held ON held.token = added.token AND held.ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER told_to_caseloads AFTER INSERT ON shields_shieldmark
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION notifications_of_shields();
"""  # noqa: S608 - nothing in it comes from outside
BACKWARDS = """
DROP TRIGGER told_to_caseloads ON register_pointer;
DROP TRIGGER told_to_caseloads ON discovery_search;
DROP TRIGGER told_to_caseloads ON shields_shieldmark;
DROP FUNCTION notifications_of_pointers();
DROP FUNCTION notifications_of_searches();
DROP FUNCTION notifications_of_shields();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("notifications", "0001_initial"),
        ("register", "0001_initial"),
        ("discovery", "0001_initial"),
        ("shields", "0001_initial"),
    ]

    operations: ClassVar = [migrations.RunSQL(FORWARDS, BACKWARDS)]
