"""A validator's errors in words for a data officer, without anything the record says."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from jsonschema.exceptions import ValidationError

from joinedup.standards.schemas.problem import Problem

_KINDS: Final = {
    "object": "an object in { }",
    "array": "a list in [ ]",
    "string": 'text in quotation marks " "',
    "integer": "a whole number without quotation marks",
    "number": "a number without quotation marks",
    "boolean": "true or false without quotation marks",
}
# Every rule code, and what it says of the record or its field.
RULES: Final = {
    "record-not-object": "is not an object in { }",
    "record-too-deep": "is nested, or has numbers, beyond anything a record type has",
    "field-missing": "must be there and is not",
    "field-unknown": "is not in the record type",
    "field-wrong-kind": "is text in place of a number, null, and the like",
    "field-empty": "is there and says nothing",
    "field-too-long": "is longer than it may be",
    "field-malformed": "is not written as it must be, or fails its check digit",
    "code-unknown": "is none of the codes that may stand there",
    "number-out-of-range": "is too low or too high",
    "dates-reversed": "comes before a day or year that it must follow",
}
# Longer lists are on the page of the record type.
_CODES_SHOWN: Final = 12

Path = tuple[str | int, ...]


def problems(errors: Iterable[ValidationError]) -> list[Problem]:
    """Give one problem a field: the plainest of what is wrong with it."""
    found: dict[Path, tuple[int, Problem]] = {}
    for error in errors:
        for path, rule, description in _worded(error):
            rank = _RANKS[str(error.validator)]
            if path not in found or rank < found[path][0]:
                found[path] = (rank, Problem(_field(path), rule, description))
    return [problem for _, problem in found.values()]


def _worded(error: ValidationError) -> list[tuple[Path, str, str]]:
    """Path, rule code and description of each problem that an error stands for."""
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    if keyword == "required":
        return _missing(error, path)
    if keyword == "additionalProperties":
        return _unknown(error, path)
    rule, describe = _WORDS[keyword]
    return [(path, rule, f"{_name(path)} {describe(error)}")]


def _missing(error: ValidationError, path: Path) -> list[tuple[Path, str, str]]:
    # One error comes for every missing name, each with the whole list.
    schema = _schema(error)
    found = []
    for name in _value(error):
        if name not in _instance(error):
            part = schema.get("properties", {}).get(name, {})
            why = part.get("description") or schema.get("x-fix", "")
            what = f"{name} is missing{_in(path)}. Add it. {why}".rstrip()
            found.append(((*path, name), "field-missing", what))
    return found


def _instance(error: ValidationError) -> Any:
    """What the record says there: to be looked at and never repeated."""
    return error.instance


def _value(error: ValidationError) -> Any:
    """What the schema says beside the keyword that failed."""
    return error.validator_value


def _schema(error: ValidationError) -> dict[str, Any]:
    """The part of the schema that holds the keyword that failed."""
    return cast(dict[str, Any], error.schema)


def _unknown(error: ValidationError, path: Path) -> list[tuple[Path, str, str]]:
    """Fields that the standard does not have. A field's name may itself be about a child."""
    known = list(_schema(error)["properties"])
    found = []
    for place, name in enumerate(_instance(error), start=1):
        if name in known:
            continue
        if like := difflib.get_close_matches(name.casefold(), map(str.casefold, known), 1, 0.8):
            meant = next(field for field in known if field.casefold() == like[0])
            fix = f"It looks like {meant}: write it exactly so"
        else:
            fix = "Take it out, so that no more is shared than was agreed"
        what = f"Field {place}{_in(path)} is not in this record type. {fix}."
        found.append(((*path, f"[field {place}]"), "field-unknown", what))
    return found


def _kind(error: ValidationError) -> str:
    if _instance(error) is None:
        return "is null. Leave the field out when its value is not known."
    return f"is not of the right kind. Write {_KINDS[_value(error)]}."


def _code(error: ValidationError) -> str:
    if error.validator == "const":
        return f"must be {_value(error)} here."
    known = [str(choice["const"]) for choice in _value(error)]
    shown = ", ".join(known[:_CODES_SHOWN])
    if len(known) > _CODES_SHOWN:
        shown += f" and {len(known) - _CODES_SHOWN} more, which the record type's page lists"
    return f"is none of the codes that may stand here: {shown}."


def _format(error: ValidationError) -> str:
    return f"{error.cause}."


def _pattern(error: ValidationError) -> str:
    return f"is not written as it must be. {_schema(error)['x-fix']}"


def _ways(error: ValidationError) -> str:
    ways = [name for way in _value(error) for name in way["required"]]
    return f"needs at least one of {', '.join(ways)}. Add one."


_WORDS: Final[dict[str, tuple[str, Callable[[ValidationError], str]]]] = {
    "type": ("field-wrong-kind", _kind),
    "const": ("code-unknown", _code),
    "oneOf": ("code-unknown", _code),
    "minItems": ("field-empty", lambda _: "is an empty list. Put at least one entry into it."),
    "minProperties": ("field-empty", lambda _: "says nothing. Fill at least one of its fields."),
    "maxLength": ("field-too-long", lambda e: f"is longer than {_value(e)} characters."),
    "maxItems": ("field-too-long", lambda e: f"has more than {_value(e)} entries."),
    "minimum": ("number-out-of-range", lambda e: f"is below {_value(e)}."),
    "maximum": ("number-out-of-range", lambda e: f"is above {_value(e)}."),
    "pattern": ("field-malformed", _pattern),
    "format": ("field-malformed", _format),
    "anyOf": ("field-missing", _ways),
    "x-not-before": (
        "dates-reversed",
        lambda e: f"comes before {_value(e)}. Correct whichever is wrong.",
    ),
}

_RANKS: Final = {
    keyword: rank for rank, keyword in enumerate(["required", "additionalProperties", *_WORDS])
}
# Every keyword whose failing there are words for.
WORDED: Final = frozenset(_RANKS)


def _field(path: Path) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[item {step + 1}]"
        elif text and not step.startswith("["):
            text += f".{step}"
        else:
            text += step
    return text


def _name(path: Path) -> str:
    """What to call the last step of a path at the beginning of a sentence."""
    if not path:
        return "The record"
    last = path[-1]
    if isinstance(last, int):
        return f"Item {last + 1} of {path[-2]}"
    return last


def _in(path: Path) -> str:
    if not path:
        return " in the record"
    name = _name(path)
    return f" in {name[0].lower()}{name[1:]}"
