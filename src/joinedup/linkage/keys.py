"""Keys of a record for looking up others online: one for each way of sharing a blocking rule."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from typing import Any

from joinedup.linkage.conditions import compiled
from joinedup.linkage.model import Model
from joinedup.linkage.record import LIST_COLUMNS, LinkRecord

Block = tuple[tuple[str, ...], ...]
KeyMaker = Callable[[LinkRecord], Sequence[int]]
_PLACE = {name: place for place, name in enumerate(LinkRecord._fields)}
_KEPT = 1 << 15  # values of a column: their hashes are looked up, not made again


def keys(model: Model, record: LinkRecord) -> Sequence[int]:
    """Give a record's keys: two records have one in common when a rule of ``model.block`` holds.

    A rule gives one key when its columns have one value each, one for each element of a list, one
    for each combination of several lists, and none when a column is not known. Keys are signed
    whole numbers of 64 bits, the same on every machine and in every run, without duplicates.
    """
    return key_maker(model.block)(record)


@lru_cache(maxsize=32)
def key_maker(block: Block) -> KeyMaker:
    """Give the function that makes the keys for these blocking rules.

    A key is the exclusive or of a number for the rule and one for each value, all of them random
    and of 64 bits (Zobrist hashing), so that a value is hashed once for all rules.
    """
    columns = sorted({column for rule in block for column in rule})
    single = [(_PLACE[c], _hasher(c)) for c in columns if c not in LIST_COLUMNS]
    several = [(_PLACE[c], _hasher(c)) for c in columns if c in LIST_COLUMNS]
    rules = [
        (
            _hash(" ".join(("rule", *rule))),
            [_PLACE[column] for column in rule if column not in LIST_COLUMNS],
            [_PLACE[column] for column in rule if column in LIST_COLUMNS],
        )
        for rule in map(dict.fromkeys, block)  # twice the same value would cancel out
    ]
    width = len(LinkRecord._fields)

    def make(record: LinkRecord) -> tuple[int, ...]:
        hashes: list[Any] = [None] * width
        for at, hasher in single:
            value = record[at]
            if value or value == 0:
                hashes[at] = hasher(value)
        for at, hasher in several:
            hashes[at] = list(map(hasher, record[at]))  # type: ignore[arg-type]
        found = []
        for key, places, lists in rules:
            for at in places:
                if (value := hashes[at]) is None:
                    break
                key ^= value
            else:
                if not lists:
                    found.append(key)
                elif len(lists) == 1:
                    found += [key ^ value for value in hashes[lists[0]]]
                else:
                    found += [_all(key, row) for row in product(*[hashes[at] for at in lists])]
        return tuple(dict.fromkeys(found))

    return make


@lru_cache(maxsize=32)
def process_keys(block: Block) -> KeyMaker:
    """Give the function that makes keys of this process alone, many times faster.

    One for each key of ``key_maker``, in its order: the hash that Python gives to the rule's number
    and the values, which is another in the next run.
    """
    lines = ["def make(record):", "    found = []", "    add = found.append"]
    for number, rule in enumerate(map(tuple, map(dict.fromkeys, block))):
        values: list[str] = []
        loops: list[str] = []
        there: list[str] = []
        for column in rule:
            at = f"record[{_PLACE[column]}]"
            if column in LIST_COLUMNS:
                values.append(f"v{len(loops)}")
                loops.append(f"for v{len(loops)} in each({at}):")
            else:
                values.append(at)
                there.append(f"({at} or {at} == 0)" if column == "birth_day" else at)
        lines.append(f"    if {' and '.join(there) or True}:")
        for depth, loop in enumerate(loops):
            lines.append("    " * (depth + 2) + loop)
        indent = "    " * (len(loops) + 2)
        lines.append(f"{indent}add(hash(({number}, {', '.join(values)})))")
    make: KeyMaker = compiled("\n".join([*lines, "    return found"]), "make", each=_distinct)
    return make


def _distinct(values: tuple[str, ...]) -> Iterable[str]:
    return values if len(values) < 2 else dict.fromkeys(values)


def _all(key: int, values: tuple[int, ...]) -> int:
    for value in values:
        key ^= value
    return key


def _hasher(column: str) -> Callable[[Any], int]:
    @lru_cache(maxsize=_KEPT)
    def hashed(value: str | int) -> int:
        return _hash(f"{column} {value}")

    return hashed


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
