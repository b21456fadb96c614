"""Whose records an entry disclosed, so that a custodian finds these entries among all."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

WRITE = """
DROP FUNCTION ledger_write(
  uuid, timestamptz, text, text, bytea, bytea, bigint, bytea, bytea[], bytea, uuid);
CREATE FUNCTION ledger_write(
  id uuid, at timestamptz, organisation text, action text, content bytea, sealed bytea,
  key bigint, about bytea, others bytea[], person bytea, correlation_id uuid,
  disclosed text[] DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE placed bigint;
BEGIN  -- keeps its plan, which SQL from outside would not
  INSERT INTO ledger_entry (id, at, organisation, action, content, sealed, key, about, others,
                            person, correlation_id)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING number INTO placed;
  IF disclosed IS NOT NULL THEN
    INSERT INTO ledger_disclosed (holder, entry_id) SELECT unnest(disclosed), placed;
  END IF;
END $$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON ledger_disclosed
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_disclosed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

SO_FAR = """
INSERT INTO ledger_disclosed (holder, entry_id)
SELECT DISTINCT holder, number FROM ledger_entry, jsonb_array_elements_text(
  convert_from(content, 'UTF8')::jsonb -> 'holders') AS holder
WHERE action IN ('record.find.read', 'record.fetch') AND holder <> organisation;
"""


class Migration(migrations.Migration):
    """The table, and the function that writes an entry."""

    dependencies: ClassVar = [("ledger", "0002_append_only")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Disclosed",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder", "entry_id", blank=True, editable=False, primary_key=True,
                        serialize=False,
                    ),
                ),
                ("holder", models.CharField(max_length=32)),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False, db_index=False,
                        on_delete=django.db.models.deletion.PROTECT, related_name="+",
                        to="ledger.entry",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(SO_FAR + WRITE),
    ]  # fmt: skip
