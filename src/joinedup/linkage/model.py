"""The model: what is compared, at which levels, and what each level is worth.

The method is Fellegi and Sunter's (1969) with more than one way of not being the same child. A
pair is a match, or it is two strangers, or relatives in one home (``doubts``); each level has a
probability among matches and one under each doubt. With prior odds, the weight of a pair is

    weight = -log2( sum over doubts d of 2 ** -weight_d ),
    weight_d = log2(prior_match / prior_d) + sum over comparisons of log2(match / d)

which is the log odds of a match against all doubts together. With strangers alone it is Splink's
match weight. A value that is not known on one side carries no evidence.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from joinedup.linkage.conditions import Condition, ConditionError, columns
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

FORMAT = 1
STRANGER = "stranger"


class ModelError(ValueError):
    """A model file cannot be used; the message says why and where."""


@dataclass(frozen=True, slots=True)
class Level:
    """How two values agree: the first level of a comparison whose ``when`` holds counts.

    ``when`` is a condition, or ``None`` for all that is left (the last level). ``match`` and each
    doubt of ``doubts`` are the probability of this level there. ``rarity`` names the column whose
    share of the population replaces the stranger's probability, in proportion to its average: two
    Smiths prove less than two Featherstonehaughs. ``words`` say it to a person.
    """

    name: str
    when: Condition | None
    words: str
    match: float
    doubts: Mapping[str, float]
    rarity: str | None = None

    def bits(self, doubt: str) -> float:
        """Evidence for a match against this doubt, in bits."""
        return math.log2(self.match / self.doubts[doubt])


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind of evidence: levels in order, over columns that must be known on both sides.

    ``known`` names the columns without which there is nothing to compare.
    """

    name: str
    known: tuple[str, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Model:
    """A versioned declaration with its weights.

    ``priors`` holds, for ``match`` and each doubt but the stranger, how many such others a record
    has on average; a pair's prior probability is that number divided by the population. ``block``
    lists the columns that two records must share, one rule a line, to be compared at all.
    ``shares`` holds, by column, how common each value is (a fraction of the population), and under
    ``""`` what to take for a value that is not listed.
    """

    version: str
    comparisons: tuple[Comparison, ...]
    block: tuple[tuple[str, ...], ...]
    priors: Mapping[str, float]
    population: int
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    trained_on: str = ""

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """The ways of not being the same child, strangers first."""
        return (STRANGER, *(name for name in self.priors if name != "match"))

    def prior_bits(self, doubt: str) -> float:
        """Log2 of the prior odds of a match against this doubt."""
        match = self.priors["match"] / self.population
        if doubt == STRANGER:
            others = sum(self.priors.values()) / self.population
            return math.log2(match / (1 - others))
        return math.log2(match / (self.priors[doubt] / self.population))

    def with_population(self, population: int) -> "Model":
        """Give the same model for another number of records to choose from, ten at least."""
        return replace(self, population=max(population, 10))

    # ------------------------------------------------------------------ files
    @classmethod
    def default(cls) -> "Model":
        """Give the model that is shipped, trained on an invented region."""
        return cls.parse(files("joinedup.linkage").joinpath("model.json").read_text("utf-8"))

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read a model file.

        Raises ``ModelError`` when it is not a model, ``OSError`` when it cannot be opened.
        """
        try:
            return cls.parse(path.read_text("utf-8"))
        except (UnicodeDecodeError, ModelError) as error:
            raise ModelError(f"{path.name}: {error}") from error

    @classmethod
    def parse(cls, text: str) -> "Model":
        """Read a model's JSON; raises ``ModelError``."""
        try:
            raw = json.loads(text)
            if raw.get("format") != FORMAT:
                raise ModelError(f"its format is {raw.get('format')}, this version reads {FORMAT}")
            model = cls(
                version=raw["version"],
                comparisons=tuple(_comparison(each) for each in raw["comparisons"]),
                block=tuple(tuple(rule) for rule in raw["block"]),
                priors=raw["priors"],
                population=raw["population"],
                shares=raw.get("shares", {}),
                trained_on=raw.get("trained_on", ""),
            )
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ModelError(f"this is not a linkage model ({error})") from error
        except ConditionError as error:
            raise ModelError(str(error)) from error
        model.check()
        return model

    def text(self) -> str:
        """Give the model as readable JSON."""
        raw = {
            "format": FORMAT,
            "version": self.version,
            "trained_on": self.trained_on,
            "population": self.population,
            "priors": dict(self.priors),
            "block": [list(rule) for rule in self.block],
            "comparisons": [_raw(each) for each in self.comparisons],
            "shares": {column: dict(each) for column, each in self.shares.items()},
        }
        return json.dumps(raw, indent=1, ensure_ascii=False) + "\n"

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        path.write_text(self.text(), "utf-8")

    def check(self) -> None:
        """Raise ``ModelError`` unless every level, column and probability can be used."""
        known = set(LinkRecord._fields)
        for rule in self.block:
            if not rule or not set(rule) <= known:
                raise ModelError(f"block: no such columns: {', '.join(rule)}")
        for name in (*self.doubts, *(comparison.name for comparison in self.comparisons)):
            # They become names of columns.
            if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
                raise ModelError(f"{name!r}: a name is of letters, digits and underscores")
        for comparison in self.comparisons:
            _check(comparison, known, self.doubts)


def _check(comparison: Comparison, known: set[str], doubts: tuple[str, ...]) -> None:
    if not comparison.levels or comparison.levels[-1].when is not None:
        raise ModelError(f"{comparison.name}: the last level takes what is left, without `when`")
    if not set(comparison.known) <= known:
        raise ModelError(f"{comparison.name}: no such columns: {', '.join(comparison.known)}")
    for level in comparison.levels:
        where = f"{comparison.name}, {level.name}"
        if level.when is None and level is not comparison.levels[-1]:
            raise ModelError(f"{where}: only the last level is without `when`")
        if set(level.doubts) != set(doubts):
            raise ModelError(f"{where}: gives {', '.join(level.doubts)}, not {', '.join(doubts)}")
        if not all(_is_chance(each) for each in (level.match, *level.doubts.values())):
            raise ModelError(f"{where}: a probability is above 0 and at most 1")
        if level.rarity is not None and level.rarity not in known - LIST_COLUMNS:
            raise ModelError(f"{where}: rarity is of a column with one value")


def _is_chance(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value <= 1


def _comparison(raw: dict[str, Any]) -> Comparison:
    levels = tuple(
        Level(
            name=each["name"],
            when=each.get("when"),
            words=each["words"],
            match=each["match"],
            doubts=each["doubts"],
            rarity=each.get("rarity"),
        )
        for each in raw["levels"]
    )
    for level in levels:
        if level.when is not None:
            columns(level.when)
    return Comparison(raw["name"], tuple(raw["known"]), levels)


def _raw(comparison: Comparison) -> dict[str, Any]:
    return {
        "name": comparison.name,
        "known": list(comparison.known),
        "levels": [
            {
                "name": level.name,
                **({} if level.when is None else {"when": level.when}),
                "words": level.words,
                "match": level.match,
                "doubts": dict(level.doubts),
                **({} if level.rarity is None else {"rarity": level.rarity}),
            }
            for level in comparison.levels
        ],
    }
