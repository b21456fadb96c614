"""Signs that somebody does far more of something than is usual for them, or in their role.

Usual is the median; far more is so many medians of absolute deviations above it (MAD), which a few
who do far more do not move.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from statistics import median

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits
from joinedup.hub.watching.signs.recent import once_a_day, windows

LEAST_MAD = 1.0
"""Where everybody does the same, one more is not yet unusual."""
LEAST_SHARE = 0.03
"""The same, of a share of all questions."""
DAYS_BEFORE = 5
"""Days of looking before a person has a usual day; until then the floor alone counts."""


def bound(counts: Sequence[float], mads: float, least: float) -> float:
    """Give what is far more than usual among these; ``least`` is the least deviation reckoned."""
    if not counts:
        return 0.0
    middle = median(counts)
    spread = median(abs(each - middle) for each in counts)
    return float(middle + mads * max(spread, least))


def more_than_usual(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """More different children in a day than this person's days so far have."""
    days: list[int] = []
    today: set[str] = set()
    told = False
    last = None
    for look in looks:
        if look.at.date() != last:
            if today:
                days.append(len(today))
            today, told, last = set(), False, look.at.date()
        if look.child:
            today.add(look.child)
        usual = bound(days, limits.day_mads, LEAST_MAD) if len(days) >= DAYS_BEFORE else 0.0
        if not told and len(today) > max(usual, limits.day_least):
            told = True
            yield look


def more_misses_than_usual(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """A far larger share of questions that found nobody, over two weeks, than others' in the role.

    Gives the look at which it became so.
    """
    shares = {
        person: sum(not look.found for look in own) / len(own) for person, own in _each(looks)
    }
    usual = bound(list(shares.values()), limits.missed_mads, LEAST_SHARE)
    back = timedelta(days=limits.missed_days)
    for _, own in _each(looks):
        was_so = False
        missed = 0
        before: deque[Access] = deque()
        for look, recent in windows(own, back):
            before.append(look)
            missed += not look.found
            while before[0] is not recent[0]:
                missed -= not before.popleft().found
            is_so = missed >= limits.missed_total and missed > usual * len(recent)
            if is_so and not was_so:
                yield look
            was_so = is_so


def many_emergencies(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """Far more emergencies in a month than others in the role have."""
    back = timedelta(days=limits.emergency_days)
    called = {person: [look for look in own if look.emergency] for person, own in _each(looks)}
    most = [max((len(recent) for _, recent in windows(own, back)), default=0)
            for own in called.values()]  # fmt: skip
    usual = bound(most, limits.emergency_mads, LEAST_MAD)
    return once_a_day(
        look
        for own in called.values()
        for look, recent in windows(own, back)
        if len(recent) >= max(limits.emergency_least, usual)
    )


def _each(looks: Sequence[Access]) -> Iterable[tuple[str, list[Access]]]:
    by_person: dict[str, list[Access]] = defaultdict(list)
    for look in looks:
        by_person[look.person].append(look)
    return by_person.items()
