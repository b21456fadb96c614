"""The model as Splink and SQL read it: the same weights as ``Scorer`` gives, a table at a time.

Splink makes the comparisons and weighs a match against a stranger: its match weight. What another
doubt takes away, a relative or a twin, is added in SQL over Splink's levels (``weighed``). The
pairs to compare come from SQL too (``candidates``): a rule may name columns that hold lists, and a
pair that several rules find is compared once.

``Linker.inference.predict`` would give the levels only together with every column compared, copied
for each pair. So the SQL is taken from the functions that it calls, and runs as one query.
"""

# ruff: noqa: S608 - every name in SQL is a column, or was checked when the model was read.

import math

import sqlglot
from splink import SettingsCreator
from splink.internals.comparison_vector_values import (
    compute_comparison_vector_values_from_id_pairs_sqls,
)
from splink.internals.dialects import SplinkDialect
from splink.internals.predict import predict_from_comparison_vectors_sqls

from joinedup.linkage.conditions import sql
from joinedup.linkage.model import STRANGER, Comparison, Model
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

# The row of a table of records, from 0: what pairs are known by until they are written.
ROW = "row_id"
_SPREAD = {"duckdb": "unnest", "spark": "explode"}
_TEXT_ONLY = frozenset(LinkRecord._fields) - LIST_COLUMNS - {"birth_day"}


def splink_settings(model: Model, dialect: str) -> SettingsCreator:
    """Give the model as Splink's settings; ``dialect`` is ``duckdb`` or ``spark``.

    Its term frequencies are those of ``with_shares``, not the data's own.
    """
    match = 2.0 ** model.prior_bits(STRANGER)
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=ROW,
        comparisons=[_comparison(each, dialect) for each in model.comparisons],
        blocking_rules_to_generate_predictions=[],
        probability_two_random_records_match=match / (1 + match),
        retain_matching_columns=False,
        additional_columns_to_retain=["source", "id"],
    )


def _comparison(comparison: Comparison, dialect: str) -> dict[str, object]:
    missing = " or ".join(
        f"{column}_{side} is null" for column in comparison.known for side in "lr"
    )
    levels: list[dict[str, object]] = [
        {"sql_condition": missing, "label_for_charts": "not known", "is_null_level": True}
    ]
    for level in comparison.levels:
        each: dict[str, object] = {
            "sql_condition": "ELSE" if level.when is None else sql(level.when, dialect),
            "label_for_charts": level.name,
            "m_probability": level.match,
            "u_probability": level.doubts[STRANGER],
            "fix_m_probability": True,
            "fix_u_probability": True,
        }
        if level.rarity is not None:
            # The level's own average, whatever Splink makes of its condition.
            each |= {
                "tf_adjustment_column": level.rarity,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(each)
    return {
        "output_column_name": comparison.name,
        "comparison_description": comparison.name,
        "comparison_levels": levels,
    }


def rare_columns(model: Model) -> list[str]:
    """Give the columns whose rarity counts."""
    return sorted(
        {
            level.rarity
            for comparison in model.comparisons
            for level in comparison.levels
            if level.rarity is not None
        }
    )


def with_shares(model: Model, records: str, shares: str) -> str:
    """Give SQL for ``records`` with Splink's term frequencies, ``tf_<column>``, of rare columns.

    ``shares`` names a table of ``share_rows``. A value that is not listed has the share of ``''``.
    """
    columns, joins = "", ""
    for column in rare_columns(model):
        columns += f", coalesce(s_{column}.share, o_{column}.share) as tf_{column}"
        joins += (
            f" left join {shares} s_{column} on s_{column}.name = '{column}' "
            f"and s_{column}.value = r.{column} and s_{column}.value <> ''"
            f" left join {shares} o_{column} on o_{column}.name = '{column}' "
            f"and o_{column}.value = '' and r.{column} is not null"
        )
    return f"select r.*{columns} from {records} r{joins}"


def share_rows(model: Model) -> list[tuple[str, str, float]]:
    """Give the rows of the table of shares: column, value, share."""
    return [
        (column, value, share)
        for column in rare_columns(model)
        for value, share in model.shares.get(column, {}).items()
    ]


def candidates(rule: tuple[str, ...], records: str, dialect: str, most: int) -> str:
    """Give SQL for the pairs of rows, ``left_row`` before ``right_row``, that a rule finds.

    A list shares a value when it has an element in common. Values that more than ``most`` records
    have say nothing and are left out (``crowds`` counts them). A pair may come more than once.
    """
    columns = ", ".join(rule)
    same = " and ".join(f"a.{column} = b.{column}" for column in rule)
    return (
        f"with spread as materialized ({_spread(rule, records, dialect)}), "
        f"usual as (select {columns} from spread group by {columns} "
        f"having count(*) between 2 and {most}), "
        f"kept as (select spread.* from spread join usual using ({columns})) "
        f"select a.{ROW} as left_row, b.{ROW} as right_row from kept a join kept b "
        f"on {same} and a.{ROW} < b.{ROW}"
    ).replace("as materialized", "as materialized" if dialect == "duckdb" else "as")


def crowds(rule: tuple[str, ...], records: str, dialect: str, most: int) -> str:
    """Give SQL for how many values more than ``most`` records share, and how many records."""
    columns = ", ".join(rule)
    return (
        f"select count(*), coalesce(sum(n), 0) from (select count(*) as n "
        f"from ({_spread(rule, records, dialect)}) s group by {columns} having count(*) > {most}) c"
    )


def _spread(rule: tuple[str, ...], records: str, dialect: str) -> str:
    """Give SQL for a row of each record for each way it has of sharing the rule's values."""
    known = " and ".join(
        f"{column} is not null" + (f" and {column} <> ''" if column in _TEXT_ONLY else "")
        for column in rule
    )
    query = f"select {ROW}, {', '.join(rule)} from {records} where {known}"
    for column in rule:
        if column in LIST_COLUMNS:
            others = ", ".join(each for each in rule if each != column)
            query = (
                f"select {ROW}{', ' + others if others else ''}, "
                f"{_SPREAD[dialect]}({column}) as {column} from ({query}) s"
            )
    return query


def compared(model: Model, dialect: str, records: str, pairs: str) -> str:
    """Give SQL for the levels of pairs: ``gamma_<comparison>``, with what the weights need.

    ``records`` names a table as ``with_shares`` makes it, ``pairs`` one of ``left_row`` and
    ``right_row``. Levels are Splink's numbers, from -1 not known and 0 the last level up to the
    first.
    """
    settings = splink_settings(model, dialect).get_settings(dialect)
    column_info = settings.column_info_settings
    steps = [
        {
            "sql": f"select left_row as join_key_l, right_row as join_key_r, '0' as match_key "
            f"from {pairs}",
            "output_table_name": "__splink__blocked_id_pairs",
        },
        *compute_comparison_vector_values_from_id_pairs_sqls(
            settings._columns_to_select_for_blocking,
            settings._columns_to_select_for_comparison_vector_values,
            input_tablename_l=records,
            input_tablename_r=records,
            source_dataset_input_column=column_info.source_dataset_input_column,
            unique_id_input_column=column_info.unique_id_input_column,
        ),
    ]
    return _query(steps, dialect, f"select * from {steps[-1]['output_table_name']}")


def weighed(model: Model, dialect: str, levels: str, least: float) -> str:
    """Give SQL for the pairs whose probability is ``least`` or more.

    ``levels`` names a table that ``compared`` gives. The result has ``source_l, id_l, source_r,
    id_r, match_weight, match_probability`` and the level of each comparison, ``gamma_<name>``, in
    the order of the records.
    """
    settings = splink_settings(model, dialect).get_settings(dialect)
    steps = [
        {"sql": f"select * from {levels}", "output_table_name": "__splink__df_comparison_vectors"},
        *predict_from_comparison_vectors_sqls(
            unique_id_input_columns=settings.column_info_settings.unique_id_input_columns,
            core_model_settings=settings.core_model_settings,
            sql_dialect=SplinkDialect.from_string(dialect),
            training_mode=True,  # the levels, please
            additional_columns_to_retain=settings._additional_columns_to_retain,
        ),
    ]
    predicted = steps[-1]["output_table_name"]
    steps.append({"sql": _with_doubts(model, predicted), "output_table_name": "with_doubts"})
    columns = ", ".join(
        [
            *("source_l", "id_l", "source_r", "id_r", "match_weight", "match_probability"),
            *(f"gamma_{comparison.name}" for comparison in model.comparisons),
        ]
    )
    last = (
        f"select {columns} from with_doubts where match_probability >= {_number(least)} "
        f"order by {ROW}_l, {ROW}_r"
    )
    return _query(steps, dialect, last)


def patterns(model: Model, levels: str, pairs: str, by: str = "") -> str:
    """Give SQL for how many pairs there are of each combination of levels, a last column ``pairs``.

    ``levels`` names a table that ``compared`` gives for ``pairs``. ``by`` names one more column of
    ``pairs`` to tell apart.
    """
    columns = ", ".join(
        [f"gamma_{comparison.name}" for comparison in model.comparisons] + ([by] if by else [])
    )
    also = f"join {pairs} p on p.left_row = c.{ROW}_l and p.right_row = c.{ROW}_r" if by else ""
    return (
        f"select {columns}, count(*) as pairs from {levels} c {also} "
        f"group by {columns} order by {columns}"
    )


Step = dict[str, str]


def _query(steps: list[Step], dialect: str, last: str) -> str:
    given = ", ".join(f"{step['output_table_name']} as ({step['sql']})" for step in steps)
    return _plain(f"with {given} {last}", dialect)


def _plain(query: str, dialect: str) -> str:
    """Give Splink's SQL in the engine's own words."""
    if dialect == "duckdb":
        return query
    return sqlglot.transpile(query, read="spark", write="spark")[0]


def _with_doubts(model: Model, predicted: str) -> str:
    others = [doubt for doubt in model.doubts if doubt != STRANGER]
    sums = "".join(f", {_sum(model, doubt)} as less_{doubt}" for doubt in others)
    gammas = ", ".join(f"gamma_{comparison.name}" for comparison in model.comparisons)
    names = ["match_weight", *(f"less_{doubt}" for doubt in others)]
    least = f"least({', '.join(names)})" if others else "match_weight"
    total = " + ".join(f"pow(2e0, least_weight - {name})" for name in names)
    weight = f"least_weight - log2({total})" if others else "match_weight"
    return (
        f"select {ROW}_l, {ROW}_r, source_l, id_l, source_r, id_r, weight as match_weight, "
        f"1e0 / (1e0 + pow(2e0, -greatest(-1000e0, least(1000e0, weight)))) as match_probability, "
        f"{gammas} from (select *, {weight} as weight from (select *, {least} as least_weight "
        f"from (select *{sums} from {predicted}) p1) p2) p3"
    )


def _sum(model: Model, doubt: str) -> str:
    terms = [_number(model.prior_bits(doubt))]
    for comparison in model.comparisons:
        top = len(comparison.levels) - 1
        cases = " ".join(
            f"when {top - at} then {_number(level.bits(doubt))}"
            for at, level in enumerate(comparison.levels)
        )
        terms.append(f"case gamma_{comparison.name} {cases} else 0e0 end")
    return " + ".join(terms)


def _number(value: float) -> str:
    """Write a number as SQL's double, not as a decimal."""
    if not math.isfinite(value):
        raise ValueError("a weight is not a number: a probability or prior is wrong")
    text = repr(value)
    return text if "e" in text else f"{text}e0"
