"""From looks to what somebody should ask about: which rules were met, by whom, on which day."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.rules import Rules
from joinedup.hub.watching.signs import SIGNS


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that one person's looks of a day met, and which looks those are."""

    rule: str
    person: str
    day: date
    looks: tuple[Hashable, ...]


def judge(looks: Iterable[Access], rules: Rules) -> list[Finding]:
    """Give every finding among these looks, by day; the same looks always give the same."""
    given = sorted(looks, key=lambda look: (look.at, str(look.id)))
    wanted = {sign for rule in rules.rules for sign in rule.signs}
    shown = {sign: _showing(sign, given, rules) for sign in wanted}
    found: dict[tuple[date, str, str], list[Hashable]] = defaultdict(list)
    for rule in rules.rules:
        meeting = frozenset.intersection(*(shown[sign] for sign in rule.signs))
        if not meeting:
            continue
        for look in given:
            if look.id in meeting:
                found[look.at.date(), rule.code, look.person].append(look.id)
    return [
        Finding(rule, person, day, tuple(ids)) for (day, rule, person), ids in sorted(found.items())
    ]


def _showing(sign: str, looks: Sequence[Access], rules: Rules) -> frozenset[Hashable]:
    grouped = SIGNS[sign]
    groups: dict[str, list[Access]] = defaultdict(list)
    for look in looks:
        if key := grouped.group(look):
            groups[key].append(look)
    return frozenset(
        look.id for group in groups.values() for look in grouped.find(group, rules.limits)
    )
