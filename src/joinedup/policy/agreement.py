"""What data sharing agreements say, as dated rules, and which of them covers a disclosure.

A rule says: of these sources, to these destinations, of these record types, so deep, for these
purposes, from a day to a day. Several rules may cover a disclosure; one that denies beats all that
allow. What no rule names is not covered.

Rules are held as bits of whole numbers, one number for each code, kind, class, record type and
purpose. Which rules cover a question is then four intersections, however many rules there are.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from joinedup.policy.catalogue import Depth
from joinedup.policy.footing import Footing


class Effect(StrEnum):
    """Whether a rule lets something pass or keeps it back."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """One rule of an agreement.

    ``sources`` hold the records, ``destinations`` ask. Both name organisations by code
    (``DEMOCS``), by what they do (``kind:police``) or by legal class (``class:s11``). An allowing
    rule reaches up to ``depth``, a denying one from ``depth`` on: to deny existence denies content
    too. ``valid_to`` is the last day; None while it is open.
    """

    agreement: str
    name: str
    sources: frozenset[str]
    destinations: frozenset[str]
    record_types: frozenset[str]
    purposes: frozenset[str]
    depth: Depth
    valid_from: date
    valid_to: date | None = None
    effect: Effect = Effect.ALLOW

    def as_facts(self) -> dict[str, Any]:
        """Give the rule as JSON can hold it."""
        return {
            "agreement": self.agreement,
            "name": self.name,
            "sources": sorted(self.sources),
            "destinations": sorted(self.destinations),
            "record_types": sorted(self.record_types),
            "purposes": sorted(self.purposes),
            "depth": self.depth.name.lower(),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "effect": self.effect.value,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "AgreementRule":
        """Read what ``as_facts`` gave; raises KeyError, TypeError or ValueError for what is not."""
        return cls(
            str(facts["agreement"]),
            str(facts["name"]),
            frozenset(facts["sources"]),
            frozenset(facts["destinations"]),
            frozenset(facts["record_types"]),
            frozenset(facts["purposes"]),
            Depth[facts["depth"].upper()],
            date.fromisoformat(facts["valid_from"]),
            date.fromisoformat(facts["valid_to"]) if facts["valid_to"] else None,
            Effect(facts["effect"]),
        )


class Agreements:
    """All rules, ready to be asked which of them covers a disclosure. Never changed once made."""

    def __init__(self, rules: Iterable[AgreementRule]) -> None:
        self.rules: Sequence[AgreementRule] = tuple(rules)
        self._sources = self._bits(lambda rule: rule.sources)
        self._destinations = self._bits(lambda rule: rule.destinations)
        self._record_types = self._bits(lambda rule: rule.record_types)
        self._purposes = self._bits(lambda rule: rule.purposes)
        allowing = self._bits(lambda rule: [(rule.effect, rule.depth)])
        self._allow = {
            depth: allowing.get((Effect.ALLOW, Depth.CONTENT), 0)
            | (allowing.get((Effect.ALLOW, Depth.EXISTENCE), 0) if depth < Depth.CONTENT else 0)
            for depth in (Depth.EXISTENCE, Depth.CONTENT)
        }
        self._deny = {
            depth: allowing.get((Effect.DENY, Depth.EXISTENCE), 0)
            | (allowing.get((Effect.DENY, Depth.CONTENT), 0) if depth is Depth.CONTENT else 0)
            for depth in (Depth.EXISTENCE, Depth.CONTENT)
        }
        self._changes, self._live = self._by_day()

    def covering(
        self,
        source: Footing,
        destination: Footing,
        record_type: str,
        purpose: str,
        depth: Depth,
        on: date,
    ) -> tuple[int | None, int | None]:
        """Give the first rule that denies and the first that allows, as places in ``rules``."""
        live = self._live[bisect_right(self._changes, on)]
        covers = (
            live
            & self._record_types.get(record_type, 0)
            & self._purposes.get(purpose, 0)
            & _of(self._sources, source)
            & _of(self._destinations, destination)
        )
        return _first(covers & self._deny[depth]), _first(covers & self._allow[depth])

    def _bits(self, names: Callable[[AgreementRule], Iterable[Any]]) -> dict[Any, int]:
        bits: dict[Any, int] = {}
        for place, rule in enumerate(self.rules):
            for name in names(rule):
                bits[name] = bits.get(name, 0) | 1 << place
        return bits

    def _by_day(self) -> tuple[list[date], list[int]]:
        """Give the days on which something begins or has ended, and what is live between them."""
        turns: dict[date, int] = {}
        for place, rule in enumerate(self.rules):
            if rule.valid_to is not None and rule.valid_to < rule.valid_from:
                continue  # it never begins
            turns[rule.valid_from] = turns.get(rule.valid_from, 0) ^ 1 << place
            if rule.valid_to is not None and rule.valid_to < date.max:
                over = rule.valid_to + timedelta(days=1)
                turns[over] = turns.get(over, 0) ^ 1 << place
        changes, live = sorted(turns), [0]
        for day in changes:
            live.append(live[-1] ^ turns[day])
        return changes, live


def _of(bits: Mapping[str, int], footing: Footing) -> int:
    """Give the rules that name the organisation, in any way."""
    found = bits.get("kind:" + footing.kind, 0) | bits.get("class:" + footing.legal_class, 0)
    for code in footing.codes:
        found |= bits.get(code, 0)
    return found


def _first(bits: int) -> int | None:
    return (bits & -bits).bit_length() - 1 if bits else None
