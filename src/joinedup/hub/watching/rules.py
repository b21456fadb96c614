"""The rules as data: which signs together make an alert, and the limits that signs go by."""

import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from joinedup.hub.watching.limits import Limits
from joinedup.hub.watching.signs import SIGNS

FILE = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert is raised for a look that shows all of these signs."""

    code: str
    signs: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them."""

    limits: Limits
    rules: tuple[Rule, ...]

    def words(self, code: str) -> str:
        """Give a rule's words; the code itself for a rule that there is no longer."""
        return next((rule.words for rule in self.rules if rule.code == code), code)


class RulesError(ValueError):
    """The file of rules cannot be used; the text says what to put right."""


@lru_cache(maxsize=1)
def shipped() -> Rules:
    """Give the rules that are shipped."""
    return read(FILE.read_text("utf-8"))


def read(text: str) -> Rules:
    """Read rules from TOML; raises ``RulesError``."""
    try:
        data = tomllib.loads(text)
        names = {each.name for each in fields(Limits)}
        given = set(data["limits"])
        if given != names:
            raise RulesError(f"[limits] has unknown or missing names: {sorted(given ^ names)}.")
        rules = tuple(
            Rule(each["code"], tuple(each["signs"]), each["words"]) for each in data["rule"]
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise RulesError(f"The rules cannot be read: {error}.") from error
    for rule in rules:
        unknown = [sign for sign in rule.signs if sign not in SIGNS]
        if unknown or not rule.signs:
            raise RulesError(f"The rule {rule.code} has no sign, or an unknown one: {unknown}.")
    if len({rule.code for rule in rules}) != len(rules):
        raise RulesError("Two rules have the same code.")
    return Rules(Limits(**data["limits"]), rules)
