"""What the register says around a look: was there work, is the child known here, at which school.

Work is what the hub itself can see: the organisation decided a review case, asked for or shared
something about the child, or holds a record of its own that was in use that day or later.
What it cannot see is judged by a person, who can look into the organisation's own case system.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from joinedup.hub.organisations.models import Kind
from joinedup.hub.register.models import Pointer

WORK = ("review.decide", "share.request", "share.offer", "share.decide", "share.hand-on")
"""Acts of work. Fetching a record is none: whoever snoops does that, too."""
EDUCATION = "education.details"
_COMMON = 0.02
"""The share of an organisation's own children that another must know, to be of its area."""


class Known:
    """Pointers and acts of work concerning some children, as of one moment."""

    def __init__(self, suis: Iterable[str], work: Iterable[tuple[str, str, datetime]]) -> None:
        """Take the children, and acts of work: whose, about whom, when."""
        self._holders: dict[str, set[str]] = defaultdict(set)
        self._in_use: dict[tuple[str, str], date] = {}
        self._school: dict[str, str] = {}
        pointers = Pointer.objects.filter(sui__in=set(suis)).values_list(
            "sui", "holding__custodian__ods_code", "holding__custodian__kind",
            "holding__record_type", "last_seen",
        )  # fmt: skip
        for sui, code, kind, record_type, last_seen in pointers:
            self._holders[sui].add(code)
            until = last_seen or date.max
            self._in_use[code, sui] = max(until, self._in_use.get((code, sui), date.min))
            if kind == Kind.EDUCATION and record_type == EDUCATION:
                self._school[sui] = code
        self._work: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for code, sui, at in work:
            self._work[code, sui].append(at)
        self._area = self._areas()

    def school(self, sui: str) -> str:
        """Give the school that holds the child's education record."""
        return self._school.get(sui, "")

    def here(self, organisation: str, sui: str) -> bool | None:
        """Whether somebody of the organisation's area holds a record; None if there is no area."""
        area = self._area.get(organisation)
        return bool(area & self._holders[sui]) if area else None

    def worked(
        self, organisation: str, sui: str, at: datetime, now: datetime, hindsight: timedelta
    ) -> bool | None:
        """Whether work on the child followed; None while it is too early to say that none did."""
        if self._in_use.get((organisation, sui), date.min) >= at.date():
            return True
        if any(at <= each <= at + hindsight for each in self._work[organisation, sui]):
            return True
        return None if now < at + hindsight else False

    def _areas(self) -> dict[str, set[str]]:
        """Who holds records of many of the same children: as agencies of one area do."""
        own: Counter[str] = Counter()
        shared: dict[str, Counter[str]] = defaultdict(Counter)
        for holders in self._holders.values():
            for code in holders:
                own[code] += 1
                shared[code].update(holders)
        return {
            code: {other for other, count in shared[code].items() if count >= _COMMON * own[code]}
            for code in own
        }
