"""Signs in how somebody goes from child to child: along numbers, by trying, through a school."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits
from joinedup.hub.watching.signs.recent import once_a_day, windows


def run_of_numbers(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """NHS numbers beside each other, also when it takes days (A16, the slow sweep)."""
    return once_a_day(_runs(looks, limits))


def _runs(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    kept: deque[tuple[Access, int]] = deque()
    places: list[int] = []  # sorted
    for look in looks:
        while kept and look.at - kept[0][0].at > timedelta(days=limits.run_days):
            _, gone = kept.popleft()
            del places[bisect_left(places, gone)]
        place = look.place
        if place is None or _has(places, place):
            continue
        insort(places, place)
        kept.append((look, place))
        if _neighbours(places, place, limits.run_gap) >= limits.run_neighbours:
            yield look


def _neighbours(places: Sequence[int], place: int, gap: int) -> int:
    """How many lie in one run with this place, none further than ``gap`` from the next."""
    here = bisect_left(places, place)
    low = here
    while low and places[low] - places[low - 1] <= gap:
        low -= 1
    high = here
    while high + 1 < len(places) and places[high + 1] - places[high] <= gap:
        high += 1
    return high - low


def _has(places: Sequence[int], place: int) -> bool:
    return bisect_left(places, place) != bisect_right(places, place)


def burst_of_misses(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """Several questions within hours that found nobody."""
    missed = (look for look in looks if not look.found)
    return once_a_day(
        look
        for look, recent in windows(missed, timedelta(hours=limits.missed_hours))
        if len(recent) >= limits.missed_least
    )


def one_school(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """Many children of one school, which was not this person's work before."""
    return once_a_day(_of_one_school(looks, limits))


def _of_one_school(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    before: Counter[str] = Counter()
    counted: deque[Access] = deque()
    at_school = [look for look in looks if look.school]
    for look, recent in windows(at_school, timedelta(days=limits.school_days)):
        counted.append(look)
        while counted and counted[0].at < recent[0].at:
            before[counted.popleft().school] += 1
        children = {each.child for each in recent if each.school == look.school}
        if len(children) < limits.school_least or look.organisation == look.school:
            continue
        share = len(children) / len({each.child for each in recent})
        usual = before[look.school] / max(1, before.total())
        if share >= limits.school_share and usual <= limits.own_school_share:
            yield look
