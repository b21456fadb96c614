"""Whether a document is a record, and what is wrong with it."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, TypeChecker, validators
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from joinedup.standards.schemas.catalogue import ENVELOPE, Schema, flat, schema
from joinedup.standards.schemas.formats import FORMATS
from joinedup.standards.schemas.problem import Problem
from joinedup.standards.schemas.wording import problems

_MARKS: Final = frozenset({"recordType", "schemaUri", "payload"})
# The deepest record has 7 levels. The validator's own messages, which are thrown away, cannot be
# made of what is nested without end or of numbers with thousands of digits.
_DEEPEST: Final = 32
_LONGEST_NUMBER_BITS: Final = 64


def is_record(document: object) -> bool:
    """Say whether a document is meant to be a record; it may still have problems."""
    return isinstance(document, Mapping) and len(_MARKS & document.keys()) > 1


def validate(document: object) -> list[Problem]:
    """Give everything that is wrong with a record, in the order of the schema; never raises.

    ``document`` is what a JSON reader made of a record: any JSON value.
    """
    if not isinstance(document, Mapping):
        return [Problem("", "record-not-object", "A record is an object in { }, with its fields.")]
    if not _fits(document):
        return [
            Problem(
                "", "record-too-deep",
                f"The record has lists or objects within each other more than {_DEEPEST} times, or "
                "a number of more than 19 digits. No record type has either: check what wrote it.",
            )
        ]  # fmt: skip
    return problems(_validator().iter_errors(dict(document)))


def _fits(document: object) -> bool:
    """Whether the validator can look at a value without coming to its limits."""
    left: list[tuple[object, int]] = [(document, 1)]
    while left:
        value, depth = left.pop()
        if depth > _DEEPEST:
            return False
        if isinstance(value, Mapping):
            left.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            left.extend((inner, depth + 1) for inner in value)
        elif isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER_BITS:
            return False
    return True


def _not_before(
    validator: Validator, pairs: Mapping[str, str], instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    """Our one keyword: a day or year that must not come before another of the same object.

    Others ignore it, as JSON Schema wants of words it does not know. What is not of its kind is
    another keyword's business.
    """
    if not isinstance(instance, dict):
        return
    for later, earlier in pairs.items():
        ends, begins = instance.get(later), instance.get(earlier)
        comparable = (isinstance(ends, str) and isinstance(begins, str)) or (
            _is_number(None, ends) and _is_number(None, begins)
        )
        # Days in the form of the standard sort as text.
        if comparable and ends < begins:  # type: ignore[operator]
            yield ValidationError("", path=(later,), validator_value=earlier)


def _pattern(
    validator: Validator, pattern: str, instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    """The standard's keyword, where ``$`` is the very end; Python lets a line break follow it."""
    if isinstance(instance, str) and not _expression(pattern).search(instance):
        yield ValidationError("")


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern)


def _code(
    validator: Validator, choices: list[Schema], instance: Any, schema: Schema
) -> Iterator[ValidationError]:
    """The standard's keyword for the one use that our schemas make of it, lists of codes."""
    # The standard's own way is a validation for each code, of which a list has up to 32.
    if not isinstance(instance, str) or all(instance != choice["const"] for choice in choices):
        yield ValidationError("")


def _is_number(_: TypeChecker | None, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


@cache
def _validator() -> Validator:
    of_records = validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        validators={"oneOf": _code, "pattern": _pattern, "x-not-before": _not_before},
        # JSON has no infinity and no NaN, yet Python's reader lets them through.
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number),
    )
    envelope = schema(ENVELOPE)
    made: Validator = of_records(flat(envelope, envelope), format_checker=FORMATS)
    return made
