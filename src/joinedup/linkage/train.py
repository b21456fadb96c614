"""Learning the model's probabilities from records, without labels.

The records are compared in sessions: the pairs that share a training rule, such as family name and
birth date. In each session the pairs are a mixture of matches and of each doubt. Expectation and
maximisation (Dempster, Laird and Rubin, 1977) finds the probability of each level under each, and
the mixtures. What a session's rule fixes says nothing there, so a comparison is learnt from the
sessions that leave it free, as Splink does. Strangers are learnt from pairs drawn at random.

The classes keep their meaning: each begins at the start model's probabilities and is held near
them where there is little to learn from. A rare class is made of others: a twin is a relative whose
birth date agrees as a child's own does.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from joinedup.linkage.batch import MEMORY, MOST_ALIKE, Progress, connected, load
from joinedup.linkage.conditions import Condition, columns
from joinedup.linkage.model import STRANGER, Comparison, Level, Model
from joinedup.linkage.settings import candidates, compared, patterns, rare_columns

MATCH, RELATIVE, START = "match", "relative", "start"
_NUMBERS = ("phone", "email", "upn", "nhs_number")
_MADE_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "twin": {
        MATCH: ("birth_date",),
        RELATIVE: ("family", "place", *_NUMBERS),
        START: ("gender",),
    },
    "adopted": {
        MATCH: ("given", "birth_date", "gender"),
        STRANGER: ("family", *_NUMBERS),
        START: ("place",),
    },
    "namesake": {
        MATCH: ("given", "family", "birth_date", "gender"),
        STRANGER: _NUMBERS,
        START: ("place",),
    },
}
"""Doubts too rare to be learnt whole: the comparisons in which each is as another class is, or as
the start model has it. What is not named is learnt."""
_HELD = {("given", "same, often shared"): "twin"}
"""Levels of which the start model's word counts for a doubt: twins who share such a name look like
one child, so learning puts them there."""
_JUDGED = frozenset({"adopted", "namesake"})
"""How many there are of these is the start model's word: they look like a match that has moved."""
RULES = (
    ("birth_date", "family"),
    ("birth_date", "given"),
    ("birth_date", "postcode"),
    ("postcode", "family"),
    ("phone",),
    ("upns",),
    ("nhs_numbers",),
)
"""Pairs to learn from. Brothers and sisters are in those of one home and one phone."""

RANDOM_PAIRS = 500_000
RULE_PAIRS = 750_000
# As many pairs as the start model's word counts for, in each comparison and class.
_BELIEF = 50.0
_STRANGER_BELIEF = 5_000.0
_ROUNDS, _SETTLED = 500, 1e-5
_LISTED = 4_000  # names whose share is kept
_LEAST_SEEN = 6  # records

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int64]


class TrainingError(ValueError):
    """There is too little to learn from; the message says what."""


@dataclass(frozen=True)
class _Session:
    """Pairs that share a rule: their levels, how many there are, and what the rule leaves free."""

    levels: Levels
    pairs: Floats
    free: tuple[frozenset[int], ...]


def train(
    records: pa.Table,
    start: Model,
    *,
    seed: int = 1,
    version: str = "1",
    trained_on: str = "",
    progress: Progress | None = None,
    memory: str = MEMORY,
) -> Model:
    """Estimate a model's probabilities, priors and shares from records of which nothing is known.

    ``start`` gives the comparisons, the rules and where to begin. The same records, start and seed
    give the same model. ``population`` becomes the number of records. Raises ``TrainingError``
    when there are fewer than two records, or no two share anything.
    """
    tell = progress or (lambda what, done, of: None)
    if records.num_rows < 2:
        raise TrainingError("two records or more are needed to learn from")
    with tempfile.TemporaryDirectory() as folder, connected(Path(folder), memory) as con:
        tell("Counting names", 0, 4)
        load(con, records, start)
        shares = _shares(con, start, records.num_rows)
        tell("Comparing pairs drawn at random", 1, 4)
        random = _random(con, start, records.num_rows, seed)
        tell("Comparing pairs that share something", 2, 4)
        together, member, fraction = _sessions(con, start, seed)
    if not len(together.pairs):
        raise TrainingError("no two records share a name and birth date, a phone or a number")
    tell("Learning", 3, 4)
    sessions = [
        _Session(together.levels[on], together.pairs[on], _free(start, rule))
        for rule, on in zip(RULES, member.T, strict=True)
        if on.any()
    ]
    learning = _Learning(start, random, sessions)
    learning.run()
    priors = learning.priors(together, records.num_rows, fraction)
    tell("Learning", 4, 4)
    model = replace(
        start,
        version=version,
        comparisons=learning.comparisons(),
        priors=priors,
        population=records.num_rows,
        shares=shares,
        trained_on=trained_on,
    )
    model.check()
    return model


# ----------------------------------------------------------------------------- counting
def _shares(
    con: duckdb.DuckDBPyConnection, model: Model, total: int
) -> dict[str, dict[str, float]]:
    """Give how common each name is, and under ``""`` one that is not listed."""
    found: dict[str, dict[str, float]] = {}
    for column in rare_columns(model):
        counted = con.execute(
            f"select {column}, count(*) from records where {column} is not null "  # noqa: S608
            f"group by {column} order by count(*) desc, {column}"
        ).fetchall()
        known = sum(n for _, n in counted) or 1
        listed = [(value, n) for value, n in counted[:_LISTED] if n >= _LEAST_SEEN]
        others = [n for _, n in counted[len(listed) :]]
        # Of a record with a name that is not listed: how common that name is, on average.
        other = sum(n * n for n in others) / sum(others) if others else 1.0
        found[column] = {"": other / known, **{value: n / known for value, n in listed}}
    return found


def _random(con: duckdb.DuckDBPyConnection, model: Model, rows: int, seed: int) -> _Session:
    draw = np.random.default_rng(seed)
    left, right = draw.integers(0, rows, (2, RANDOM_PAIRS))
    differ = left != right
    left, right = np.minimum(left, right)[differ], np.maximum(left, right)[differ]
    con.register("drawn", pa.table({"left_row": left, "right_row": right}))
    levels = compared(model, "duckdb", "records", "drawn")
    counted = con.execute(patterns(model, f"({levels})", "drawn")).fetchnumpy()
    con.unregister("drawn")
    free = tuple(frozenset(range(len(each.levels))) for each in model.comparisons)
    return _Session(_levels(model, counted), counted["pairs"].astype(float), free)


def _sessions(
    con: duckdb.DuckDBPyConnection, model: Model, seed: int
) -> tuple[_Session, npt.NDArray[np.bool_], float]:
    """Give the pairs of all rules, which rules each shares, and what part was drawn of them."""
    con.execute("create table shared (left_row bigint, right_row bigint, rule int)")
    for at, rule in enumerate(RULES):
        pairs = candidates(rule, "records", "duckdb", MOST_ALIKE)
        con.execute(f"insert into shared select distinct *, {1 << at} from ({pairs}) p")  # noqa: S608
    found = con.execute("select count(*) from shared").fetchall()[0][0]
    fraction = min(1.0, RULE_PAIRS / max(1, found))
    con.execute(
        "create table drawn_shared as select left_row, right_row, sum(rule)::int as rules "  # noqa: S608
        f"from shared where hash(left_row, right_row, {seed}) < {int(fraction * 2**64 - 1)} "
        "group by left_row, right_row"
    )
    levels = compared(model, "duckdb", "records", "drawn_shared")
    counted = con.execute(patterns(model, f"({levels})", "drawn_shared", by="rules")).fetchnumpy()
    member = (counted["rules"][:, None] >> np.arange(len(RULES))) & 1
    session = _Session(_levels(model, counted), counted["pairs"].astype(float), ())
    return session, member.astype(bool), fraction


def _levels(model: Model, counted: dict[str, Levels]) -> Levels:
    """Give each comparison's place in ``Comparison.levels``, or -1, from Splink's numbers."""
    places = []
    for comparison in model.comparisons:
        gamma = counted[f"gamma_{comparison.name}"].astype(np.int64)
        places.append(np.where(gamma < 0, -1, len(comparison.levels) - 1 - gamma))
    return np.stack(places, axis=1)


def _free(model: Model, rule: Sequence[str]) -> tuple[frozenset[int], ...]:
    """Give the levels of each comparison that a rule does not decide."""
    fixed = set(rule)
    free = []
    for comparison in model.comparisons:
        own = set(comparison.known).union(
            *(columns(when) for level in comparison.levels if (when := level.when) and _own(when))
        )
        free.append(
            frozenset[int]()
            if own & fixed
            else frozenset(
                at
                for at, level in enumerate(comparison.levels)
                if level.when is None or not columns(level.when) & fixed
            )
        )
    return tuple(free)


def _own(condition: Condition) -> bool:
    """Say whether a level is about its comparison's columns, not about another's exchanged."""
    return "exchanged" not in str(condition)


# ----------------------------------------------------------------------------- learning
class _Learning:
    def __init__(self, start: Model, random: _Session, sessions: list[_Session]) -> None:
        self._start = start
        self._random = random
        self._sessions = sessions
        self._classes = (MATCH, *start.doubts)
        self._begin = [_table(comparison, self._classes) for comparison in start.comparisons]
        self._now = [table.copy() for table in self._begin]
        self._said = _said_before(start.comparisons)
        common = np.array([self._prior(name) for name in self._classes])
        self._mixtures = [np.full(len(self._classes), 1 / len(self._classes)) for _ in sessions]
        self._random_mixture = common / common.sum()

    def _prior(self, name: str) -> float:
        if name == STRANGER:
            return 1.0
        return self._start.priors[name] / max(self._start.population, 10)

    def run(self) -> None:
        """Go on until nothing changes."""
        for _ in range(_ROUNDS):
            before = [table.copy() for table in self._now]
            self._round()
            if all(
                np.abs(new - old).max() < _SETTLED
                for new, old in zip(self._now, before, strict=True)
            ):
                return

    def _round(self) -> None:
        belonging = []
        for session, mixture in zip(self._sessions, self._mixtures, strict=True):
            each = self._belonging(session, mixture) * session.pairs[:, None]
            mixture[:] = (each.sum(axis=0) + 1.0) / (each.sum() + len(mixture))
            belonging.append(each)
        strangers = (
            self._belonging(self._random, self._random_mixture)[:, [self._classes.index(STRANGER)]]
            * self._random.pairs[:, None]
        )
        fresh = []
        for place, begin in enumerate(self._begin):
            table = begin.copy()
            for column, name in enumerate(self._classes):
                if name == STRANGER:
                    counts = _count(self._random, strangers[:, 0], place, len(begin))
                    table[:, column] = counts + _STRANGER_BELIEF * begin[:, column]
                    table[:, column] /= table[:, column].sum()
                else:
                    table[:, column] = self._level_shares(place, column, belonging)
            self._tie(place, table)
            for at in self._said[place]:
                table[at] = table[at, 0]
            fresh.append(table)
        self._now = fresh

    def _tie(self, place: int, table: Floats) -> None:
        """Make the rare doubts of what they are made of."""
        name = self._start.comparisons[place].name
        for doubt, made_of in _MADE_OF.items():
            if doubt in self._classes:
                to = self._classes.index(doubt)
                like = next((of for of, names in made_of.items() if name in names), None)
                if like == START:
                    table[:, to] = self._begin[place][:, to]
                elif like in self._classes:
                    table[:, to] = table[:, self._classes.index(like)]
        for at, level in enumerate(self._start.comparisons[place].levels):
            doubt = _HELD.get((name, level.name), "")
            if doubt in self._classes:
                to = self._classes.index(doubt)
                table[at, to] = self._begin[place][at, to]
                table[:, to] /= table[:, to].sum()

    def _level_shares(self, place: int, column: int, belonging: list[Floats]) -> Floats:
        """Give the share of each level, each from the sessions that leave it free."""
        begin = self._begin[place][:, column]
        counted, out_of = _BELIEF * begin, np.full(len(begin), _BELIEF)
        for session, each in zip(self._sessions, belonging, strict=True):
            free = session.free[place]
            if free:
                counts = _count(session, each[:, column], place, len(begin))
                on = np.array([at in free for at in range(len(begin))])
                counted = counted + np.where(on, counts, 0.0)
                out_of = out_of + np.where(on, counts.sum(), 0.0)
        shares = counted / out_of
        result: Floats = shares / shares.sum()
        return result

    def _belonging(self, session: _Session, mixture: Floats) -> Floats:
        """Give the probability of each class for each pattern."""
        logs = np.log(mixture)[None, :] + np.zeros((len(session.pairs), 1))
        for place, table in enumerate(self._now):
            if session.free[place]:
                level = session.levels[:, place]
                logs += np.where((level >= 0)[:, None], np.log(table)[level], 0.0)
        logs -= logs.max(axis=1, keepdims=True)
        odds = np.exp(logs)
        result: Floats = odds / odds.sum(axis=1, keepdims=True)
        return result

    def priors(self, together: _Session, rows: int, fraction: float) -> dict[str, float]:
        """Give how many others of each class a record has, from the pairs of all sessions.

        What is missed shares no rule at all: too little to tell from strangers.
        """
        every = tuple(frozenset(range(len(table))) for table in self._now)
        session = replace(together, free=every)
        pairs = rows * (rows - 1) / 2
        mixture = self._random_mixture
        for _ in range(_ROUNDS):
            found = (self._belonging(session, mixture) * session.pairs[:, None]).sum(axis=0)
            new = np.maximum(found / fraction, 1.0) / pairs
            for at, name in enumerate(self._classes):
                if name in _JUDGED:
                    new[at] = self._start.priors[name] / rows
            new[self._classes.index(STRANGER)] = 0
            new[self._classes.index(STRANGER)] = max(1 - new.sum(), 1e-6)
            settled = np.abs(np.log(new / mixture)).max() < _SETTLED
            mixture = new
            if settled:
                break
        return {
            name: float(_rounded(share * rows))
            for name, share in zip(self._classes, mixture, strict=True)
            if name != STRANGER
        }

    def comparisons(self) -> tuple[Comparison, ...]:
        """Give the comparisons with what was learnt."""
        return tuple(
            replace(
                comparison,
                levels=tuple(
                    self._level(level, table[at]) for at, level in enumerate(comparison.levels)
                ),
            )
            for comparison, table in zip(self._start.comparisons, self._now, strict=True)
        )

    def _level(self, level: Level, shares: Floats) -> Level:
        match, *doubts = (_rounded(each) for each in shares)
        return replace(
            level, match=match, doubts=dict(zip(self._start.doubts, doubts, strict=True))
        )


def _rounded(chance: float) -> float:
    return float(f"{chance:.6g}")


def _table(comparison: Comparison, classes: Sequence[str]) -> Floats:
    """Give the probabilities, a level a row and a class a column, that sum to one."""
    table = np.array(
        [
            [level.match if name == MATCH else level.doubts[name] for name in classes]
            for level in comparison.levels
        ]
    )
    result: Floats = table / table.sum(axis=0)
    return result


def _said_before(comparisons: Sequence[Comparison]) -> list[list[int]]:
    """Give the levels that only say again what an earlier comparison has said.

    Names that are exchanged are seen in the given and in the family name: one piece of evidence.
    """
    seen: list[Condition] = []
    again = []
    for comparison in comparisons:
        when = [level.when for level in comparison.levels]
        again.append([at for at, each in enumerate(when) if each is not None and each in seen])
        seen += [each for each in when if each is not None]
    return again


def _count(session: _Session, weights: Floats, place: int, levels: int) -> Floats:
    level = session.levels[:, place]
    known = level >= 0
    counts: Floats = np.bincount(level[known], weights[known], levels).astype(np.float64)
    return counts
