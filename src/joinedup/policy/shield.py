"""What a shield's events come to: how far a child is hidden, and what reviewers still have to do.

A shield hides a child from a person who may harm them. Anyone at a custodian may ask for one, and
it holds at once; two others review it; it is looked at again by a date; to lift it takes two.
Nothing that was forgotten, left too long or done by one person makes it weaker. After the Children
Act 2004 Information Database (England) Regulations 2007 (SI 2007/2182) and its shielding guidance,
whose shields were lost when records were loaded again; the levels are the PDS's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from joinedup.policy.question import Level

FIRST_REVIEW_DAYS = 2
"""Working days in which two people review what was asked for."""
NEXT_REVIEW_MONTHS = 6
"""Months until a shield is looked at again (ContactPoint's period)."""
REVIEWERS = 2


class Kind(StrEnum):
    """What can happen to a shield."""

    ASK = "ask"  # somebody asks for a level: it holds at once
    CONFIRM = "confirm"  # a reviewer agrees
    LIFT_ASKED = "lift-asked"  # a reviewer asks for a lower level, or none
    LIFT = "lift"  # another agrees to that
    REVIEW = "review"  # looked at again by its date, and kept
    EXPIRE = "expire"  # the date to look at it again has gone by: the shield stays
    SOURCE = "source"  # what the source of truth's own flag says now
    JOINED = "joined"  # another shield's records were found to be this child's
    PARTED = "parted"  # records were split: every part stays shielded until reviewed


@dataclass(frozen=True, slots=True)
class Event:
    """One event: on which day, by whom (any reference; never two people's the same), what level.

    ``level`` is the one asked for, for a lift the one that remains, for ``SOURCE`` and ``JOINED``
    the other's; nothing for the rest.
    """

    kind: Kind
    on: date
    by: str = ""
    level: Level = Level.OPEN


class Standing(StrEnum):
    """What a shield waits for."""

    NONE = "none"  # nobody has asked, or it was lifted
    TO_REVIEW = "to-review"  # in force, and two people have yet to look
    IN_FORCE = "in-force"
    LIFT_ASKED = "lift-asked"  # in force, and a second person has yet to agree to lift it


@dataclass(frozen=True, slots=True)
class Shield:
    """A shield as it stands. ``level`` is what counts: ours or the source of truth's.

    ``review_by`` is when people must next look, ``overdue`` that the date has gone by.
    ``confirmed_by`` are those who agreed in this round, ``asked_by`` those they must not be.
    """

    own: Level = Level.OPEN
    source: Level = Level.OPEN
    standing: Standing = Standing.NONE
    review_by: date | None = None
    overdue: bool = False
    asked_by: frozenset[str] = frozenset()
    confirmed_by: frozenset[str] = frozenset()
    lift_asked_by: str = ""
    lift_to: Level = Level.OPEN

    @property
    def level(self) -> Level:
        """Whichever is higher, our own or the source of truth's."""
        return max(self.own, self.source)


NOTHING = Shield()


def fold(events: Iterable[Event], start: Shield = NOTHING) -> Shield:
    """Give what events come to, in their order.

    Total: an event that may not do what it says (one person confirming twice, or lifting alone)
    leaves the shield as strong as it was.
    """
    shield = start
    for event in events:
        shield = after(shield, event)
    return shield


def after(shield: Shield, event: Event) -> Shield:
    """Give the shield after one more event."""
    match event.kind:
        case Kind.ASK | Kind.JOINED:
            return _asked(shield, event)
        case Kind.PARTED:
            if shield.own is Level.OPEN:
                return shield
            return _to_review(shield, event.on)
        case Kind.CONFIRM:
            return _confirmed(shield, event)
        case Kind.REVIEW:
            if shield.standing is not Standing.IN_FORCE or not event.by:
                return shield
            return replace(shield, review_by=months_later(event.on), overdue=False)
        case Kind.LIFT_ASKED:
            if not event.by or event.level >= shield.own:
                return shield
            return replace(
                shield,
                standing=Standing.LIFT_ASKED,
                lift_asked_by=event.by,
                lift_to=event.level,
            )
        case Kind.LIFT:
            return _lifted(shield, event)
        case Kind.EXPIRE:
            return replace(shield, overdue=shield.own is not Level.OPEN)
        case Kind.SOURCE:
            return replace(shield, source=event.level)


def may_lift(shield: Shield, by: str, to: Level) -> bool:
    """Say whether this person's word, with what was asked before, lowers the shield to a level."""
    return (
        shield.standing is Standing.LIFT_ASKED
        and bool(by)
        and by != shield.lift_asked_by
        and to == shield.lift_to
    )


def is_overdue(shield: Shield, on: date) -> bool:
    """Say whether the date to look at it has gone by: a task for reviewers, never a weaker shield.

    Takes the day; an ``EXPIRE`` event records the same for good.
    """
    late = shield.review_by is not None and on > shield.review_by
    return shield.own is not Level.OPEN and (shield.overdue or late)


def together(levels: Iterable[Level]) -> Level:
    """Give the level of records that are taken for one child: the highest of any."""
    return max(levels, default=Level.OPEN)


def working_days_later(day: date, days: int = FIRST_REVIEW_DAYS) -> date:
    """Give the day so many working days on: Monday to Friday.

    Bank holidays count as working days, so that a review is due sooner rather than later.
    """
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def months_later(day: date, months: int = NEXT_REVIEW_MONTHS) -> date:
    """Give the same day of the month so many months on, or that month's last day."""
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=day.day - 1), next_month - timedelta(days=1))


def _asked(shield: Shield, event: Event) -> Shield:
    if event.level is Level.OPEN:
        return shield
    asked = replace(
        shield,
        own=max(shield.own, event.level),
        asked_by=shield.asked_by | {event.by} if event.by else shield.asked_by,
    )
    return _to_review(asked, event.on)


def _to_review(shield: Shield, on: date) -> Shield:
    """Begin a round of review; what was asked to be lifted must be asked again."""
    due = working_days_later(on)
    if shield.standing is Standing.TO_REVIEW and shield.review_by is not None:
        due = min(due, shield.review_by)  # asking again does not win time
    return replace(
        shield,
        standing=Standing.TO_REVIEW,
        review_by=due,
        overdue=False if shield.standing is not Standing.TO_REVIEW else shield.overdue,
        confirmed_by=frozenset(),
        lift_asked_by="",
        lift_to=Level.OPEN,
    )


def _confirmed(shield: Shield, event: Event) -> Shield:
    """A confirmation counts once for each person, and not for one who asked.

    It also answers a request to lift: the shield is kept.
    """
    if not event.by or event.by in shield.asked_by or shield.own is Level.OPEN:
        return shield
    by = shield.confirmed_by | {event.by}
    kept = replace(shield, confirmed_by=by, lift_asked_by="", lift_to=Level.OPEN)
    if len(by) < REVIEWERS:
        return replace(kept, standing=Standing.TO_REVIEW)
    return replace(
        kept,
        standing=Standing.IN_FORCE,
        review_by=months_later(event.on),
        overdue=False,
    )


def _lifted(shield: Shield, event: Event) -> Shield:
    if not may_lift(shield, event.by, event.level):
        return shield
    left = replace(shield, own=event.level, lift_asked_by="", lift_to=Level.OPEN, overdue=False)
    if event.level is Level.OPEN:
        return replace(
            left,
            standing=Standing.NONE,
            review_by=None,
            asked_by=frozenset(),
            confirmed_by=frozenset(),
        )
    return replace(left, standing=Standing.IN_FORCE, review_by=months_later(event.on))
