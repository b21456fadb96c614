"""One look at a child, as the rules see it: no name, no number that could be read, no words."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Access:
    """Who looked, when, at which child, and what is known around it.

    ``at`` is local time. ``child``, ``home``, ``case`` and ``school`` are opaque: they can be
    compared and no more; empty when there was none. ``place`` is where the child's number lies
    among all numbers, for telling a run of numbers; None when no number was asked for or found.
    ``found`` says that somebody was found. ``near`` says how the child is near to whoever looked
    (the names of signs in ``signs.circle``). ``known_here`` says that some custodian of the
    person's own area holds a record of the child; ``worked`` that their organisation did something
    for the child soon after, or holds a record that was in use. Both are None while it cannot be
    said.
    """

    id: Hashable
    at: datetime
    person: str
    organisation: str
    role: str
    child: str = ""
    home: str = ""
    place: int | None = None
    found: bool = True
    case: str = ""
    school: str = ""
    emergency: bool = False
    near: frozenset[str] = frozenset()
    known_here: bool | None = None
    worked: bool | None = None
