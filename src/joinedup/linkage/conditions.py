"""When two records agree at a level: one declaration, read as SQL and as Python.

A condition is a mapping with one key:

- ``{"same": column}``: both known and equal.
- ``{"share": column}``: the two lists have an element in common.
- ``{"crossed": [a, b]}``: one record's ``a`` equals the other's ``b``, on either side.
- ``{"exchanged": [a, b]}``: ``a`` equals the other's ``b`` and ``b`` the other's ``a``; of two
  lists, each has an element in common with the other record's other list.
- ``{"alike": [column, least]}``: Jaro-Winkler similarity of at least ``least``.
- ``{"edits": [column, most]}``: at most ``most`` edits (Damerau-Levenshtein).
- ``{"within": [column, most]}``: two whole numbers at most ``most`` apart.
- ``{"starts": [column, letters]}``: both known and their first ``letters`` characters equal.
- ``{"all": [...]}``, ``{"any": [...]}``, ``{"not": condition}``.

What is not known never satisfies a condition; ``not`` is true where its condition is not.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

Condition = Mapping[str, Any]
Test = Callable[[LinkRecord, LinkRecord], bool]
# Engines may differ in the last bit of a similarity, names are too short to differ by this.
_ROUNDING = 1e-9
_PLACE = {name: place for place, name in enumerate(LinkRecord._fields)}


class ConditionError(ValueError):
    """A condition names a column or an operation that does not exist."""


def columns(condition: Condition) -> frozenset[str]:
    """Give the columns that a condition reads."""
    (name, argument), *more = condition.items()
    if more:
        raise ConditionError(f"a condition has one key, not {', '.join(condition)}")
    if name in {"all", "any"}:
        return frozenset[str]().union(*map(columns, argument))
    if name == "not":
        return columns(argument)
    if name in {"same", "share"}:
        found = {argument}
    elif name in {"crossed", "exchanged"}:
        found = set(argument)
    elif name in {"alike", "edits", "within", "starts"}:
        found = {argument[0]}
    else:
        raise ConditionError(f"no such condition: {name}")
    unknown = found - _PLACE.keys()
    if unknown:
        raise ConditionError(f"no such column: {', '.join(sorted(unknown))}")
    if name == "share" and not found <= LIST_COLUMNS:
        raise ConditionError(f"{argument} is not a list of values")
    if name in {"alike", "edits", "within", "starts"} and (
        isinstance(argument[1], bool) or not isinstance(argument[1], int | float)
    ):
        raise ConditionError(f"{name} needs a number, not {argument[1]!r}")
    if name == "exchanged" and found & LIST_COLUMNS and not found <= LIST_COLUMNS:
        raise ConditionError(f"{' and '.join(argument)}: both are lists, or neither")
    return frozenset(found)


def python(condition: Condition) -> Test:
    """Compile a condition to a test of two records."""
    columns(condition)
    ((name, argument),) = condition.items()
    return _PYTHON[name](argument)


def _same(column: str) -> Test:
    i = _PLACE[column]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        value = one[i]
        return value is not None and value == other[i]

    return test


def _share(column: str) -> Test:
    i = _PLACE[column]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        mine: Any = one[i]
        theirs: Any = other[i]
        # A loop: a generator costs more than the comparison.
        for value in mine:  # noqa: SIM110
            if value in theirs:
                return True
        return False

    return test


def _crossed(pair: tuple[str, str]) -> Test:
    a, b = _PLACE[pair[0]], _PLACE[pair[1]]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left, right = one[a], other[a]
        return (left is not None and left == other[b]) or (right is not None and right == one[b])

    return test


def _common(left: Any, right: Any) -> bool:
    return any(value in right for value in left)


def _exchanged(pair: tuple[str, str]) -> Test:
    a, b = _PLACE[pair[0]], _PLACE[pair[1]]
    if pair[0] in LIST_COLUMNS:
        return lambda one, other: _common(one[a], other[b]) and _common(one[b], other[a])

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left, right = one[a], one[b]
        return left is not None and right is not None and left == other[b] and right == other[a]

    return test


def _alike(argument: tuple[str, float]) -> Test:
    i, least = _PLACE[argument[0]], argument[1] - _ROUNDING
    similarity = JaroWinkler.similarity

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left: Any = one[i]
        right: Any = other[i]
        return left is not None and right is not None and similarity(left, right) >= least

    return test


def _edits(argument: tuple[str, int]) -> Test:
    i, most = _PLACE[argument[0]], argument[1]
    distance = DamerauLevenshtein.distance

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left: Any = one[i]
        right: Any = other[i]
        return (
            left is not None
            and right is not None
            and distance(left, right, score_cutoff=most) <= most
        )

    return test


def _within(argument: tuple[str, int]) -> Test:
    i, most = _PLACE[argument[0]], argument[1]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left: Any = one[i]
        right: Any = other[i]
        return left is not None and right is not None and abs(left - right) <= most

    return test


def _starts(argument: tuple[str, int]) -> Test:
    i, letters = _PLACE[argument[0]], argument[1]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        left: Any = one[i]
        right: Any = other[i]
        return left is not None and right is not None and left[:letters] == right[:letters]

    return test


def _all(conditions: list[Condition]) -> Test:
    tests = [python(condition) for condition in conditions]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        for each in tests:  # noqa: SIM110
            if not each(one, other):
                return False
        return True

    return test


def _any(conditions: list[Condition]) -> Test:
    tests = [python(condition) for condition in conditions]

    def test(one: LinkRecord, other: LinkRecord) -> bool:
        for each in tests:  # noqa: SIM110
            if each(one, other):
                return True
        return False

    return test


def _not(condition: Condition) -> Test:
    test = python(condition)
    return lambda one, other: not test(one, other)


_PYTHON: dict[str, Callable[[Any], Test]] = {
    "same": _same, "share": _share, "crossed": _crossed, "exchanged": _exchanged,
    "alike": _alike, "edits": _edits, "within": _within, "starts": _starts,
    "all": _all, "any": _any, "not": _not,
}  # fmt: skip


def sql(condition: Condition, dialect: str) -> str:
    """Compile a condition to SQL over Splink's columns ``x_l`` and ``x_r``.

    ``dialect`` is ``duckdb`` or ``spark``; Spark needs ``spark.register_functions`` first.
    """
    columns(condition)
    ((name, argument),) = condition.items()
    if name in {"all", "any"}:
        joiner = " and " if name == "all" else " or "
        return "(" + joiner.join(sql(each, dialect) for each in argument) + ")"
    if name == "not":
        return f"(not coalesce({sql(argument, dialect)}, false))"
    if name == "same":
        return f"({argument}_l = {argument}_r)"
    shares = {"duckdb": "list_has_any", "spark": "arrays_overlap"}[dialect]
    if name == "share":
        return f"{shares}({argument}_l, {argument}_r)"
    if name == "exchanged" and argument[0] in LIST_COLUMNS:
        a, b = argument
        return f"({shares}({a}_l, {b}_r) and {shares}({b}_l, {a}_r))"
    if name in {"crossed", "exchanged"}:
        a, b = argument
        joiner = "or" if name == "crossed" else "and"
        return f"({a}_l = {b}_r {joiner} {b}_l = {a}_r)"
    column, limit = argument
    left, right = f"{column}_l", f"{column}_r"
    if name == "within":
        return f"(abs({left} - {right}) <= {limit})"
    if name == "starts":
        return f"(substr({left}, 1, {limit}) = substr({right}, 1, {limit}))"
    function = FUNCTIONS[dialect][name]
    if name == "alike":
        return f"({function}({left}, {right}) >= {limit - _ROUNDING!r})"
    return f"({function}({left}, {right}) <= {limit})"


# Spark's own Jaro-Winkler, and the one that comes with Splink, count transposed letters otherwise.
FUNCTIONS = {
    "duckdb": {"alike": "jaro_winkler_similarity", "edits": "damerau_levenshtein"},
    "spark": {"alike": "rapidfuzz_jaro_winkler", "edits": "rapidfuzz_damerau_levenshtein"},
}
