"""What custodians say they hold: added, refreshed and withdrawn in bulk.

Each call is one transaction of a few statements, whatever its size, and may be sent again: what
is there already is refreshed. A call that comes late, with what was true before, changes nothing.
A run that broke off goes on with its next call, and ``complete`` withdraws, at the end, what the
custodian did not name again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.register.models import Custodianship, Holding, Pointer, Provenance
from joinedup.hub.retention.purging import began_again, is_new, purged
from joinedup.people.nhs_number import is_plain_nhs_number

MOST = 10_000
"""Pointers in one call, at most."""

_PUT = """
INSERT INTO register_pointer AS held (holding_id, record_id, sui, first_seen, last_seen,
                                      provenance, identifier_delivered_at, refreshed_at)
SELECT given.holding_id, given.record_id, given.sui, given.first_seen, given.last_seen,
       coalesce(given.provenance,
                CASE WHEN issued.at IS NULL THEN 'already-held' ELSE 'issued-by-service' END),
       issued.at, %(as_at)s
FROM unnest(%(holding)s::bigint[], %(record)s::text[], %(sui)s::text[], %(first)s::date[],
            %(last)s::date[], %(provenance)s::text[], %(system)s::text[])
     AS given(holding_id, record_id, sui, first_seen, last_seen, provenance, system_id)
LEFT JOIN LATERAL (
    SELECT max(issued_at) AS at FROM identifiers_issuedidentifier
    WHERE organisation_id = %(custodian)s AND system_id = given.system_id
      AND record_id = given.record_id) issued ON true
ORDER BY given.holding_id, given.record_id  -- the same order in every call: no deadlocks
ON CONFLICT (holding_id, record_id) DO UPDATE SET
    sui = EXCLUDED.sui,
    first_seen = CASE WHEN held.sui = EXCLUDED.sui
                      THEN least(held.first_seen, EXCLUDED.first_seen)
                      ELSE EXCLUDED.first_seen END,
    last_seen = CASE WHEN held.sui = EXCLUDED.sui
                     THEN greatest(held.last_seen, EXCLUDED.last_seen)
                     ELSE EXCLUDED.last_seen END,
    provenance = EXCLUDED.provenance,
    identifier_delivered_at = EXCLUDED.identifier_delivered_at,
    refreshed_at = EXCLUDED.refreshed_at
WHERE held.refreshed_at <= EXCLUDED.refreshed_at
RETURNING (xmax = 0)
"""

_WITHDRAW = """
DELETE FROM register_pointer USING register_holding holding,
    unnest(%s::text[], %s::text[], %s::text[]) AS given(system_id, record_type, record_id)
WHERE holding.id = register_pointer.holding_id AND holding.custodian_id = %s
  AND holding.system_id = given.system_id AND holding.record_type = given.record_type
  AND register_pointer.record_id = given.record_id
"""


class Record(NamedTuple):
    """A record of a custodian's own, by its place."""

    system_id: str
    record_type: str
    record_id: str


class Given(NamedTuple):
    """A pointer as a custodian gives it; the provenance is worked out when it is not said."""

    record: Record
    sui: str
    first_seen: date | None = None
    last_seen: date | None = None
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A pointer that was not taken, by its place in the call, and why."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """What a call came to."""

    added: int
    refreshed: int
    refused: tuple[Refused, ...]


def publish(
    custodian: Organisation,
    pointers: Sequence[Given],
    record_types: Iterable[str],
    as_at: datetime | None = None,
    batch: str = "",
) -> Published:
    """Add or refresh pointers, true as at ``as_at`` (now).

    Only the ``record_types`` that the custodian may publish are taken; the others, numbers that
    are none and records named twice are refused, each with its place, and the rest is kept.
    """
    as_at = as_at or timezone.now()
    gone = purged(given.sui for given in pointers)
    good, refused = _sorted_out(pointers, frozenset(record_types), gone)
    if not good:
        return Published(0, 0, refused)
    with transaction.atomic():
        answers_for(custodian, {given.record.record_type for given in good})
        holdings = _holdings(custodian, good, as_at, batch)
        with connection.cursor() as cursor:
            cursor.execute(
                _PUT,
                {
                    "as_at": as_at,
                    "custodian": custodian.pk,
                    "holding": [holdings[given.record[:2]] for given in good],
                    "record": [given.record.record_id for given in good],
                    "sui": [given.sui for given in good],
                    "first": [given.first_seen for given in good],
                    "last": [given.last_seen for given in good],
                    "provenance": [given.provenance for given in good],
                    "system": [given.record.system_id for given in good],
                },
            )
            added = sum(new for (new,) in cursor.fetchall())
        if back := [given for given in good if given.sui in gone]:
            records = ((given.record.system_id, given.record.record_id) for given in back)
            began_again((given.sui for given in back), records)
    return Published(added, len(good) - added, refused)


def _sorted_out(
    pointers: Sequence[Given], record_types: frozenset[str], gone: Mapping[str, date]
) -> tuple[list[Given], tuple[Refused, ...]]:
    good: dict[Record, Given] = {}
    refused: list[Refused] = []
    for index, given in enumerate(pointers):
        if given.record.record_type not in record_types:
            refused.append(Refused(index, "You may not publish this record type."))
        elif not is_plain_nhs_number(given.sui):
            refused.append(Refused(index, "The sui is not a valid NHS number of ten digits."))
        elif given.sui in gone and not is_new(given.first_seen, gone[given.sui]):
            refused.append(Refused(index, "What was held of this person was purged for good."))
        elif given.first_seen and given.last_seen and given.first_seen > given.last_seen:
            refused.append(Refused(index, "firstSeen is after lastSeen."))
        elif good.setdefault(given.record, given) != given:
            refused.append(Refused(index, "The same record is given twice in this call."))
    return list(good.values()), tuple(refused)


def _holdings(
    custodian: Organisation, good: Sequence[Given], as_at: datetime, batch: str
) -> dict[tuple[str, str], int]:
    """The key of each system and record type, made or refreshed."""
    places = sorted({given.record[:2] for given in good})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO register_holding AS held
                (custodian_id, system_id, record_type, refreshed_at, last_batch)
            SELECT %s, *, %s, %s FROM unnest(%s::text[], %s::text[])
            ON CONFLICT (custodian_id, system_id, record_type) DO UPDATE SET
                refreshed_at = greatest(held.refreshed_at, EXCLUDED.refreshed_at),
                last_batch = CASE WHEN held.refreshed_at <= EXCLUDED.refreshed_at
                                  THEN EXCLUDED.last_batch ELSE held.last_batch END
            RETURNING system_id, record_type, id
            """,
            [custodian.pk, as_at, batch, [s for s, _ in places], [t for _, t in places]],
        )
        return {(system, record_type): key for system, record_type, key in cursor.fetchall()}


def withdraw(custodian: Organisation, records: Sequence[Record]) -> int:
    """Take pointers of the custodian's own out; gives how many were there."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WITHDRAW,
            [
                [record.system_id for record in records],
                [record.record_type for record in records],
                [record.record_id for record in records],
                custodian.pk,
            ],
        )
        return int(cursor.rowcount)


def complete(custodian: Organisation, system_id: str, record_type: str, as_of: datetime) -> int:
    """All that the system holds has been named since ``as_of``: withdraw the rest.

    Gives how many were withdrawn; none when the system is not known or a later run is complete.
    """
    with transaction.atomic():
        holding = (
            Holding.objects.select_for_update()
            .filter(custodian=custodian, system_id=system_id, record_type=record_type)
            .first()
        )
        if holding is None or (holding.complete_as_of and holding.complete_as_of > as_of):
            return 0
        withdrawn, _ = Pointer.objects.filter(holding=holding, refreshed_at__lt=as_of).delete()
        holding.complete_as_of = as_of
        holding.save(update_fields=["complete_as_of"])
    return withdrawn


def answers_for(custodian: Organisation, record_types: Iterable[str]) -> None:
    """Have the custodian asked about these record types from now on (it may hold none yet)."""
    wanted = set(record_types)
    known = Custodianship.objects.filter(custodian=custodian, ended_at=None)
    missing = wanted - set(known.values_list("record_type", flat=True))
    Custodianship.objects.bulk_create(
        (
            Custodianship(custodian=custodian, record_type=one, since=timezone.now())
            for one in sorted(missing)
        ),
        ignore_conflicts=True,
    )


def stops_answering_for(custodian: Organisation, record_types: Iterable[str]) -> None:
    """Ask the custodian about these record types no more."""
    Custodianship.objects.filter(
        custodian=custodian, record_type__in=set(record_types), ended_at=None
    ).update(ended_at=timezone.now())
