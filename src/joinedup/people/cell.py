"""What one cell of somebody's file holds, before any meaning is given to it."""

import re
import unicodedata

# Characters that print nothing but make equal values differ, or turn text round on a screen:
# zero-width characters, soft hyphen, bidirectional controls, variation selectors, tags, controls.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)
_ONLY_DASHES = re.compile(r"[-\u2010-\u2015\u2212_\s]+")

# What databases, spreadsheets and R write when a value is absent. "Na" and "Nan" are names of
# real children, so only the exact spellings that programs write count for those.
_ABSENT_ANY_CASE = frozenset({"null", "none", "#n/a", "<na>", "(blank)", "(null)", "<null>"})
_ABSENT_EXACT = frozenset({"NA", "nan", "NaN", "NaT"})


def is_absent(text: str) -> bool:
    """Say whether tidy text stands for "nothing here"."""
    return (
        not text
        or text in _ABSENT_EXACT
        or (len(text) <= 7 and text.lower() in _ABSENT_ANY_CASE)
        or (not text[0].isalnum() and _ONLY_DASHES.fullmatch(text) is not None)
    )


def without_invisible(text: str) -> str:
    """Remove characters that cannot be seen."""
    return _INVISIBLE.sub("", text)


def tidy(raw: str | None, limit: int) -> str | None:
    """Give the text of a cell with invisible characters gone and spaces single.

    Gives ``None`` when the cell holds nothing, and raises ``TooLong`` when it holds more than
    ``limit`` characters: such a cell is a mistake in the file, and reading on would cost time.
    """
    if raw is None:
        return None
    if len(raw) > limit:
        raw = raw.strip()
        if len(raw) > limit:
            raise TooLong
    if not raw.isascii():
        raw = unicodedata.normalize("NFKC", without_invisible(raw))
    elif not raw.isprintable():
        raw = without_invisible(raw)
    text = " ".join(raw.split())
    return None if is_absent(text) else text


class TooLong(ValueError):
    """The cell holds far more text than the field can; it carries none of the text."""
