"""Stops whoever walks through the population, and nobody on an ordinary day (reference 2.4, A16).

``check`` before a child is asked about, ``missed`` when nobody was found. Both are short
transactions of their own: call them before the transaction that answers, so that what was counted
stays counted. It is counted per person, per machine client and per organisation; the person or
client that meets a limit is held, and the ``Hold`` is kept for whoever reviews it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from joinedup.hub.limits.keyed import fingerprint, moved
from joinedup.hub.limits.models import Hold, Recent, Seen, Tally
from joinedup.hub.limits.sweeps import WINDOW, shared_sweep, sweep
from joinedup.hub.organisations.models import MachineClient, Organisation, Person
from joinedup.hub.prepared import rows

CHILDREN, MISSES, PUBLISHED = "children", "misses", "published"

KEPT_FOR = timedelta(days=7)
HELD_FOR = timedelta(hours=24)

ORGANISATIONS_WINDOW = 512
"""An organisation's last numbers, over however many days and accounts they were spread."""

SAME_NAME_BIRTHS = 12
"""So many birth dates tried in vain with one name are a search for a birth date."""


@dataclass(frozen=True, slots=True)
class Day:
    """What an asker may do in a day.

    ``misses`` counts only once more than ``miss_share`` of the children were misses.
    """

    children: int
    misses: int
    miss_share: float
    published: int


# A practitioner's busiest days are some tens of children; a client's, a whole authority's list.
PERSON = Day(children=200, misses=60, miss_share=0.5, published=0)
CLIENT = Day(children=400_000, misses=300, miss_share=0.5, published=5_000_000)
ORGANISATION = Day(children=500_000, misses=1_000, miss_share=0.5, published=5_000_000)


class Held(Exception):
    """The asker may not ask for now: answer 429. Which rule it met is not for the caller."""

    def __init__(self, until: datetime) -> None:
        super().__init__(SAID)
        self.until = until

    @property
    def seconds(self) -> int:
        """When to ask again."""
        return max(1, round((self.until - timezone.now()).total_seconds()))


SAID = (
    "This asks about more children, or in another way, than everyday work does, and was stopped. "
    "Your information governance lead can see why, and ask for it to be lifted."
)


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: a person or a machine client, always for an organisation.

    With both, a client asks on a named person's behalf, and it is the person who is counted first.
    """

    organisation: Organisation
    client: MachineClient | None = None
    person: Person | None = None

    def askers(self) -> list[tuple[str, Day, int]]:
        """Each name under which is counted, whoever is held first, with limits and window."""
        own: list[tuple[str, Day, int]] = []
        if self.person is not None:
            own.append((f"person:{self.person.pk}", PERSON, WINDOW))
        if self.client is not None:
            own.append((f"client:{self.client.pk}", CLIENT, WINDOW))
        whole = (f"organisation:{self.organisation.pk}", ORGANISATION, ORGANISATIONS_WINDOW)
        return [*own, whole]


@dataclass(frozen=True, slots=True)
class Asked:
    """A child as they were asked about: by number, or by name and birth date, or by both."""

    number: str = ""
    name: str = ""
    born: date | None = None

    @property
    def key(self) -> str:
        return self.number or f"{self.name}|{self.born}"


class TooFast(Exception):
    """The asker's minute is full; ``seconds`` says for how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"try again in {seconds:.0f} seconds")
        self.seconds = max(1, round(seconds))


def check(who: Who, asked: Asked | None = None, per_minute: int | None = None) -> None:
    """Count a child that is about to be asked about; raises ``Held`` instead of letting it be.

    The same child again on the same day counts once. Without ``asked`` only holds are looked at.
    With ``per_minute`` it raises ``TooFast`` for more questions than that; they come back evenly
    over the minute.
    """
    if connection.in_atomic_block:
        raise RuntimeError("what is counted stays counted: ask before the transaction that answers")
    if per_minute == 0:
        raise TooFast(60)
    askers = who.askers()
    names = [asker for asker, _, _ in askers] if asked else []
    found = rows(
        _ASK,
        [
            askers[0][0],
            per_minute,
            names,
            timezone.localdate(),
            [fingerprint(asker, asked.key) for asker in names] if asked else [],
            [moved(asker, asked.number) if asked.number else None for asker in names]
            if asked
            else [],
            [window for *_, window in askers],
        ],
    )
    for (asker, limits, window), (wait, held, fresh, children, recent) in zip(
        askers, found, strict=False
    ):
        if wait:
            raise TooFast(wait)
        if held is not None:
            raise Held(held)
        if fresh and asked and (rule := _met(asker, limits, window, asked, children, recent)):
            raise Held(_hold(who, *rule))


def missed(who: Who, asked: Asked) -> None:
    """Count that nobody, or nothing, was found for it. Holds from the next question on."""
    with transaction.atomic(durable=True):
        for asker, limits, _ in who.askers():
            _, misses = _tally(asker, MISSES, asked.key)
            children = _tallied(asker, CHILDREN)
            if misses > limits.misses and misses > limits.miss_share * children:
                _hold(who, "misses", f"{misses} misses among {children} children in a day")
        if asked.name and asked.born:
            own = who.askers()[0][0]
            measure = f"births {fingerprint(own, asked.name).hex()}"
            _, births = _tally(own, measure, str(asked.born))
            if births >= SAME_NAME_BIRTHS:
                _hold(who, "births", f"{births} birth dates tried with one name")


def check_published(who: Who, numbers: Sequence[str]) -> None:
    """Count what a custodian says it holds, in the order it says it; raises ``Held``.

    A list is long on an ordinary day, so single children are not remembered: whether it walks
    through the numbers shows from each stretch of it.
    """
    with transaction.atomic(durable=True):
        until = _held_until(who)
        if until is None:
            asker, limits, _ = who.askers()[0]
            walk = _last(f"{asker}/published", [moved(asker, each) for each in numbers])
            found = next(filter(None, map(sweep, _stretches(walk))), "")
            published = _add(asker, PUBLISHED, len(numbers))
            if found:
                until = _hold(who, "sweep", f"published: {found}")
            elif published > limits.published:
                until = _hold(who, "published", f"{published} pointers in a day")
    if until is not None:
        raise Held(until)


def _met(
    asker: str, limits: Day, window: int, asked: Asked, children: int, recent: list[int] | None
) -> tuple[str, str] | None:
    """The rule that an asker meets with a child who is new today, and the evidence."""
    if children > limits.children:
        return "children", f"{children} children in a day"
    if recent is None:
        return None
    # Many share an organisation's window: only who adds to the sweep is held by it.
    number = moved(asker, asked.number)
    found = sweep(recent) if window == WINDOW else shared_sweep(recent, number)
    return ("sweep", found) if found else None


def _held_until(who: Who) -> datetime | None:
    return (
        Hold.objects.filter(asker=who.askers()[0][0], until__gt=timezone.now(), lifted_at=None)
        .order_by("-until")
        .values_list("until", flat=True)
        .first()
    )


def _hold(who: Who, rule: str, evidence: str) -> datetime:
    """Hold whoever asks: never a whole organisation, whose other people have children to help."""
    now = timezone.now()
    hold, _ = Hold.objects.get_or_create(
        asker=who.askers()[0][0],
        rule=rule,
        lifted_at=None,
        until__gt=now,
        defaults={
            "organisation": who.organisation,
            "client": None if who.person else who.client,
            "person": who.person,
            "evidence": evidence,
            "at": now,
            "until": now + HELD_FOR,
        },
    )
    return hold.until


_TALLY = """
WITH fresh AS (
  INSERT INTO limits_seen (asker, day, measure, fingerprint) VALUES (%s, %s, %s, %s)
  ON CONFLICT DO NOTHING RETURNING 1
)
INSERT INTO limits_tally AS kept (asker, day, measure, count)
SELECT %s, %s, %s, 1 FROM fresh
ON CONFLICT (asker, day, measure) DO UPDATE SET count = kept.count + 1 RETURNING count
"""

_ADD = """
INSERT INTO limits_tally AS kept (asker, day, measure, count) VALUES (%s, %s, %s, %s)
ON CONFLICT (asker, day, measure) DO UPDATE SET count = kept.count + excluded.count
RETURNING count
"""

_ASK = "SELECT * FROM limits_ask(%s, %s::int, %s::text[], %s, %s::bytea[], %s::bigint[], %s::int[])"


def _tally(asker: str, measure: str, what: str) -> tuple[bool, int]:
    """Count something once a day: whether it is new today, and how many there are."""
    which: tuple[str, date, str] = (asker, timezone.localdate(), measure)
    with connection.cursor() as cursor:
        cursor.execute(_TALLY, [*which, fingerprint(asker, what), *which])
        row = cursor.fetchone()
    return (True, int(row[0])) if row else (False, _tallied(asker, measure))


def _add(asker: str, measure: str, more: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [asker, timezone.localdate(), measure, more])
        return int(cursor.fetchone()[0])


def _tallied(asker: str, measure: str) -> int:
    found = Tally.objects.filter(asker=asker, day=timezone.localdate(), measure=measure)
    return found.values_list("count", flat=True).first() or 0


def _last(asker: str, numbers: list[int]) -> list[int]:
    """The asker's numbers before these, then these; their end is kept for the next time."""
    kept, _ = Recent.objects.select_for_update().get_or_create(
        asker=asker, defaults={"at": timezone.now()}
    )
    walk = [*kept.moved, *numbers]
    Recent.objects.filter(pk=kept.pk).update(moved=walk[-WINDOW:], at=timezone.now())
    return walk


def _stretches(walk: list[int]) -> list[list[int]]:
    """Windows over a list, each half over the one before."""
    step = WINDOW // 2
    return [walk[at : at + WINDOW] for at in range(0, max(1, len(walk) - step), step)]


def forget() -> None:
    """Drop what is older than a week."""
    oldest = timezone.localdate() - KEPT_FOR
    Seen.objects.filter(day__lt=oldest).delete()
    Tally.objects.filter(day__lt=oldest).delete()
