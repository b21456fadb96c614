"""JSON as a stream of items, in bounded memory and past what is broken.

One document of any size (a list, or an object that holds a list), or one document a line. Memory
holds one item at a time; what stands beside the list must fit into ``_LONGEST`` too.
"""

import json
import re
from collections.abc import Iterator, Set
from typing import Any, NamedTuple

import orjson

from joinedup.standards.text import Text

_LONGEST = 1 << 24
_SPACE = re.compile(r"[\s,\ufeff]*")
# The last alternative is a quotation mark that is never closed.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],"]', re.S)
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,60}")\s*:')

CUT_OFF = "The file ends in the middle of this record: it is cut off."
MALFORMED = "This record is not well-formed JSON."
TOO_LONG = "This record is longer than 16 million characters."


class Item(NamedTuple):
    """One item of the list."""

    value: Any


class Around(NamedTuple):
    """What an object holds beside its list; ``alone`` when it has no list and is itself an item."""

    members: dict[str, Any]
    alone: bool


class Broken(NamedTuple):
    """A piece that is no item, and why. ``ends`` when nothing can be read after it."""

    problem: str
    ends: bool = False


Piece = Item | Around | Broken


def pieces(text: Text, lists: Set[str]) -> Iterator[Piece]:
    """The items of every list found under one of the keys ``lists``, or at the root."""
    return _Pieces(text, lists).read()


class _Malformed(Exception):
    """What stands at this place is no JSON value; carries why, and none of the text."""


class _Pieces:
    def __init__(self, text: Text, lists: Set[str]) -> None:
        self._chunks = text.chunks()
        self._lists = lists
        self._decode = json.JSONDecoder().raw_decode
        self._buffer = ""
        self._place = 0

    def read(self) -> Iterator[Piece]:
        while (mark := self._peek()) is not None:
            if mark == "[":
                self._place += 1
                yield from self._list()
            elif mark == "{":
                if (whole := self._line()) is not None:
                    yield from self._members(whole)
                    continue
                self._place += 1
                yield from self._object()
            else:
                # No JSON here: go to where some begins.
                yield Broken(MALFORMED)
                if not self._skip_to("[{"):
                    return

    def _fill(self) -> bool:
        wanted = max(1, len(self._buffer) - self._place)
        parts, size = [self._buffer[self._place :]], 0
        for chunk in self._chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= wanted:
                break
        self._buffer, self._place = "".join(parts), 0
        return size > 0

    def _peek(self) -> str | None:
        while True:
            found = _SPACE.match(self._buffer, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if not self._fill():
                return None

    def _skip_to(self, marks: str) -> bool:
        pattern = re.compile(f"[{re.escape(marks)}]")
        while True:
            if found := pattern.search(self._buffer, self._place):
                self._place = found.start()
                return True
            self._place = len(self._buffer)
            if not self._fill():
                return False

    def _line(self) -> dict[str, Any] | None:
        """The object that fills the rest of the line, which is gone past; None for anything else.

        Files with one object a line are read several times as fast so. What this does not take,
        and a list that comes twice, is taken apart piece by piece.
        """
        end = self._buffer.find("\n", self._place)
        if end < 0 and self._fill():
            end = self._buffer.find("\n", self._place)
        if end < 0:
            return None
        line = self._buffer[self._place : end]
        if any(line.count(f'"{name}"') > 1 for name in self._lists):
            return None
        try:
            found: dict[str, Any] = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        self._place = end
        return found

    def _members(self, whole: dict[str, Any]) -> Iterator[Piece]:
        alone = True
        members: dict[str, Any] = {}
        for key, value in whole.items():
            if key not in self._lists or not isinstance(value, list | dict):
                members[key] = value
                continue
            alone = False
            for item in value if isinstance(value, list) else (value,):
                yield Item(item)
        yield Around(members, alone)

    def _list(self) -> Iterator[Piece]:
        while (mark := self._peek()) is not None:
            if mark == "]":
                self._place += 1
                return
            if mark in "}:":
                break
            try:
                yield Item(self._value())
            except _Malformed as problem:
                if not self._recover():
                    yield Broken(str(problem), ends=True)
                    self._place = len(self._buffer)
                    return
                yield Broken(str(problem))
        yield Broken("The list is never closed: the end of the file may be missing.", ends=True)

    def _object(self) -> Iterator[Piece]:
        members: dict[str, Any] = {}
        alone = True
        problem = CUT_OFF
        while (mark := self._peek()) is not None:
            if mark == "}":
                self._place += 1
                yield Around(members, alone)
                return
            try:
                key = self._value()
                if self._peek() != ":" or not isinstance(key, str):
                    raise _Malformed(MALFORMED)
                self._place += 1
                mark = self._peek()
                if key in self._lists and mark == "[":
                    self._place += 1
                    alone = False
                    yield from self._list()
                elif key in self._lists and mark == "{":
                    alone = False
                    yield Item(self._value())
                else:
                    members[key] = self._value()
            except _Malformed as error:
                problem = str(error)
                break
        yield Broken(problem)
        if not alone:
            yield Around(members, alone)
        # A broken line of a file with one object a line costs that line; otherwise all is lost.
        found = re.compile(r"\n[ \t]*(?=[{\[])").search(self._buffer, self._place)
        self._place = found.end() if found else len(self._buffer)

    def _value(self) -> Any:
        """The value at this place, which is gone past."""
        while True:
            try:
                value, end = self._decode(self._buffer, self._place)
            except RecursionError:
                raise _Malformed(MALFORMED) from None
            except ValueError as error:
                if len(self._buffer) - self._place > _LONGEST:
                    raise _Malformed(TOO_LONG) from None
                certain = (
                    isinstance(error, json.JSONDecodeError)
                    and error.pos < len(self._buffer) - 16
                    and not error.msg.startswith("Unterminated string")
                ) or not isinstance(error, json.JSONDecodeError)
                if certain:
                    raise _Malformed(MALFORMED) from None
                if not self._fill():
                    raise _Malformed(CUT_OFF) from None
                continue
            # A number at the end of the buffer may go on in the next chunk.
            if end == len(self._buffer) and not isinstance(value, str | list | dict):
                size = len(self._buffer) - self._place
                if self._fill() and size < 64:
                    continue
                end = self._place + size
            self._place = end
            return value

    def _recover(self) -> bool:
        """Go past a malformed item of a list: to where its brackets close, or its like begins."""
        end = self._closing()
        if end is not None:
            self._place = max(end, self._place + 1)
            return True
        if first := _FIRST_KEY.match(self._buffer, self._place):
            again = re.compile(r"\{\s*" + re.escape(first[1]) + r"\s*:")
            if found := again.search(self._buffer, self._place + 1):
                self._place = found.start()
                return True
        return False

    def _closing(self) -> int | None:
        while True:
            depth = 0
            for token in _TOKEN.finditer(self._buffer, self._place):
                mark = token[0]
                if mark == '"':
                    break
                if mark in "{[":
                    depth += 1
                elif mark == "," and depth == 0:
                    return token.start()
                elif mark in "}]":
                    depth -= 1
                    if depth < 0:
                        return token.start()
                    if depth == 0:
                        return token.end()
            if len(self._buffer) - self._place > _LONGEST or not self._fill():
                return None
