"""The law as data: purposes, legal bases, what records hold, duties that begin on a day.

``catalogue.toml`` and ``rules.toml`` are the data, each entry with its source. Reading them checks
that they fit together, so that a slip of the pen stops the program and opens nothing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

from joinedup.policy.question import Action

OTHER = "other"  # the legal class of an organisation that is under no duty of s.16LA


class CatalogueError(ValueError):
    """The data contradicts itself; the text says where."""


class Depth(IntEnum):
    """How much of a record: nothing, that it exists, or what it says too."""

    NONE = 0
    EXISTENCE = 1
    CONTENT = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures that the law or good practice sets."""

    break_glass_minutes: int
    shortest_break_glass_reason: int
    complete_emergency_minutes: int
    child_until_age: int
    known_until_age: int


@dataclass(frozen=True, slots=True)
class DutyInLaw:
    """A duty of its own that begins on a day (the day is the policy's)."""

    code: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A basis in Article 6 of the UK GDPR, who may rely on it, and the duty it waits for."""

    code: str
    name: str
    article_6: str
    legal_classes: frozenset[str]
    duty: str
    source: str


@dataclass(frozen=True, slots=True)
class DataClass:
    """What kind of thing a record holds."""

    code: str
    name: str
    only_location: bool
    sensitive: bool
    source: str


@dataclass(frozen=True, slots=True)
class Askers:
    """Who of one kind of organisation asks for a purpose, and how deep for each data class."""

    roles: frozenset[str]
    depths: Mapping[str, Depth]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody may ask, under which law, who, and how much of what they may be told."""

    code: str
    name: str
    article_9: str
    gateway: str
    bases: frozenset[str]
    actions: frozenset[Action]
    archive: bool
    emergency: bool
    asks: Mapping[str, Askers]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's words when it is met and when it is not, and its source.

    A ``secret`` rule is written down, and never told to whoever asks.
    """

    code: str
    yes: str
    no: str
    source: str
    secret: bool


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Everything in the two files; ``content`` is what a policy's version is made from.

    Two are the same when they are one object, so that what is worked out from one can be kept.
    """

    limits: Limits
    duties: Mapping[str, DutyInLaw]
    bases: Mapping[str, LegalBasis]
    classes: Mapping[str, DataClass]
    record_types: Mapping[str, DataClass]
    purposes: Mapping[str, Purpose]
    rules: Mapping[str, Rule]
    content: Mapping[str, Any]

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Catalogue":
        """Read the data; raises ``CatalogueError`` when it contradicts itself."""
        try:
            made = cls(
                limits=Limits(**{_python(key): value for key, value in content["limits"].items()}),
                duties={code: DutyInLaw(code, **each) for code, each in content["duty"].items()},
                bases={code: _basis(code, each) for code, each in content["basis"].items()},
                classes={code: _class(code, each) for code, each in content["class"].items()},
                record_types={
                    code: _class(name, content["class"][name])
                    for code, name in content["record-type"].items()
                },
                purposes={code: _purpose(code, each) for code, each in content["purpose"].items()},
                rules={code: _rule(code, each) for code, each in content["rule"].items()},
                content=content,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogueError(f"the policy's catalogue cannot be read: {error!r}") from error
        made._check()
        return made

    def _check(self) -> None:
        for basis in self.bases.values():
            _known(f"basis {basis.code}", {basis.duty} - {""}, self.duties)
        for purpose in self.purposes.values():
            where = f"purpose {purpose.code}"
            _known(where, purpose.bases, self.bases)
            if not purpose.bases or not purpose.actions or not purpose.asks:
                raise CatalogueError(f"{where} needs bases, actions and who asks")
            for askers in purpose.asks.values():
                _known(where, askers.depths, self.classes)


@cache
def national() -> Catalogue:
    """Give the catalogue that comes with the program."""
    folder = files("joinedup.policy")
    content = tomllib.loads((folder / "catalogue.toml").read_text("utf-8"))
    rules = tomllib.loads((folder / "rules.toml").read_text("utf-8"))
    return Catalogue.read({**content, "rule": rules})


def _python(key: str) -> str:
    return key.replace("-", "_")


def _known(where: str, named: Any, known: Mapping[str, Any]) -> None:
    missing = sorted(set(named) - set(known))
    if missing:
        raise CatalogueError(f"{where} names what is not in the catalogue: {', '.join(missing)}")


def _basis(code: str, each: Mapping[str, Any]) -> LegalBasis:
    return LegalBasis(
        code,
        each["name"],
        each["article-6"],
        frozenset(each["legal-classes"]),
        each.get("duty", ""),
        each["source"],
    )


def _class(code: str, each: Mapping[str, Any]) -> DataClass:
    return DataClass(
        code,
        each["name"],
        each.get("only-location", False),
        each.get("sensitive", False),
        each["source"],
    )


def _purpose(code: str, each: Mapping[str, Any]) -> Purpose:
    return Purpose(
        code,
        each["name"],
        each["article-9"],
        each["gateway"],
        frozenset(each["bases"]),
        frozenset(map(Action, each["actions"])),
        each.get("archive", False),
        each.get("emergency", False),
        {kind: _askers(asks) for kind, asks in each["asks"].items()},
    )


def _askers(each: Mapping[str, Any]) -> Askers:
    depths = dict.fromkeys(each.get("existence", ()), Depth.EXISTENCE)
    depths |= dict.fromkeys(each.get("content", ()), Depth.CONTENT)
    return Askers(frozenset(each["roles"]), depths)


def _rule(code: str, each: Mapping[str, Any]) -> Rule:
    return Rule(code, each["yes"], each["no"], each["source"], each.get("secret", False))
