"""Streets, towns and postcodes that look right; which stands where is invented."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from random import Random

POSTCODES_PER_BLOCK = 100
_UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail: no C, I, K, M, O or V in the last two
_SECTORS = 600  # of an area: sixty districts of ten
NO_FIXED_ABODE = "ZZ99 3VZ"  # the NHS pseudo-postcode


@dataclass(frozen=True, slots=True)
class Place:
    """One home."""

    lines: tuple[str, ...]  # flat, street with number, locality, town, county; "" where none
    postcode: str


def split_list(text: str) -> list[str]:
    """The names in a comma-separated list of a data file."""
    return [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=1)
def _raw() -> dict[str, str]:
    text = files(__package__).joinpath("data", "places.toml").read_text("utf-8")
    return {key: str(value) for key, value in tomllib.loads(text).items()}


@lru_cache(maxsize=1)
def email_hosts() -> list[str]:
    """Domains that RFC 2606 keeps for examples, so that no message can arrive."""
    return split_list(_raw()["email_hosts"])


class Map:
    """The region's postcodes, in blocks of 100: a block is one postcode sector."""

    def __init__(self, blocks: int, seed: int) -> None:
        raw = _raw()
        self.blocks = blocks
        self._seed = seed
        self._first, self._last = split_list(raw["street_first"]), split_list(raw["street_last"])
        towns = [a + b for a in split_list(raw["town_first"]) for b in split_list(raw["town_last"])]
        rng = Random(f"map {seed}")  # noqa: S311 - invented places, not secrets
        rng.shuffle(towns)
        self._towns = towns
        areas: list[str] = []
        for item in split_list(raw["postcode_areas"]):
            area, share = item.split(":")
            areas += [area] * int(share)
        rng.shuffle(areas)
        seen: dict[str, int] = {}
        self._areas: list[tuple[str, int]] = []  # the area, and which of its turns this is
        for area in areas:
            self._areas.append((area, seen.get(area, 0)))
            seen[area] = seen.get(area, 0) + 1
        self._shares = seen

    def postcode(self, block: int, nth: int) -> str:
        """The nth postcode of a block; no two are the same."""
        turn, at = divmod(block, len(self._areas))
        area, first = self._areas[at]
        ordinal = turn * self._shares[area] + first
        layer, within = divmod(ordinal, _SECTORS)
        # 277 shares no factor with 600: each sector of an area comes up once in its 600 turns.
        district, sector = divmod(within * 277 % _SECTORS, 10)
        unit = (nth * 37 + layer * POSTCODES_PER_BLOCK * 37) % 400
        letters = _UNIT_LETTERS[unit // 20] + _UNIT_LETTERS[unit % 20]
        return f"{area}{district + 1} {sector}{letters}"

    def home(self, rng: Random, block: int, nth: int, flat_share: float) -> Place:
        """A home in a postcode: one street a postcode, numbers 1 to 60."""
        postcode = self.postcode(block, nth)
        mixed = (block * POSTCODES_PER_BLOCK + nth) * 2654435761 + self._seed * 40503
        street = (
            f"{self._first[mixed % len(self._first)]} {self._last[(mixed >> 9) % len(self._last)]}"
        )
        number = int(rng.random() * 60) + 1
        locality = self._towns[(block * 7 + nth // 25) % len(self._towns)]
        town = self._towns[-1 - (block // 8) % len(self._towns)]
        if rng.random() < flat_share:
            # Several homes behind one door: the number of the house repeats, the flat differs.
            flat = f"Flat {int(rng.random() * 8) + 1}"
            return Place((flat, f"{number % 6 + 1} {street}", locality, town, ""), postcode)
        return Place(("", f"{number} {street}", locality, town, ""), postcode)
