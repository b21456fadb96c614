"""Who had a number first: what must be remembered of a file to find one number on two children.

One entry a number, in lists beside one dictionary: about 200 bytes, and no object for the garbage
collector to go through again and again.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple


class Holder(NamedTuple):
    """Who had a number first: ``who`` it was, born when, in which row of the file."""

    who: str
    birth: str
    row: int


class Holders:
    """The first holder of every number of one kind."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._who: list[str] = []
        self._births: list[str] = []
        self._rows = array("q")

    def enter(
        self, numbers: Sequence[str], who: Sequence[str], births: Sequence[str], rows: Sequence[int]
    ) -> Iterator[tuple[int, Holder]]:
        """Note who has numbers; go through the indexes where somebody had it before, with whom.

        "" is no number.
        """
        given = numbers
        if "" in numbers:
            numbers = list(compress(numbers, given))
        index, start = self._index, len(self._who)
        fresh = list(range(start, start + len(numbers)))
        first = list(map(index.setdefault, numbers, fresh))
        if first == fresh:
            self._extend(given, who, births, rows)
            return
        # What had a holder takes no room: the indexes of the new ones close up.
        new = [one == other for one, other in zip(first, fresh, strict=True)]
        index.update(zip(compress(numbers, new), range(start, start + sum(new)), strict=False))
        places = list(compress(range(len(given)), given))
        chosen = [0] * len(given)
        for place, is_new in zip(places, new, strict=True):
            chosen[place] = is_new
        self._extend(chosen, who, births, rows)
        for place, number, is_new in zip(places, numbers, new, strict=True):
            if not is_new:
                at = index[number]
                yield place, Holder(self._who[at], self._births[at], self._rows[at])

    def replace(self, number: str, holder: Holder) -> None:
        """Put somebody in the place of a number's first holder."""
        at = self._index[number]
        self._who[at], self._births[at], self._rows[at] = holder

    def _extend(
        self,
        chosen: Sequence[object],
        who: Iterable[str],
        births: Iterable[str],
        rows: Iterable[int],
    ) -> None:
        self._who.extend(compress(who, chosen))
        self._births.extend(compress(births, chosen))
        self._rows.extend(compress(rows, chosen))
