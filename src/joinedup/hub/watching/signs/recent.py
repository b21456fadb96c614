"""The looks of the last so many hours or days, as one goes through them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from joinedup.hub.watching.access import Access


def windows(looks: Iterable[Access], back: timedelta) -> Iterator[tuple[Access, Sequence[Access]]]:
    """Give each look with those of the time before it, itself last."""
    kept: deque[Access] = deque()
    for look in looks:
        kept.append(look)
        while look.at - kept[0].at > back:
            kept.popleft()
        yield look, kept


def once_a_day(looks: Iterable[Access]) -> Iterator[Access]:
    """Give the first look of each person and day."""
    seen = set()
    for look in looks:
        key = (look.person, look.at.date())
        if key not in seen:
            seen.add(key)
            yield look
