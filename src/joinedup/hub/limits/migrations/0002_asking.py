"""A minute's pace, and one function that counts a question: one way to the database and back."""

from typing import ClassVar

from django.db import migrations, models

# What it writes is not worth a wait for the disk (a crash may lose the last half second of counts),
# so it is called in no transaction but its own.
ASK = """
CREATE FUNCTION limits_ask(
  holder text, per_minute int, askers text[], asked_on date, prints bytea[], numbers bigint[],
  windows int[]
) RETURNS TABLE (wait float8, held timestamptz, fresh boolean, children int, recent bigint[])
  LANGUAGE plpgsql AS $$
DECLARE
  now timestamptz := clock_timestamp();
  full_at timestamptz;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  IF per_minute IS NOT NULL THEN
    -- The bucket of an asker: it is full that long from now, and each question pours a bit more in.
    INSERT INTO limits_pace AS p (asker, full_until)
    VALUES (holder, now + interval '1 minute' / per_minute)
    ON CONFLICT (asker) DO UPDATE SET full_until =
      greatest(p.full_until, now) + interval '1 minute' / per_minute
      WHERE greatest(p.full_until, now) + interval '1 minute' / per_minute
            <= now + interval '1 minute 1 millisecond';
    IF NOT FOUND THEN
      SELECT p.full_until INTO full_at FROM limits_pace p WHERE p.asker = holder;
      RETURN QUERY SELECT extract(epoch FROM full_at - now - interval '1 minute'
                                  + interval '1 minute' / per_minute)::float8,
                          NULL::timestamptz, false, 0, NULL::bigint[];
      RETURN;
    END IF;
  END IF;
  SELECT max(h.until) INTO full_at FROM limits_hold h
    WHERE h.asker = holder AND h.until > now AND h.lifted_at IS NULL;
  IF full_at IS NOT NULL THEN
    RETURN QUERY SELECT 0::float8, full_at, false, 0, NULL::bigint[];
    RETURN;
  END IF;
  FOR n IN 1 .. cardinality(askers) LOOP
    INSERT INTO limits_seen (asker, day, measure, fingerprint)
      VALUES (askers[n], asked_on, 'children', prints[n]) ON CONFLICT DO NOTHING;
    fresh := FOUND;
    children := 0;
    recent := NULL;
    IF fresh THEN
      INSERT INTO limits_tally AS kept (asker, day, measure, count)
        VALUES (askers[n], asked_on, 'children', 1)
        ON CONFLICT (asker, day, measure) DO UPDATE SET count = kept.count + 1
        RETURNING kept.count INTO children;
      IF numbers[n] IS NOT NULL THEN
        INSERT INTO limits_recent AS kept (asker, moved, at)
          VALUES (askers[n], ARRAY[numbers[n]], now)
          ON CONFLICT (asker) DO UPDATE SET at = now, moved =
            (array_remove(kept.moved, excluded.moved[1]) || excluded.moved)
            [greatest(1, cardinality(kept.moved) + 2 - windows[n]):]
          RETURNING kept.moved INTO recent;
      END IF;
    END IF;
    RETURN QUERY SELECT 0::float8, NULL::timestamptz, fresh, children, recent;
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """The table of paces, and the function."""

    dependencies: ClassVar = [("limits", "0001_initial")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Pace",
            fields=[
                ("asker", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("full_until", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(ASK, "DROP FUNCTION limits_ask"),
    ]
