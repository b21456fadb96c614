"""Values go to PostgreSQL and back as they are, on Django's connection and in its transaction."""

import uuid
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ANY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MOMENTS = st.integers(-2 * 10**9, 4 * 10**9).map(lambda at: datetime.fromtimestamp(at, UTC))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@ANY
@given(
    TEXT, st.binary(max_size=50), st.integers(-(2**63), 2**63 - 1), st.uuids(), st.booleans(),
    MOMENTS, st.floats(allow_nan=False),
    st.lists(TEXT, max_size=4), st.lists(st.binary(max_size=9), max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), max_size=4),
)  # fmt: skip
def test_what_goes_in_comes_out(
    django_ready, text, raw, number, id, truth, at, real, texts, raws, numbers
):
    from joinedup.hub.prepared import rows

    kinds = "text", "bytea", "bigint", "uuid", "boolean", "timestamptz", "float8"
    given = [text, raw, number, id, truth, at, real]
    asked = ", ".join(f"%s::{kind}" for kind in kinds)
    assert rows(f"SELECT {asked}", given) == [tuple(given)]
    found = rows("SELECT t FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n", [texts])
    assert [each for (each,) in found] == texts
    found = rows("SELECT b FROM unnest(%s::bytea[]) WITH ORDINALITY AS u(b, n) ORDER BY n", [raws])
    assert [each for (each,) in found] == raws
    found = rows(
        "SELECT i FROM unnest(%s::bigint[]) WITH ORDINALITY AS u(i, n) ORDER BY n", [numbers]
    )
    assert [each for (each,) in found] == numbers


def test_nothing_and_days_and_lists(django_ready):
    from joinedup.hub.prepared import rows

    assert rows("SELECT %s::text, %s::date::text", [None, date(2026, 2, 1)]) == [
        (None, "2026-02-01")
    ]
    assert rows("SELECT ARRAY[]::bigint[], ARRAY[3, -4]::bigint[]") == [([], [3, -4])]
    with pytest.raises(TypeError, match="set"):
        rows("SELECT %s::text", [{1}])
    with pytest.raises(ValueError, match="NUL"):
        rows("SELECT %s::text", ["a\0b"])


def test_it_is_part_of_djangos_transaction(db, organisation):
    from django.db import DatabaseError, transaction

    from joinedup.hub.organisations.models import Organisation
    from joinedup.hub.prepared import rows

    change = "UPDATE organisations_organisation SET name = %s WHERE ods_code = 'T1'"
    with transaction.atomic():
        rows(change, ["One"])
        rows(change, ["Two"])
        assert Organisation.objects.get().name == "Two"
        transaction.set_rollback(True)
    assert Organisation.objects.get().name == organisation.name
    rows(change, ["Three"])
    assert Organisation.objects.get().name == "Three"
    with pytest.raises(DatabaseError):
        rows("SELECT 1 / %s::int", [0])
    assert rows("SELECT %s::uuid", [uuid.UUID(int=1)]) == [(uuid.UUID(int=1),)]
