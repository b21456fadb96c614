"""Signs in when somebody looked: at an hour that is not theirs, after a long pause."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits

SATURDAY = 5


def out_of_hours(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """At night or a weekend, where this person's own looks so far say that they do not work.

    Until there are enough of them nothing can be said.
    """
    parts: Counter[tuple[bool, bool]] = Counter()
    for look in looks:
        part, known = _part(look, limits), parts.total()
        if any(part) and known >= limits.usual_least and parts[part] <= limits.usual_share * known:
            yield look
        parts[part] += 1


def after_a_long_pause(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """On the first day of looking again after weeks without any."""
    pause = timedelta(days=limits.dormant_days)
    woken = None
    for before, look in pairwise(looks):
        if look.at - before.at >= pause:
            woken = look.at.date()
        if woken == look.at.date():
            yield look


def _part(look: Access, limits: Limits) -> tuple[bool, bool]:
    """Whether it is a weekend, and whether it is night."""
    night = not limits.first_hour <= look.at.hour < limits.last_hour
    return look.at.weekday() >= SATURDAY, night
