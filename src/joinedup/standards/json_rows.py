"""The items of a JSON file as rows."""

from collections.abc import Iterator

from joinedup.standards import json_items
from joinedup.standards.reading import Input, Row, Unread
from joinedup.standards.text import Text, misfit_note

_TOGETHER = 100
_TOGETHER_LENGTH = 1 << 20


def json_rows(text: Text, lists: frozenset[str], table: str) -> Iterator[Input]:
    """The items of a JSON file as rows, some at a time; what is not an object is unread."""
    number = given = 0
    held: list[Row] = []
    for piece in json_items.pieces(text, lists):
        if isinstance(piece, json_items.Around) and not piece.alone:
            continue
        number += 1
        problem = "This record is not an object in { }."
        if isinstance(piece, json_items.Broken):
            problem = piece.problem
        else:
            value = piece.value if isinstance(piece, json_items.Item) else piece.members
            if isinstance(value, dict):
                held.append(Row(table, number, value))
                # Few when each is so long that the text moved on for it.
                if len(held) == _TOGETHER or text.given - given > _TOGETHER_LENGTH:
                    given = text.given
                    yield held
                    held = []
                continue
        if held:
            yield held
            held = []
        yield Unread(table, number, "json-broken", problem)
    if held:
        yield held
    if text.misfits:
        yield misfit_note(table, text)
