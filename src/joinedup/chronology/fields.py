"""``fields.toml``: the words and the nature of every field that a record can have."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Nature(StrEnum):
    """What kind of thing is said (golden rules 6 and 7; trust rule L10)."""

    FACT = "fact"
    OPINION = "opinion"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Detail:
    """A field without a date. ``each``: a list whose members are told one by one."""

    label: str
    nature: Nature = Nature.FACT
    compare: str = ""
    place: bool = False
    each: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happening:
    """A field with a date: a list of events, or (``date`` is empty) a date alone."""

    kind: str
    label: str
    nature: Nature = Nature.FACT
    date: str = ""
    from_year: str = ""
    to_year: str = ""
    title: str = ""
    same_within_days: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Described:
    """A record type: its name, and its fields."""

    name: str
    details: Mapping[str, Detail]
    events: Mapping[str, Happening]


@cache
def described() -> Mapping[str, Described]:
    """Give every record type as ``fields.toml`` has it."""
    text = (files(__package__) / "fields.toml").read_text("utf-8")
    return {
        name: Described(
            each["name"],
            {key: Detail(**_read(value)) for key, value in each.get("details", {}).items()},
            {key: Happening(**_read(value)) for key, value in each.get("events", {}).items()},
        )
        for name, each in tomllib.loads(text).items()
    }


def _read(value: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "nature": Nature(value.get("nature", Nature.FACT))}


def without_place(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record without whatever tells where the child is, or who could be asked to find out.

    For a child whose location is withheld (level R), in case the custodian's system let something
    through: a field that is not known here goes too.
    """
    known = described().get(str(record.get("recordType")))
    kept = {
        name: value
        for name, value in record["payload"].items()
        if known
        and (name in known.events or (name in known.details and not known.details[name].place))
    }
    hidden = ("contactDetails", "recordLinks", "sourceSystem")
    return {**{key: value for key, value in record.items() if key not in hidden}, "payload": kept}
