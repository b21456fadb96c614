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

from collections.abc import Mapping
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

Condition = Mapping[str, Any]
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


def python(condition: Condition) -> str:
    """Write a condition as a Python expression over the records ``one`` and ``other``.

    Compiled with what it is a part of (``compiled``) it costs no calls of its own, which were most
    of what weighing a pair took. Names of columns become places in the record, all else of the
    condition are numbers.
    """
    columns(condition)
    ((name, argument),) = condition.items()
    if name in {"all", "any"}:
        joiner = " and " if name == "all" else " or "
        # An empty ``all`` holds, an empty ``any`` does not.
        return "(" + (joiner.join(map(python, argument)) or str(name == "all")) + ")"
    if name == "not":
        return f"(not {python(argument)})"
    if name in {"crossed", "exchanged"}:
        a, b = argument
        if a in LIST_COLUMNS and name == "exchanged":
            return f"({_common(a, b)} and {_common(b, a)})"
        joiner = "or" if name == "crossed" else "and"
        return f"({_equal(a, b)} {joiner} {_equal(b, a)})"
    if name == "same":
        return _equal(argument, argument)
    if name == "share":
        return _common(argument, argument)
    column, limit = argument
    one, other = _pair(column, column)
    test = {
        "alike": f"similarity({one}, {other}) >= {limit - _ROUNDING!r}",
        "edits": f"distance({one}, {other}, score_cutoff={limit!r}) <= {limit!r}",
        "within": f"abs({one} - {other}) <= {limit!r}",
        "starts": f"{one}[:{limit!r}] == {other}[:{limit!r}]",
    }[name]
    return f"({one} is not None and {other} is not None and {test})"


def known(column: str) -> str:
    """Write, as ``python`` does, that both records have a value in a column."""
    one, other = _pair(column, column)
    if column == "birth_day":  # 0 is the first of January 1970
        return f"({one} is not None and {other} is not None)"
    return f"({one} and {other})"


def compiled(text: str, name: str, **names: Any) -> Any:
    """Give the function ``name`` of source text made of checked columns and numbers.

    ``names`` is what it may call, beside what ``python`` expressions do.
    """
    made: dict[str, Any] = {}
    exec(compile(text, f"<{name}>", "exec"), {**_NAMES, **names}, made)  # noqa: S102
    return made[name]


def _pair(column: str, other: str) -> tuple[str, str]:
    return f"one[{_PLACE[column]}]", f"other[{_PLACE[other]}]"


def _equal(column: str, other_column: str) -> str:
    one, other = _pair(column, other_column)
    return f"({one} is not None and {one} == {other})"


def _common(column: str, other_column: str) -> str:
    one, other = _pair(column, other_column)
    return f"({one} and ({one}[0] in {other} or common({one}, {other})))"


def _share_further(left: Any, right: Any) -> bool:
    """Say whether a list has anything but its first element in common with another."""
    return len(left) > 1 and not set(left).isdisjoint(right)


_NAMES = {
    "similarity": JaroWinkler.similarity,
    "distance": DamerauLevenshtein.distance,
    "common": _share_further,
}


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
