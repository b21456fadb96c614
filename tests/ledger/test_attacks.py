"""Ten thousand ways to change the past, each found at the next checkpoint."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from joinedup.ledger import merkle
from joinedup.ledger.checkpoint import Checkpoint, Signer
from joinedup.ledger.merkle import ProofError
from joinedup.ledger.verify import verify
from joinedup.ledger.witness import check_continues

ATTACKS = 10_000
AT = datetime(2026, 11, 23, 2, 31, tzinfo=UTC)
SIGNER = Signer("hub.example/ledger", Ed25519PrivateKey.from_private_bytes(b"7" * 32))
KINDS = ("edit", "delete", "insert", "reorder", "truncate", "roll back", "fork")


class Log:
    """A stored log whose owner signs for whatever is in it: the worst case."""

    def __init__(self, contents):
        self.contents = list(contents)
        self.nodes = {}
        self.roots = [merkle.EMPTY_ROOT]
        frontier = merkle.Frontier()
        for content in self.contents:
            for level, place, node in frontier.append(merkle.leaf_hash(content)):
                self.nodes[level, place] = node
            self.roots.append(frontier.root())

    def checkpoint(self, size, minute):
        return Checkpoint(SIGNER.name, size, self.roots[size], AT + timedelta(minutes=minute))

    def proof(self, old, new):
        if not 0 < old < new:
            return []
        return merkle.consistency_proof(lambda level, place: self.nodes[level, place], old, new)


def _attacked(kind, contents, covered, rng):
    """The log after the attack: something that was signed for is not what it was."""
    changed, at = list(contents), rng.randrange(covered)
    if kind == "edit":
        bit = rng.randrange(8 * len(changed[at]))
        whole = bytearray(changed[at])
        whole[bit // 8] ^= 1 << bit % 8
        changed[at] = bytes(whole)
    elif kind == "delete":
        del changed[at]
    elif kind == "insert":
        changed.insert(at, rng.randbytes(8))
    elif kind == "reorder":
        other = rng.choice([n for n in range(len(changed)) if n != at])
        changed[at], changed[other] = changed[other], changed[at]
    elif kind == "truncate":
        del changed[at:]
    else:  # back to an older copy, or two copies: other things happen from there on
        del changed[at:]
        changed += [rng.randbytes(8) for _ in range(covered - at)]
    return changed


def test_every_attack_is_found_at_the_next_checkpoint():
    rng, found = Random(20261123), Counter()
    for attack in range(ATTACKS):
        kind = KINDS[attack % len(KINDS)]
        size = rng.randint(2, 48)
        contents = [rng.randbytes(8) for _ in range(size)]
        log = Log(contents)
        covered = rng.randint(2, size)
        seen = [log.checkpoint(rng.randint(1, covered), 0), log.checkpoint(covered, 1)]
        assert verify(contents, seen).whole

        grown = [rng.randbytes(8) for _ in range(rng.randint(0, 4))]
        changed = Log([*_attacked(kind, contents, covered, rng), *grown])
        after = len(changed.contents)
        signed = changed.checkpoint(after, 2)

        # Whoever holds an earlier checkpoint and a copy of the log.
        assert not verify(changed.contents, [*seen, signed]).whole, (kind, size, attack)
        # A witness that is shown the new one, with the best proof that the changed log can give.
        refused = False
        try:
            check_continues(seen[-1], signed, changed.proof(covered, after))
        except ProofError:
            refused = True
        assert refused, (kind, size, attack)
        found[kind] += 1
    assert sum(found.values()) == ATTACKS
    assert min(found.values()) >= ATTACKS // len(KINDS)


def test_two_witnesses_who_were_shown_two_logs_find_out_together():
    rng = Random(7)
    for _ in range(200):
        contents = [rng.randbytes(8) for _ in range(rng.randint(2, 40))]
        at = rng.randrange(len(contents))
        fork = [*contents[:at], *(rng.randbytes(8) for _ in contents[at:])]
        one, other = (Log(each).checkpoint(len(contents), 1) for each in (contents, fork))
        assert verify(contents, [one]).whole
        assert verify(fork, [other]).whole
        assert not verify(contents, [one, other]).whole
