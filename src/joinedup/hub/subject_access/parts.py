"""What an item says, part by part, whom each part is about, and what of it leaves. Pure.

The rules hold whatever a data officer marks: a part that could lead somebody to the child, that
names a protected source, or a member of staff, is in no answer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Concern(StrEnum):
    """Whom a part is about."""

    CHILD = "child"
    WORDS = "words"  # somebody's own words: read before they are given
    THIRD_PARTY = "third-party"
    STAFF = "staff"
    WHEREABOUTS = "whereabouts"  # of a shielded child
    PROTECTED = "protected"  # a source who could be harmed


CONCERN_WORDS = {
    Concern.CHILD: "About the child",
    Concern.WORDS: "Somebody’s own words: read them first",
    Concern.THIRD_PARTY: "About another person",
    Concern.STAFF: "Names a member of staff: never given",
    Concern.WHEREABOUTS: "Says where a protected child is: never given",
    Concern.PROTECTED: "Names a protected source: never given",
}
NEVER = frozenset({Concern.STAFF, Concern.WHEREABOUTS, Concern.PROTECTED})
_AS_IT_STANDS = frozenset({Concern.CHILD, Concern.WORDS})
_SHORTEST_TRACE = 4
"""Letters of a hidden text that are looked for elsewhere; shorter ones are everywhere."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of an item."""

    label: str
    text: str
    concern: Concern = Concern.CHILD

    @property
    def may_be_given(self) -> bool:
        """Whether anybody can decide to give it."""
        return self.concern not in NEVER


@dataclass(frozen=True, slots=True)
class Choice:
    """What a data officer decided: ``texts`` by the part's place, as they are to be given.

    ``others_agreed`` says why parts about another person may be given: they agreed, or it is
    reasonable without (DPA 2018 Sch. 2 para. 16(2)). ``why`` is for the file.
    """

    mark: str
    texts: Mapping[int, str] = field(default_factory=dict)
    others_agreed: str = ""
    why: str = ""


Line = tuple[str, str]


def given(parts: Sequence[Part], choice: Choice) -> list[Line]:
    """Give the lines of an item that leave: label and text."""
    if choice.mark == "disclose":
        return [(part.label, part.text) for part in parts if part.concern in _AS_IT_STANDS]
    if choice.mark != "redact":
        return []
    lines = []
    for place, part in enumerate(parts):
        text = choice.texts.get(place, "").strip()
        of_another = part.concern is Concern.THIRD_PARTY and not choice.others_agreed.strip()
        if text and part.may_be_given and not of_another:
            lines.append((part.label, text if part.concern is Concern.WORDS else part.text))
    return lines


def leaks(
    items: Iterable[tuple[Sequence[Part], Sequence[Line]]],
) -> list[tuple[int, str]]:
    """Give (item, label) of each line that leaves with something in it that is hidden elsewhere.

    A name that was struck out of one item and stands in the words of another is found here.
    """
    listed = list(items)
    hidden = {
        _plain(part.text)
        for parts, lines in listed
        for part in parts
        if part.concern in NEVER | {Concern.THIRD_PARTY} and (part.label, part.text) not in lines
    }
    traces = {each for each in hidden if len(each.strip()) >= _SHORTEST_TRACE}
    return [
        (number, label)
        for number, (_, lines) in enumerate(listed)
        for label, text in lines
        if any(trace in _plain(text) for trace in traces)
    ]


def _plain(text: str) -> str:
    """Words alone, so that another spelling with commas or capitals does not slip through."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return f" {' '.join(words)} "


def as_json(parts: Iterable[Part]) -> list[list[str]]:
    """Give parts as they are kept."""
    return [[part.label, part.text, part.concern.value] for part in parts]


def from_json(kept: Any) -> list[Part]:
    """Read parts as they are kept."""
    return [Part(label, text, Concern(concern)) for label, text, concern in kept]
