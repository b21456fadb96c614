"""The search score, as section 0 of the PDS notes reconstructs it from recorded answers.

A plain mean over the fields that were asked: names and postcode by Jaro-Winkler (prefix 4,
weight 0.1), everything else 1 or 0, rounded to four places. Letters outside ASCII become ``@`` and
a wildcard stays in the string as an ordinary character.
"""

from collections.abc import Sequence

from rapidfuzz.distance import JaroWinkler


def likeness(asked: str, held: str) -> float:
    """Jaro-Winkler of two upper-case strings, 0 to 1."""
    return JaroWinkler.similarity(_ascii(asked), _ascii(held), prefix_weight=0.1)


def mean(parts: Sequence[float]) -> float:
    """The score: the mean of its parts to four places (0 if nothing was scored)."""
    return round(sum(parts) / len(parts), 4) if parts else 0.0


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else "@" for letter in text)
