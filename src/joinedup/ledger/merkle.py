"""The Merkle tree of RFC 6962 and RFC 9162: roots, proofs and their verification.

Hashes are 32 bytes of SHA-256. Subtrees, for witnesses that follow a part of the log, are those of
the IETF draft on Merkle tree certificates (draft-ietf-plants-merkle-tree-certs, section 4).
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

# Gives the hash of a full subtree: level (0 = leaves), and its place among those of that level.
Node = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof does not prove what it is said to prove."""


def leaf_hash(content: bytes) -> bytes:
    """Hash one entry's content (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into one."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of a log, largest first: all that is needed to append.

    ``append`` gives the nodes that become final with the new leaf, so that a store can keep them.
    """

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if len(self._roots) != size.bit_count():
            raise ValueError(f"a log of {size} has {size.bit_count()} full subtrees")

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The full subtrees' roots, largest first."""
        return tuple(self._roots)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf's hash; give (level, place, hash) of every subtree that is now full."""
        place, level, node = self.size, 0, leaf
        full = [(0, place, node)]
        while place & 1:
            node = node_hash(self._roots.pop(), node)
            place >>= 1
            level += 1
            full.append((level, place, node))
        self._roots.append(node)
        self.size += 1
        return full

    def root(self) -> bytes:
        """The tree's root now."""
        if not self._roots:
            return EMPTY_ROOT
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root


def full_subtrees(size: int) -> list[tuple[int, int]]:
    """Give (level, place) of the full subtrees that make up a log of a size, largest first."""
    found, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Give the root over leaves' hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def range_root(node: Node, start: int, end: int) -> bytes:
    """Give the root over the leaves from ``start`` to before ``end``, from stored full subtrees.

    ``start`` has to be a multiple of the least power of two that is not under ``end - start``.
    """
    size = end - start
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(range_root(node, start, middle), range_root(node, middle, end))


def inclusion_proof(node: Node, place: int, size: int) -> list[bytes]:
    """Prove that the leaf at ``place`` is in the tree of ``size`` (RFC 9162 section 2.1.3.1)."""
    if not 0 <= place < size:
        raise ProofError("there is no such leaf in a tree of that size")
    return _path(node, place, 0, size)


def _path(node: Node, place: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if place < middle:
        return [*_path(node, place, start, middle), range_root(node, middle, end)]
    return [*_path(node, place, middle, end), range_root(node, start, middle)]


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """Prove that the tree of size ``new`` begins with that of ``old`` (section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ProofError("a tree is consistent only with one of its own size or larger")
    return _subproof(node, old, 0, new, whole=True)


def _subproof(node: Node, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [range_root(node, start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        return [
            *_subproof(node, old, start, middle, whole=whole),
            range_root(node, middle, end),
        ]
    return [
        *_subproof(node, old, middle, end, whole=False),
        range_root(node, start, middle),
    ]


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


# ---------------------------------------------------------------------------------- verification


def check_inclusion(
    leaf: bytes, place: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify an inclusion proof (RFC 9162 section 2.1.3.2); raises ``ProofError``."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= place < size:
        raise ProofError("there is no such leaf in a tree of that size")
    at, last, found = place, size - 1, leaf
    for one in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            found = node_hash(found, one)
        at >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the proof is too short")
    if found != root:
        raise ProofError("the proof leads to another root")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify a consistency proof (RFC 9162 section 2.1.4.2); raises ``ProofError``.

    Nothing is consistent with the empty tree but itself.
    """
    if old == 0 < new:
        raise ProofError("a proof from the empty tree says nothing: compare from the first leaf on")
    if old == new and old_root != new_root:
        raise ProofError("two trees of one size have one root")
    check_subtree_consistency(0, old, new, old_root, new_root, proof)


def check_subtree_inclusion(
    leaf: bytes, place: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that a leaf is in the subtree from ``start`` to before ``end``."""
    _check_subtree(start, end)
    check_inclusion(leaf, place - start, end - start, proof, root)


def check_subtree_consistency(
    start: int, end: int, size: int, part: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that ``part`` is the root of the leaves ``start`` to before ``end`` of a tree.

    From section 4.4.3 of the draft; with ``start`` 0 it is the consistency proof of RFC 9162.
    """
    if end > size:
        raise ProofError("the tree is smaller than its part")
    if start == end:
        # No leaves are a part of every tree, and have one root.
        if proof or part != EMPTY_ROOT:
            raise ProofError("a part without leaves has one root and no proof")
        return
    _check_subtree(start, end)
    _check_hashes(*proof)
    first, last, whole = start, end - 1, size - 1
    while first != last and (last == whole or last & 1):
        first, last, whole = first >> 1, last >> 1, whole >> 1
    rest = list(proof)
    if first == last:
        # The part is one full subtree, or the right edge of the tree: it starts the proof itself.
        mine = whole_root = part
    elif rest:
        mine = whole_root = rest.pop(0)
    else:
        raise ProofError("the proof is too short")
    for one in rest:
        if whole == 0:
            raise ProofError("the proof is too long")
        if last & 1 or last == whole:
            if first < last:
                mine = node_hash(one, mine)
            whole_root = node_hash(one, whole_root)
            while not last & 1 and last:
                first, last, whole = first >> 1, last >> 1, whole >> 1
        else:
            whole_root = node_hash(whole_root, one)
        first, last, whole = first >> 1, last >> 1, whole >> 1
    if whole != 0:
        raise ProofError("the proof is too short")
    if mine != part or whole_root != root:
        raise ProofError("the proof leads to another root")


def _check_subtree(start: int, end: int) -> None:
    if not 0 <= start < end:
        raise ProofError("a part of a tree has at least one leaf")
    if start % (1 << (end - start - 1).bit_length()):
        raise ProofError("a part of that size cannot start there")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != SIZE for one in hashes):
        raise ProofError("a hash has 32 bytes")
