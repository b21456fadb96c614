"""The items of a JSON file as rows."""

from collections.abc import Iterator

from joinedup.standards import json_items
from joinedup.standards.reading import Input, Row, Unread
from joinedup.standards.text import Text, misfit_note


def json_rows(text: Text, lists: frozenset[str], table: str) -> Iterator[Input]:
    """The items of a JSON file as rows; what is not an object is unread."""
    number = 0
    for piece in json_items.pieces(text, lists):
        if isinstance(piece, json_items.Around) and not piece.alone:
            continue
        number += 1
        if isinstance(piece, json_items.Broken):
            yield Unread(table, number, "json-broken", piece.problem)
            continue
        value = piece.value if isinstance(piece, json_items.Item) else piece.members
        if isinstance(value, dict):
            yield Row(table, number, value)
        else:
            yield Unread(table, number, "json-broken", "This record is not an object in { }.")
    if text.misfits:
        yield misfit_note(table, text)
