"""Which numbers are one child's, because the source of truth replaced one by another.

Custodians say what they hold under the number that they know, and keep it long after it was
replaced. So every look at the register, at shields and at caseloads goes over all numbers of the
child, and this is the one place that says which these are. Only the source of truth makes them one
(PDS: a read by number that gives another); after an adoption it never does, and a sealed pair is
obeyed whatever it says. Chains, several numbers merged into one, and circles are all one child.

Facts are kept as keyed tokens and sealed text: who has two numbers is nobody's to read here. That a
shielded child has another number is told to nobody (``reading``, ``fetching``, ``delivering``).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from joinedup.hub.reconciliation import links
from joinedup.hub.register.models import Supersession
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.shields.key import tokens
from joinedup.linkage.record import LinkRecord

PDS = "pds"

_ALL = """
WITH RECURSIVE known(token) AS (
    SELECT %s::bytea
    UNION
    SELECT next.token FROM known, LATERAL (
        SELECT new FROM register_supersession WHERE old = known.token AND ended_at IS NULL
        UNION ALL
        SELECT old FROM register_supersession WHERE new = known.token AND ended_at IS NULL
    ) AS next(token)
)
SELECT fact.old, fact.box FROM known
JOIN register_supersession fact ON fact.old = known.token AND fact.ended_at IS NULL
ORDER BY fact.since, fact.id
"""


class KnownAs(NamedTuple):
    """The numbers of a child, the one that was asked about first, and whether it was replaced."""

    numbers: tuple[str, ...]
    replaced: bool


def learnt(old: str, new: str, source: str = PDS) -> bool:
    """Keep that a number was replaced by another; says whether that is news.

    Not where the two must never be joined. May be said again.
    """
    if old == new or _apart([old, new]):
        return False
    ours = tokens()
    name = ours.number(old)
    _, news = Supersession.objects.get_or_create(
        old=name, new=ours.number(new), ended_at=None,
        defaults={
            "box": ours.seal_text(json.dumps([old, new]), name), "source": source,
            "since": timezone.now(),
        },
    )  # fmt: skip
    return news


def in_force(number: str) -> None:
    """The source of truth gives a number as itself: what replaced it does so no more."""
    Supersession.objects.filter(old=tokens().number(number), ended_at=None).update(
        ended_at=timezone.now()
    )


def known_as(sui: str) -> KnownAs:
    """Give every number of the child with this one; one question when it is the only one.

    In a circle no number counts as replaced: the source of truth contradicts itself.
    """
    facts = _facts(sui)
    if not facts:
        return KnownAs((sui,), False)
    numbers = list(dict.fromkeys([sui, *(each for pair in facts for each in pair)]))
    apart = _apart(numbers)
    ours = tuple(each for each in numbers if each not in apart)
    replaced = {old for old, new in facts if old in ours and new in ours}
    return KnownAs(ours, sui in replaced and not replaced.issuperset(ours))


def numbers_of(sui: str) -> tuple[str, ...]:
    """Give every number of the child with this one, this one first."""
    return known_as(sui).numbers


def others_of(suis: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Give the other numbers of each child who has any, with one question when nobody has."""
    ours = tokens()
    by_token = {ours.number(sui): sui for sui in set(suis)}
    asked = list(by_token)
    rows = Supersession.objects.filter(Q(old__in=asked) | Q(new__in=asked), ended_at=None)
    named = {bytes(each) for pair in rows.values_list("old", "new") for each in pair}
    found = {sui: numbers_of(sui)[1:] for token, sui in by_token.items() if token in named}
    return {sui: others for sui, others in found.items() if others}


def asked_under(sui: str, held: Sequence[tuple[str, datetime]]) -> str:
    """Give the number by which a custodian is asked: the one it knows the child by.

    ``held`` are the numbers of its pointers to the child, and as at when each was true. The number
    of the search counts where the custodian knows it, or none; else the newest.
    """
    if not held or any(number == sui for number, _ in held):
        return sui
    return max(held, key=lambda each: (each[1], each[0]))[0]


@contextmanager
def pointers_of(numbers: Sequence[str]) -> Iterator[None]:
    """Read pointers to a child under every number of theirs.

    The database shows an organisation pointers under the number that it searched for. The others
    are of the same child, and what is told of them is the policy's to say as for any pointer.
    """
    if len(numbers) == 1:
        yield
        return
    with across_organisations():
        yield


def forget(numbers: Iterable[str]) -> int:
    """Delete what is known of these numbers; gives how many facts. Their child was purged."""
    ours = [tokens().number(each) for each in numbers]
    return Supersession.objects.filter(Q(old__in=ours) | Q(new__in=ours)).delete()[0]


def _facts(sui: str) -> list[tuple[str, str]]:
    ours = tokens()
    with connection.cursor() as cursor:
        cursor.execute(_ALL, [ours.number(sui)])
        return [
            tuple(json.loads(ours.open_text(bytes(box), bytes(old))))
            for old, box in cursor.fetchall()
        ]


def _apart(numbers: Sequence[str]) -> set[str]:
    """Give those to leave out so that no two of a sealed pair are among these numbers."""
    known = links.current()
    with known.pool.connection() as conn:
        named = [LinkRecord("", each, nhs_numbers=(each,)) for each in numbers]
        return {ref.id for ref in known.shields.never.one_side(conn, named)}
