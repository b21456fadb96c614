# ruff: noqa: RUF012 - as Django writes it
"""What was proposed, and what was decided, is kept by the database itself."""

from django.db import migrations

KEEP = """
CREATE FUNCTION approvals_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a proposed change is never deleted';
  END IF;
  IF OLD.status <> 'waiting' THEN
    RAISE EXCEPTION 'a decided change is never altered';
  END IF;
  IF (NEW.id, NEW.kind, NEW.what, NEW.why, NEW.world, NEW.whose, NEW.proposed_at)
     IS DISTINCT FROM
     (OLD.id, OLD.kind, OLD.what, OLD.why, OLD.world, OLD.whose, OLD.proposed_at)
     OR OLD.proposed_by_id IS NOT NULL AND NEW.proposed_by_id IS DISTINCT FROM OLD.proposed_by_id
  THEN
    RAISE EXCEPTION 'what was proposed is never altered';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approvals_keep BEFORE UPDATE OR DELETE ON approvals_proposedchange
  FOR EACH ROW EXECUTE FUNCTION approvals_keep();
"""

RELEASE = """
DROP TRIGGER approvals_keep ON approvals_proposedchange;
DROP FUNCTION approvals_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]
    operations = [migrations.RunSQL(KEEP, RELEASE)]
