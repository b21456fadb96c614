"""Whether a person is a child whom this is for."""

from datetime import date

from joinedup.policy.catalogue import Limits
from joinedup.policy.question import Child


def in_scope(child: Child, on: date, limits: Limits) -> bool:
    """Whether the child is alive and under 18, or under 25 with a live reason to be known.

    Children Act 1989 s.105(1); Children Act 2004 s.10(9). A child whose birth date is not known is
    taken for one, and so is one who is yet to be born.
    """
    if child.died is not None and child.died <= on:
        return False
    if child.born is None or not _has_reached(limits.child_until_age, child.born, on):
        return True
    return (
        child.known_until is not None
        and on <= child.known_until
        and not _has_reached(limits.known_until_age, child.born, on)
    )


def _has_reached(age: int, born: date, on: date) -> bool:
    """Whether somebody is of that age; one born on 29 February reaches it on 1 March.

    Family Law Reform Act 1969 s.9: at the beginning of the day of the anniversary.
    """
    return (on.year - age, on.month, on.day) >= (born.year, born.month, born.day)
