"""Names that look like another's: how somebody would join under a name people trust.

A name is first read as people see it, its *skeleton* (Unicode Technical Standard 39, section 4):
accents, case, spaces and marks gone, and letters that look alike made one. Organisations in
England have Latin names, so a letter of another script is refused outright, and only look-alikes
within Latin are left to fold.
"""

import unicodedata
from collections.abc import Iterable

from rapidfuzz.distance import DamerauLevenshtein

from joinedup.hub.organisations.models import Organisation

_FOLDED = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))
"""What looks alike in the fonts that pages and letters are set in, read after case is gone."""

_DISTANCE_FROM = 8  # shorter skeletons of different bodies differ by a letter: Kent, Gwent
_FILLING = frozenset({"the", "of", "and", "ltd", "limited", "plc"})


def not_plain(name: str) -> str:
    """Why a name may not be used at all, or nothing.

    Letters of another script, and characters that show nothing or turn the text round, have no
    place in an organisation's name.
    """
    for character in name:
        kind = unicodedata.category(character)
        if kind.startswith("C"):
            return "The name holds a character that cannot be seen. Type it anew."
        if kind.startswith("L") and not unicodedata.name(character, "").startswith("LATIN "):
            return (
                f"The name holds a letter that is not Latin ({unicodedata.name(character, '?')}). "
                "Type it anew."
            )
    return ""


def skeleton(name: str) -> str:
    """The name as an eye in a hurry sees it."""
    text = unicodedata.normalize("NFKD", name).casefold()
    words = "".join(
        character if character.isalnum() else " "
        for character in text
        if not unicodedata.combining(character) and character not in "'’"
    ).split()
    seen = "".join(word for word in words if word not in _FILLING)
    for looks, like in _FOLDED:
        seen = seen.replace(looks, like)
    return seen


def look_alike(one: str, other: str) -> bool:
    """Whether people could take one name for the other: one skeleton, or one slip apart."""
    first, second = skeleton(one), skeleton(other)
    if first == second:
        return True
    if min(len(first), len(second)) < _DISTANCE_FROM:
        return False
    return DamerauLevenshtein.distance(first, second, score_cutoff=1) <= 1


def alike(name: str, besides: str = "") -> list[Organisation]:
    """Organisations, open or closed, whose name looks like this one, but for the given code."""
    known: Iterable[Organisation] = Organisation.objects.exclude(ods_code=besides)
    return [each for each in known if look_alike(name, each.name)]
