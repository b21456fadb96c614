"""What makes the log append-only, and the two functions that an entry is written with."""

from typing import ClassVar

from django.db import migrations

# A request must not wait for a lock that somebody holds on the log: it fails, and is answered 503.
LOCK_TIMEOUT = "1s"

REFUSE = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: the ledger is only ever added to', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""

APPEND_ONLY = ("entry", "leaf", "node", "signedcheckpoint", "witnessed", "holdback")

REFUSED = "".join(
    f"""
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON ledger_{table}
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_{table}
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""
    for table in APPEND_ONLY
)

# A subject's key may be destroyed, and nothing else may happen to it.
KEYS = """
CREATE TRIGGER destroyed_at_most BEFORE UPDATE ON ledger_subjectkey FOR EACH ROW
  WHEN (NEW.wrapped IS NOT NULL OR OLD.wrapped IS NULL
        OR NEW.id <> OLD.id OR NEW.about <> OLD.about OR NEW.made_at <> OLD.made_at)
  EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER never_deleted BEFORE DELETE ON ledger_subjectkey
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_subjectkey
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

# With the rights of the tables' owner, so that whoever writes entries need not have any on this.
WAITING = """
CREATE FUNCTION ledger_wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO ledger_waiting (entry_id) VALUES (NEW.number);
  RETURN NULL;
END $$;
CREATE TRIGGER waits_for_its_place AFTER INSERT ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_wait();
"""

FUNCTIONS = f"""
CREATE FUNCTION ledger_key(subject bytea, fresh bytea)
  RETURNS TABLE (id bigint, wrapped bytea) LANGUAGE plpgsql
  SET lock_timeout = '{LOCK_TIMEOUT}' AS $$
BEGIN
  RETURN QUERY SELECT k.id, k.wrapped FROM ledger_subjectkey k
    WHERE k.about = subject AND k.wrapped IS NOT NULL;
  IF NOT FOUND THEN
    INSERT INTO ledger_subjectkey (about, wrapped) VALUES (subject, fresh) ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT k.id, k.wrapped FROM ledger_subjectkey k
      WHERE k.about = subject AND k.wrapped IS NOT NULL;
  END IF;
END $$;

CREATE FUNCTION ledger_write(
  id uuid, at timestamptz, organisation text, action text, content bytea, sealed bytea,
  key bigint, about bytea, others bytea[], person bytea, correlation_id uuid
) RETURNS void LANGUAGE plpgsql SET lock_timeout = '{LOCK_TIMEOUT}' AS $$
BEGIN  -- keeps its plan, which SQL from outside would not
  INSERT INTO ledger_entry (id, at, organisation, action, content, sealed, key, about, others,
                            person, correlation_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
END $$;
"""  # noqa: S608 - nothing from outside is in it

FORWARD = REFUSE + REFUSED + KEYS + WAITING + FUNCTIONS


class Migration(migrations.Migration):
    """Triggers and functions. There is no way back: a log is not un-made."""

    dependencies: ClassVar = [("ledger", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(FORWARD)]
