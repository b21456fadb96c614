"""Whether a stored log is the one that was signed for. It needs no database.

What is verified is a copy of the log: the entries' contents in order. Whoever holds checkpoints of
their own (a witness, either side of a disclosure) can find every edit, deletion, insertion,
change of order, cut, roll-back and fork that touches what a checkpoint covers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from joinedup.ledger.checkpoint import Checkpoint
from joinedup.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that shows the log was changed: ``size`` is that of the checkpoint it breaks."""

    size: int
    words: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of verifying: ``entries`` read, ``covered`` by the newest checkpoint, faults."""

    entries: int
    covered: int
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(contents: Iterable[bytes], checkpoints: Sequence[Checkpoint]) -> Verified:
    """Hold a log's entries, oldest first, against checkpoints from anywhere, in any order.

    One pass, and memory for the checkpoints alone. Entries after the newest checkpoint are read,
    but nobody has signed for them yet.
    """
    faults = list(_forks(checkpoints))
    waiting: dict[int, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        waiting.setdefault(checkpoint.size, []).append(checkpoint)
    frontier = Frontier()
    faults += _against(waiting.pop(0, []), EMPTY_ROOT)
    for content in contents:
        frontier.append(leaf_hash(content))
        if frontier.size in waiting:
            faults += _against(waiting.pop(frontier.size), frontier.root())
    faults += [
        Fault(size, f"the log was cut: it has {frontier.size} entries, {size} were signed for")
        for size in sorted(waiting)
    ]
    faults += _backwards(checkpoints)
    covered = max((c.size for c in checkpoints if c.size <= frontier.size), default=0)
    return Verified(frontier.size, covered, tuple(faults))


def _against(checkpoints: Sequence[Checkpoint], root: bytes) -> list[Fault]:
    return [
        Fault(c.size, f"an entry among the first {c.size} was changed after they were signed for")
        for c in checkpoints
        if c.root != root
    ]


def _forks(checkpoints: Sequence[Checkpoint]) -> Iterable[Fault]:
    """Two checkpoints of one size with two roots: somebody was shown another log."""
    roots: dict[int, bytes] = {}
    for checkpoint in checkpoints:
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            yield Fault(checkpoint.size, f"two different logs of {checkpoint.size} were signed")


def _backwards(checkpoints: Sequence[Checkpoint]) -> Iterable[Fault]:
    """A later checkpoint of a smaller log: somebody went back to an older copy."""
    largest: Checkpoint | None = None
    for checkpoint in sorted(checkpoints, key=lambda c: (c.at, c.size)):
        if largest is not None and checkpoint.size < largest.size:
            yield Fault(
                checkpoint.size,
                f"the log went back from {largest.size} entries to {checkpoint.size}",
            )
        if largest is None or checkpoint.size >= largest.size:
            largest = checkpoint
