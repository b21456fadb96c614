"""XML as a stream of records, safely, in bounded memory, and past what is broken.

The text is cut into records (one ``<Child>``, one ``<Pupil>``). Some hundred are parsed together
and, where that fails, each on its own. So a stray ``&`` costs one child and not the rest of the
file, memory holds few records at a time, and entities cannot exist: a document type, the only place
that can declare one, is refused before anything is parsed, and inside a record it is not
well-formed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError, XMLParser

from joinedup.standards.reading import Input, Row, Unread
from joinedup.standards.records import Issue, Severity
from joinedup.standards.text import Text, misfit_note

# One record longer than this is not a record: about 40,000 times what a child's takes.
_LONGEST = 1 << 24
_LOOSE = 1 << 20
# So many records are parsed together, while they are no longer than this.
_TOGETHER = 100
_TOGETHER_LENGTH = 1 << 18
_DECLARES = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.I)
_PREFIXES = re.compile(r"""\bxmlns:([A-Za-z_][\w.-]{0,60})\s*=""")
_MARKUP = re.compile(r"<[^<>]*>")

OnHeader = Callable[[Element], Iterable[Issue]]


def records(
    text: Text, tag: str, root: str, header: str = "", on_header: OnHeader = lambda _: ()
) -> Iterator[Input]:
    """Every element called ``tag`` as a row whose content is an ``Element``, some at a time.

    A record that is not well-formed is unread; what the file holds besides is reported once.
    ``header`` names an element that is no record: ``on_header`` is given it when it comes.
    """
    return _Records(text, tag, root, header, on_header).read()


class _Records:
    def __init__(self, text: Text, tag: str, root: str, header: str, on_header: OnHeader) -> None:
        self._text = text
        self._chunks = text.chunks()
        self._tag = tag
        self._root = root
        self._header = header
        self._on_header = on_header
        names = f"{tag}|{header}" if header else tag
        self._names = tuple(names.split("|"))
        self._plain, self._prefixed = _patterns(names, ""), _patterns(names, r"(?:[\w.-]+:)?")
        self._open, self._edge = self._prefixed
        self._number = 0
        self._wrap = ""
        self._waiting: list[tuple[int, str]] = []
        self._waiting_length = 0
        self._buffer = ""
        self._place = 0
        self._tail = ""
        self._strange = False
        self._refused = False
        self._damaged = False

    def read(self) -> Iterator[Input]:
        self._prolog()
        while (found := self._next()) is not None:
            tag = found[2]
            end = self._end(found)
            self._damaged = end is None
            # Filling the buffer moved the record to its beginning.
            start = self._place
            if tag is not None:
                yield from self._record(tag, None if end is None else self._buffer[start:end])
            self._place = end if end is not None else start + len(found[0])
        yield from self._parse_waiting()
        if self._refused:
            yield _unsafe(self._root)
            return
        if not self._is_closed():
            yield Issue(
                "", self._root, (), 0, "file-cut-off", Severity.ERROR,
                f"The file does not end with </{self._root}>, so the end of it may be missing. "
                "Export it again.",
            )  # fmt: skip
        if self._strange:
            yield Issue(
                "", self._root, (), 0, "xml-stray-text", Severity.WARNING,
                "There is text between the records that belongs to none; it was not read.",
            )  # fmt: skip
        if self._text.misfits:
            yield misfit_note(self._root, self._text)

    def _fill(self) -> bool:
        """Drop what has been read from the buffer and add to it; false at the end of the file."""
        more = next(self._chunks, None)
        if more is None:
            return False
        self._buffer = self._buffer[self._place :] + more
        self._place = 0
        # Looking for a prefix at every tag takes longer than all the parsing.
        prefixed = any(f":{name}" in self._buffer for name in self._names)
        self._open, self._edge = self._prefixed if prefixed else self._plain
        return True

    def _next(self) -> re.Match[str] | None:
        """The beginning of the next record, comment or section, with ``_place`` put there."""
        while not self._refused:
            found = self._open.search(self._buffer, self._place)
            if found is not None:
                self._outside(found.start())
                return None if self._refused else found
            # Go past whole tags only: the last may be cut in two. Megabytes without one are no XML.
            whole = self._buffer.rfind(">", self._place) + 1
            if len(self._buffer) - self._place > _LOOSE:
                whole = len(self._buffer)
            self._outside(max(self._place, whole))
            if not self._fill():
                self._outside(len(self._buffer))
                break
        return None

    def _outside(self, end: int) -> None:
        """Look at the text up to ``end``, which is in no record, and go past it."""
        text = self._buffer[self._place : end]
        self._place = end
        if text:
            self._refused = self._refused or _DECLARES.search(text) is not None
            # What follows a record that is never closed belongs to it, and is reported with it.
            if not self._damaged:
                self._strange = self._strange or bool(_MARKUP.sub("", text).strip())
            self._tail = (self._tail + text)[-300:]

    def _prolog(self) -> None:
        """Take the prefixes that the root declares, which a record on its own would lack."""
        self._fill()
        first = self._open.search(self._buffer)
        prolog = self._buffer[: first.start() if first else 4_000]
        prefixes = dict.fromkeys(_PREFIXES.findall(prolog))
        if prefixes:
            declared = " ".join(f'xmlns:{prefix}="{prefix}"' for prefix in prefixes)
            self._wrap = f"<r {declared}>"

    def _end(self, found: re.Match[str]) -> int | None:
        """Where what begins at ``_place`` ends; None when it is never closed or far too long."""
        while True:
            end = self._end_in_buffer(found)
            if end is not None or len(self._buffer) - self._place > _LONGEST or not self._fill():
                return end

    def _end_in_buffer(self, found: re.Match[str]) -> int | None:
        buffer, start = self._buffer, self._place
        if found[2] is None:
            end = buffer.find("-->" if found[0] == "<!--" else "]]>", start)
            return None if end < 0 else end + 3
        close = buffer.find(">", start)
        if close < 0:
            return None
        if buffer[close - 1] == "/":
            return close + 1
        while (edge := self._edge.search(buffer, close)) is not None:
            if edge[1] is None:
                close = buffer.find("-->" if edge[0] == "<!--" else "]]>", edge.end())
                if close < 0:
                    return None
                continue
            if not edge[1]:  # the next record begins although this one was never closed
                return edge.start()
            close = buffer.find(">", edge.end())
            return None if close < 0 else close + 1
        return None

    def _is_closed(self) -> bool:
        tail = re.sub(r"<!--.*?-->", "", self._tail, flags=re.S).rstrip()
        return re.search(rf"</(?:[\w.-]+:)?{self._root}\s*>$", tail) is not None

    def _record(self, tag: str, fragment: str | None) -> Iterator[Input]:
        """The record as a row, or what is wrong with it; of a header, its issues."""
        if tag == self._header:
            yield from self._parse_waiting()
            problem = _never_closed(tag)
            if fragment is not None:
                try:
                    yield from self._on_header(self._parse(fragment))
                    return
                except ParseError as error:
                    problem = _not_well_formed(tag, error)
            yield Issue("", tag, (), 0, problem[0], Severity.ERROR, problem[1])
            return
        self._number += 1
        if fragment is None:
            yield from self._parse_waiting()
            yield Unread(tag, self._number, *_never_closed(tag))
            return
        self._waiting.append((self._number, fragment))
        self._waiting_length += len(fragment)
        if len(self._waiting) >= _TOGETHER or self._waiting_length >= _TOGETHER_LENGTH:
            yield from self._parse_waiting()

    def _parse_waiting(self) -> Iterator[Input]:
        """The records that wait as rows, together; where they are not well-formed, one by one."""
        waiting, self._waiting, self._waiting_length = self._waiting, [], 0
        if not waiting:
            return
        try:
            parser = XMLParser()  # noqa: S314
            parser.feed(self._wrap or "<r>")
            parser.feed("".join([fragment for _, fragment in waiting]))
            parser.feed("</r>")
            elements = list(parser.close())
        except ParseError:
            elements = []
        if len(elements) == len(waiting):
            yield [
                Row(self._tag, number, element)
                for (number, _), element in zip(waiting, elements, strict=True)
            ]
            return
        for number, fragment in waiting:
            try:
                yield [Row(self._tag, number, self._parse(fragment))]
            except ParseError as error:
                yield Unread(self._tag, number, *_not_well_formed(self._tag, error))

    def _parse(self, fragment: str) -> Element:
        # The plain parser is safe here and several times as fast: see the top of this module.
        parser = XMLParser()  # noqa: S314
        if self._wrap:
            parser.feed(self._wrap)
            parser.feed(fragment)
            parser.feed("</r>")
            wrapped: Element = parser.close()
            if len(wrapped) != 1:
                raise _two_roots()
            return wrapped[0]
        parser.feed(fragment)
        element: Element = parser.close()
        return element


def _patterns(names: str, prefix: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What begins a record, and what begins or ends one; comments and sections are gone past."""
    return (
        re.compile(rf"<(?:!--|!\[CDATA\[|({prefix}({names}))(?=[\s/>]))"),
        re.compile(rf"<(?:!--|!\[CDATA\[|(/?){prefix}(?:{names})(?=[\s/>]))"),
    )


def _never_closed(tag: str) -> tuple[str, str]:
    return (
        "record-cut-off",
        f"This <{tag}> is never closed: the file is cut off or damaged here.",
    )


def _not_well_formed(tag: str, error: ParseError) -> tuple[str, str]:
    return (
        "xml-not-well-formed",
        f"This <{tag}> is not well-formed XML at its line {error.position[0]}: look there for a "
        "tag that is not closed, or for a & or < that is not written &amp; or &lt;.",
    )


def _two_roots() -> ParseError:
    error = ParseError("more than one element")
    error.code, error.position = 9, (1, 0)
    return error


def _unsafe(root: str) -> Issue:
    return Issue(
        "", root, (), 0, "xml-unsafe", Severity.ERROR,
        "The file declares a document type or entities (<!DOCTYPE or <!ENTITY), which no return "
        "needs and an attack uses. Nothing of it was read. Remove the declaration.",
    )  # fmt: skip
