"""The tables of identities over time: a log that only grows, and the state it folds into.

They live in the schema ``identities``, beside the index of records. The log's rows hold no details
of a child: which records, what was said of them, by whom, and how the evidence weighed.
"""

from joinedup.identities.index import Link

# Any number will do, so long as nothing else in the database takes the same one.
_MAKING = 0x6A6F_6964

_TABLES = """
CREATE SCHEMA IF NOT EXISTS identities;
CREATE SEQUENCE IF NOT EXISTS identities.event_number;

CREATE TABLE IF NOT EXISTS identities.event (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    by text NOT NULL,
    kind text NOT NULL,
    identity uuid,
    undoes bigint REFERENCES identities.event,
    weight double precision,
    levels smallint[] NOT NULL,
    reasons text[] NOT NULL,
    note text NOT NULL
);
-- The records that an event names, in its order. An event that binds is settled with all of them.
CREATE TABLE IF NOT EXISTS identities.event_record (
    number bigint NOT NULL REFERENCES identities.event,
    position smallint NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    binds boolean NOT NULL,
    PRIMARY KEY (number, position)
);
-- Pairs from before and after an adoption were once marked here, in clear.
ALTER TABLE identities.event DROP COLUMN IF EXISTS adoption;
CREATE INDEX IF NOT EXISTS event_record_of ON identities.event_record (source, id, number);

CREATE OR REPLACE FUNCTION identities.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of link events only grows: undo an event with another one';
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE
    ON identities.event EXECUTE FUNCTION identities.refuse();
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE
    ON identities.event_record EXECUTE FUNCTION identities.refuse();

-- What the log comes to, kept in the transaction of each event.
CREATE TABLE IF NOT EXISTS identities.place (
    source text NOT NULL,
    id text NOT NULL,
    own uuid NOT NULL,
    identity uuid NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX IF NOT EXISTS place_in ON identities.place (identity);
CREATE TABLE IF NOT EXISTS identities.name (
    own uuid PRIMARY KEY,
    goes_by uuid NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    since bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS name_of ON identities.name (source, id);
CREATE INDEX IF NOT EXISTS name_now ON identities.name (goes_by);
CREATE TABLE IF NOT EXISTS identities.apart (
    one uuid NOT NULL,
    other uuid NOT NULL,
    event bigint NOT NULL,
    PRIMARY KEY (one, other, event)
);
CREATE INDEX IF NOT EXISTS apart_other ON identities.apart (other);
CREATE TABLE IF NOT EXISTS identities.open_dispute (event bigint PRIMARY KEY);
CREATE TABLE IF NOT EXISTS identities.overruled (event bigint PRIMARY KEY);
"""

_AS_THEY_ARE_NOW = """
SELECT to_regclass('identities.overruled') IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('identities.event')
    AND attname = 'adoption' AND NOT attisdropped)
"""


def make_tables(conn: Link) -> None:
    """Make schema and tables where absent; several processes may do so at once."""
    known = conn.execute(_AS_THEY_ARE_NOW).fetchone()
    if known is not None and known[0]:
        return  # an account that may not create anything can still use them
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        conn.execute(_TABLES)
