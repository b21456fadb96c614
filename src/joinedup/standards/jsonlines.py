"""JSON lines: one object a line, as records of cells."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from joinedup.standards.columns import TableError
from joinedup.standards.encoding import Encoding

_KEYS_LIMIT = 2_000


def read_keys(path: Path, encoding: Encoding) -> list[str]:
    """Every key that any object of the file has, in the order they first appear."""
    keys: dict[str, None] = {}
    for _, entry in _lines(path, encoding):
        if isinstance(entry, dict):
            keys.update(dict.fromkeys(entry))
            if len(keys) > _KEYS_LIMIT:
                raise TableError(
                    f"{path.name} has more than {_KEYS_LIMIT} different keys, so it is not a "
                    "table. Give every child's object the same keys."
                )
    return list(keys)


def read_objects(
    path: Path, encoding: Encoding, keys: Sequence[str]
) -> Iterator[tuple[int, list[str], str]]:
    """Line number, cells in the order of ``keys``, and what is wrong, for every line with text."""
    for number, entry in _lines(path, encoding):
        if isinstance(entry, dict):
            yield number, [_text(entry.get(key)) for key in keys], ""
        else:
            what = "is not JSON" if entry is None else "is JSON but not an object in { }"
            yield number, [""] * len(keys), f"this line {what}"


def _lines(path: Path, encoding: Encoding) -> Iterator[tuple[int, object]]:
    """Line number and parsed line; None for what is not JSON."""
    with path.open(encoding=encoding.codec, errors=encoding.errors, newline="\n") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix("\ufeff").strip()
            if not text:
                continue
            try:
                parsed = orjson.loads(text)
            except orjson.JSONDecodeError:
                yield number, None
            else:
                yield number, "null" if parsed is None else parsed


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return orjson.dumps(value).decode()
