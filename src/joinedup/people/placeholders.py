"""Values that stand for "we do not know", as data in ``data/placeholders.csv``."""

import re
from functools import lru_cache

from joinedup.people.tables import rows

_COUNTED_WORDS = "BABY BOY CHILD GIRL INFANT PATIENT PERSON PUPIL SIBLING TRIPLET TWIN"
# "Twin 1", "Boy A", "Baby two": a child counted, not named.
_COUNTED = re.compile(
    rf"({_COUNTED_WORDS.replace(' ', '|')})S? ?"
    r"(?:(?:NO\.? ?|#)?[0-9]+|(?<= )(?:[A-D]|I{1,3}|ONE|TWO|THREE|FOUR))"
)
_ONE_LETTER = re.compile(r"([A-Z])\1{2,}")
_WORD_BREAK = re.compile(r"[^A-Z0-9/]+")
_LETTER_OR_DIGIT = re.compile(r"[A-Z0-9]")


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for row in rows("placeholders.csv"):
        found.setdefault((row["field"], row["match"]), set()).add(row["text"].upper())
    return {key: frozenset(texts) for key, texts in found.items()}


def is_placeholder(field: str, text: str) -> bool:
    """Say whether tidy text is, as a whole, a known placeholder for this field or for any."""
    return text.upper() in _whole(field)


@lru_cache(maxsize=20)
def _whole(field: str) -> frozenset[str]:
    table = _table()
    return table["any", "whole"] | table.get((field, "whole"), frozenset())


def is_placeholder_name(field: str, text: str) -> bool:
    """Say whether tidy text in ``given`` or ``family`` is no name: "Baby Smith", "Twin 1"."""
    upper = text.upper().strip(" .,;:")
    # Only punctuation; a lone emoji is a symbol, which has its own reason.
    if not upper or (upper.isascii() and not _LETTER_OR_DIGIT.search(upper)):
        return True
    table = _table()
    if upper in _whole(field) or upper in table["name", "whole"]:
        return True
    words = _WORD_BREAK.split(upper)
    return (
        words[0] in table["name", "first word"]
        or not table["name", "any word"].isdisjoint(words)
        or _COUNTED.fullmatch(upper) is not None
        or _ONE_LETTER.fullmatch(upper) is not None
    )


def placeholder_words() -> frozenset[str]:
    """Give all words of which one is in every placeholder for a name that is written in letters."""
    counted = _COUNTED_WORDS.split()
    return frozenset(
        word
        for (field, _), texts in _table().items()
        if field in ("any", "name", "given", "family")
        for text in texts
        for word in _WORD_BREAK.split(text)
    ).union(counted, (f"{word}S" for word in counted))
