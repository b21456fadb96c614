"""Signals: the plain rules of ``signals.toml``, looked for in a chronology, with their evidence.

A signal says what to look at together. It has no weight, nothing adds signals up, and a rule that
had no records to look at says that it did not look (design, principles 1 and 8).
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from joinedup.chronology.merging import Chronology, Entry


class SignalsError(ValueError):
    """The file of signals says something that cannot be; the text says where."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be there; see the head of ``signals.toml`` for the words."""

    kind: str = ""
    at_least: int = 1
    agencies: int = 1
    within_days: int = 0
    words: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    measure: str = ""
    below: float | None = None
    falls_by: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule: what it is called, what it says, what to consider, where it comes from."""

    code: str
    name: str
    says: str
    consider: str
    source: str
    records: tuple[str, ...]
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal that is there, with every entry that it rests on."""

    signal: Signal
    evidence: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class NotLooked:
    """A rule that is not met, with the record types that it did not have."""

    signal: Signal
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What came of all rules. The rest were looked for and are not there."""

    shown: tuple[Shown, ...]
    not_looked: tuple[NotLooked, ...]
    not_there: tuple[Signal, ...]


@cache
def signals() -> tuple[Signal, ...]:
    """Give the rules of ``signals.toml``."""
    return read((files(__package__) / "signals.toml").read_text("utf-8"))


def read(text: str) -> tuple[Signal, ...]:
    """Read rules from TOML; raises ``SignalsError`` for what cannot be."""
    found = []
    for each in tomllib.loads(text)["signal"]:
        try:
            needs = tuple(
                Need(**{**need, "words": tuple(need.get("words", ()))}) for need in each.pop("need")
            )
            found.append(Signal(**{**each, "records": tuple(each["records"])}, needs=needs))
        except (TypeError, KeyError) as error:
            raise SignalsError(f"signal {each.get('code', '?')}: {error}") from error
        for need in needs:
            _check(found[-1].code, need)
    return tuple(found)


def _check(code: str, need: Need) -> None:
    if sum(map(bool, (need.kind, need.detail, need.measure))) != 1:
        raise SignalsError(f"signal {code}: a need names one of kind, detail and measure")
    if need.kind and need.within_days < 1:
        raise SignalsError(f"signal {code}: say within how many days (within_days)")
    if need.measure and (need.below is None) == (need.falls_by is None):
        raise SignalsError(f"signal {code}: a measure is below, or falls_by")


def look(chronology: Chronology, on: date, rules: Sequence[Signal] | None = None) -> Found:
    """Look for every rule in a chronology, as of a day."""
    shown, not_looked, not_there = [], [], []
    for signal in signals() if rules is None else rules:
        evidence = [_evidence(chronology, need, on) for need in signal.needs]
        if all(evidence):
            together = {id(entry): entry for entries in evidence for entry in entries}
            shown.append(Shown(signal, tuple(together.values())))
        elif missing := sorted(set(signal.records) - chronology.record_types):
            not_looked.append(NotLooked(signal, tuple(missing)))
        else:
            not_there.append(signal)
    return Found(tuple(shown), tuple(not_looked), tuple(not_there))


def _evidence(chronology: Chronology, need: Need, on: date) -> list[Entry]:
    """What meets a need; nothing when it is not met."""
    if need.measure:
        return _measured(chronology, need)
    if need.detail:
        return [
            entry
            for entry in chronology.details
            if entry.kind == need.detail and _with_words(entry, need)
        ]
    since = on - timedelta(days=need.within_days)
    found = [
        entry
        for entry in chronology.entries
        if entry.kind == need.kind
        and entry.when
        and since <= entry.when.last
        and entry.when.first <= on
        and _with_words(entry, need)
        and any(
            all(one.facts.get(name) == value for name, value in need.facts.items())
            for one in entry.said
        )
    ]
    agencies = {agency for entry in found for agency in entry.agencies}
    return found if len(found) >= need.at_least and len(agencies) >= need.agencies else []


def _with_words(entry: Entry, need: Need) -> bool:
    said = f"{entry.label} {entry.text}".casefold()
    return not need.words or any(words.casefold() in said for words in need.words)


def _measured(chronology: Chronology, need: Need) -> list[Entry]:
    """School years with the figure, newest first. Where agencies differ, all must bear it out."""
    years: dict[date, list[Entry]] = {}
    for entry in chronology.entries:
        if entry.when and any(need.measure in one.facts for one in entry.said):
            years.setdefault(entry.when.first, []).append(entry)
    newest = sorted(years, reverse=True)
    if need.below is not None:
        below = need.below
        latest = years[newest[0]] if newest else []
        return latest if latest and max(_figures(latest, need.measure)) < below else []
    for later, earlier in pairwise(newest[:2]):
        fell = min(_figures(years[earlier], need.measure)) - max(
            _figures(years[later], need.measure)
        )
        if need.falls_by is not None and fell >= need.falls_by:
            return [*years[later], *years[earlier]]
    return []


def _figures(entries: Sequence[Entry], measure: str) -> list[float]:
    return [
        float(one.facts[measure]) for entry in entries for one in entry.said if measure in one.facts
    ]
