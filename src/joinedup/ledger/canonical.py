"""One way of writing a value down, so that its hash is always the same (RFC 8785, JCS).

Only what entries are made of: objects with ASCII names, lists, text, whole numbers, yes, no and
nothing. For these Python's own JSON, sorted and without spaces, is byte for byte what RFC 8785
asks for; what would differ (fractions, numbers beyond 2^53, other names) is refused.
"""

import json
from typing import Any

_SAFE = 2**53 - 1


def canonical(value: Any) -> bytes:
    """Give the canonical JSON of a value.

    Raises ``ValueError`` for what has no canonical form here: fractions, numbers that other
    readers would round, names beyond ASCII, and text that is not Unicode.
    """
    _check(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _check(value: Any) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > _SAFE:
                raise ValueError("a number beyond 2^53 - 1 is not the same for every reader")
        case list() | tuple():
            for one in value:
                _check(one)
        case dict():
            for name, one in value.items():
                if not isinstance(name, str) or not name.isascii():
                    raise ValueError("names are ASCII, so that all readers sort them alike")
                _check(one)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form here")
