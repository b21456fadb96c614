"""Proofs from the stored tree: the hashes a proof needs are found out first, then read at once."""

from collections.abc import Callable
from typing import TypeVar

from joinedup.hub.ledger import sequencing
from joinedup.ledger import merkle

Proof = TypeVar("Proof")


def inclusion(place: int, size: int) -> list[bytes]:
    """Prove that an entry is in the log of a size."""
    return _with_stored(lambda node: merkle.inclusion_proof(node, place, size))


def consistency(old: int, new: int) -> list[bytes]:
    """Prove that the log of ``new`` entries begins with that of ``old``; none is needed from 0."""
    if not 0 < old < new:
        return []
    return _with_stored(lambda node: merkle.consistency_proof(node, old, new))


def root(size: int) -> bytes:
    """Give the root over the first ``size`` entries."""
    return _with_stored(lambda node: merkle.range_root(node, 0, size))


def _with_stored(make: Callable[[merkle.Node], Proof]) -> Proof:
    wanted: list[tuple[int, int]] = []

    def ask(level: int, place: int) -> bytes:
        wanted.append((level, place))
        return bytes(merkle.SIZE)

    make(ask)
    known = sequencing.nodes(wanted)
    return make(lambda level, place: known[level, place])
