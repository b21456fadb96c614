"""The signs that rules are made of, by name.

A sign takes the looks of one group (a person, a child, a case or a role; oldest first) and the
limits, and gives those looks that show it. Plain functions: nothing here knows of Django or of a
database. One that tells of a pace gives the look at which the limit was reached, once a day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits
from joinedup.hub.watching.signs import casework, circle, pace, times, usual

Sign = Callable[[Sequence[Access], Limits], Iterable[Access]]
Group = Callable[[Access], str]


@dataclass(frozen=True, slots=True)
class Grouped:
    """A sign, and which looks it is shown together (``group`` gives "" for none)."""

    group: Group
    find: Sign


def by_person(access: Access) -> str:
    """The group of signs that need one person's looks and nobody else's."""
    return access.person


def _child(access: Access) -> str:
    return access.child


def _case(access: Access) -> str:
    return access.case and f"{access.organisation} {access.case}"


def _role(access: Access) -> str:
    return access.role


SIGNS: dict[str, Grouped] = {
    **{name: Grouped(by_person, circle.near(name)) for name in circle.NEAR},
    "no-work": Grouped(by_person, casework.no_work),
    "unworked-run": Grouped(by_person, casework.unworked_run),
    "looked-again": Grouped(by_person, casework.looked_again),
    "seen-before": Grouped(by_person, casework.seen_before),
    "borrowed-case": Grouped(_case, casework.borrowed_case),
    "not-known-here": Grouped(by_person, casework.not_known_here),
    "crowd": Grouped(_child, casework.crowd),
    "run-of-numbers": Grouped(by_person, pace.run_of_numbers),
    "burst-of-misses": Grouped(by_person, pace.burst_of_misses),
    "one-school": Grouped(by_person, pace.one_school),
    "out-of-hours": Grouped(by_person, times.out_of_hours),
    "after-a-long-pause": Grouped(by_person, times.after_a_long_pause),
    "more-than-usual": Grouped(by_person, usual.more_than_usual),
    "more-misses-than-usual": Grouped(_role, usual.more_misses_than_usual),
    "many-emergencies": Grouped(_role, usual.many_emergencies),
}
