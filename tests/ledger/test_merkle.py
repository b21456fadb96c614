"""The tree against public vectors, and against its own definition."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.ledger import merkle

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "merkle" / "vectors.json"


def _hash(text: str | None) -> bytes:
    return b64decode(text or "")


def _accepts(vector: dict[str, object]) -> bool:
    v: dict = vector  # type: ignore[type-arg]
    proof = [_hash(one) for one in v["proof"] or []]
    kind = v["vector"].split("/")[0]
    try:
        if kind == "inclusion":
            merkle.check_inclusion(
                _hash(v["leafHash"]), v["leafIdx"], v["treeSize"], proof, _hash(v["root"])
            )
        elif kind == "consistency":
            merkle.check_consistency(
                v["size1"], v["size2"], _hash(v["root1"]), _hash(v["root2"]), proof
            )
        elif kind == "subtreeinclusion":
            merkle.check_subtree_inclusion(
                _hash(v["leafHash"]), v["leafIdx"], v["start"], v["end"], proof, _hash(v["root"])
            )
        else:
            merkle.check_subtree_consistency(
                v["start"], v["end"], v["size"], _hash(v["root1"]), _hash(v["root2"]), proof
            )
    except merkle.ProofError:
        return False
    return True


def test_every_public_vector_is_answered_rightly():
    if not SAMPLES.exists():
        pytest.skip("the sample vectors are not here")
    vectors = json.loads(SAMPLES.read_text())
    assert len(vectors) == 518
    wrong = [(v["vector"], v["desc"]) for v in vectors if _accepts(v) is v["wantErr"]]
    assert wrong == []


def _store(leaves: list[bytes]) -> tuple[merkle.Frontier, merkle.Node]:
    nodes = {}
    frontier = merkle.Frontier()
    for leaf in leaves:
        for level, place, node in frontier.append(leaf):
            nodes[level, place] = node
    return frontier, lambda level, place: nodes[level, place]


def _by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(_by_definition(leaves[:k]), _by_definition(leaves[k:]))


def _leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(str(n).encode()) for n in range(size)]


@given(st.integers(0, 70))
def test_the_root_is_that_of_the_definition(size):
    leaves = _leaves(size)
    frontier, node = _store(leaves)
    assert frontier.root() == merkle.root_of(leaves) == _by_definition(leaves)
    assert merkle.range_root(node, 0, size) == frontier.root()


@given(st.data(), st.integers(1, 70))
def test_a_proof_of_inclusion_holds_for_its_leaf_alone(data, size):
    place = data.draw(st.integers(0, size - 1))
    leaves = _leaves(size)
    frontier, node = _store(leaves)
    proof = merkle.inclusion_proof(node, place, size)
    merkle.check_inclusion(leaves[place], place, size, proof, frontier.root())
    with pytest.raises(merkle.ProofError):
        merkle.check_inclusion(merkle.leaf_hash(b"x"), place, size, proof, frontier.root())
    with pytest.raises(merkle.ProofError):
        merkle.check_inclusion(
            leaves[place], place, size, [*proof, proof[0] if proof else b"\0" * 32], frontier.root()
        )


@given(st.data(), st.integers(1, 70))
def test_a_proof_of_consistency_holds_for_a_log_that_only_grew(data, size):
    old = data.draw(st.integers(1, size))
    leaves = _leaves(size)
    frontier, node = _store(leaves)
    proof = merkle.consistency_proof(node, old, size)
    before = merkle.root_of(leaves[:old])
    merkle.check_consistency(old, size, before, frontier.root(), proof)
    forged = merkle.root_of([merkle.leaf_hash(b"forged"), *leaves[1:old]])
    with pytest.raises(merkle.ProofError):
        merkle.check_consistency(old, size, forged, frontier.root(), proof)


def test_a_frontier_must_fit_its_size():
    with pytest.raises(ValueError, match="2 full subtrees"):
        merkle.Frontier(3, [b"\0" * 32])
    frontier = merkle.Frontier()
    for leaf in _leaves(5):
        frontier.append(leaf)
    again = merkle.Frontier(5, frontier.roots)
    assert again.root() == merkle.root_of(_leaves(5))


def test_no_proof_is_made_of_what_cannot_be_proved():
    """A made-up proof would be shown to a partner and fail there, as if the log were changed."""
    _, node = _store(_leaves(4))
    for old, new in ((0, 0), (0, 3), (4, 3), (-1, 3)):
        with pytest.raises(merkle.ProofError, match="its own size or larger"):
            merkle.consistency_proof(node, old, new)
    for place, size in ((-1, 3), (3, 3), (0, 0)):
        with pytest.raises(merkle.ProofError, match="no such leaf"):
            merkle.inclusion_proof(node, place, size)
    assert merkle.consistency_proof(node, 3, 3) == merkle.inclusion_proof(node, 0, 1) == []


def _proof_by_definition(leaves: list[bytes], start: int, end: int, whole: bool) -> list[bytes]:
    """Section 4.4.1 of the draft, word for word."""
    if (start, end) == (0, len(leaves)):
        return [] if whole else [_by_definition(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, right = leaves[:k], leaves[k:]
    if end <= k:
        return [*_proof_by_definition(left, start, end, whole), _by_definition(right)]
    if k <= start:
        return [*_proof_by_definition(right, start - k, end - k, whole), _by_definition(left)]
    assert start == 0
    return [*_proof_by_definition(right, 0, end - k, False), _by_definition(left)]


def test_every_part_of_every_small_tree_is_proved_and_no_other():
    """A partner that follows one part would else take a changed log for the old one."""
    parts = 0
    for size in (*range(1, 20), 30):
        leaves = _leaves(size)
        root = _by_definition(leaves)
        for start in range(size):
            for end in range(start + 1, size + 1):
                part = _by_definition(leaves[start:end])
                if start % (1 << (end - start - 1).bit_length()):
                    with pytest.raises(merkle.ProofError, match="cannot start there"):
                        merkle.check_subtree_consistency(start, end, size, part, root, [])
                    continue
                proof = _proof_by_definition(leaves, start, end, True)
                merkle.check_subtree_consistency(start, end, size, part, root, proof)
                parts += 1
                wrong = [(merkle.leaf_hash(b"x"), root, proof), (part, leaves[0][::-1], proof)]
                wrong += [
                    (part, root, [*proof, root]),
                    *([(part, root, proof[:-1])] if proof else []),
                ]
                for each in wrong:
                    with pytest.raises(merkle.ProofError):
                        merkle.check_subtree_consistency(start, end, size, *each)
    assert parts > 500
