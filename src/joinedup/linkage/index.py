"""Finding one child among a million, online: an index in memory, and what an answer decides."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from joinedup.linkage.keys import key_maker, process_keys
from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer, Weighed

MOST = 1000
"""Records looked at for one answer, at most."""
POSSIBLE = 0.0
"""Weight in bits from which a person's look is worth while: as likely as not."""
CERTAIN = math.log2(0.999 / 0.001)
"""Weight in bits from which a match is certain, unless there is a rival."""
AHEAD = 7.0
"""Bits by which a certain match is ahead of every other child."""

_NOBODY: Mapping[str, LinkRecord] = {}

Verdict = Literal["certain", "possible", "none"]


class Candidate(NamedTuple):
    """A record that may be of the same child, and the evidence."""

    record: LinkRecord
    weighed: Weighed


class Answer(list[Candidate]):
    """Candidates, best first.

    ``complete`` is ``False`` when a key was so common that not every record under it was looked
    at: that nobody was found is then no proof that the child is new.
    """

    __slots__ = ("complete",)

    def __init__(self, candidates: Iterable[Candidate] = (), complete: bool = True) -> None:
        super().__init__(candidates)
        self.complete = complete


def decide(
    question: LinkRecord, answer: Answer, same: Callable[[LinkRecord, LinkRecord], bool]
) -> Verdict:
    """Say what the answer to a question decides about its best candidate.

    ``certain``: it is the same child. ``possible``: a person should look, because the evidence is
    not enough, or another child (a twin, a namesake) is nearly as likely, or a given name is
    missing (all else may be a twin's: numbers are mixed up between twins before they are named),
    or nobody was found among those looked at but not all were. ``none``: nobody here is this child.

    ``same`` says whether two candidates are known to be of one child. The answer must list all
    above ``CERTAIN - AHEAD``: take ``match`` with ``least`` no higher.
    """
    if not answer:
        return "none" if answer.complete else "possible"
    best = answer[0]
    if best.weighed.weight < CERTAIN or unnamed(question, best.record):
        return "possible"
    for other in answer[1:]:
        if other.weighed.weight <= best.weighed.weight - AHEAD:
            break
        if not same(best.record, other.record):
            return "possible"
    return "certain"


def unnamed(one: LinkRecord, other: LinkRecord) -> bool:
    """Whether a given name is missing, which alone tells many twins apart."""
    return not (one.given and other.given)


class MemoryIndex:
    """Records by their keys, in this process's memory.

    After loading many, ``gc.freeze()`` keeps Python's collector from going through them all.
    """

    def __init__(self, model: Model, *, most: int = MOST) -> None:
        """Take the model whose rules find and weigh, and how many records to look at at most."""
        self.scorer = Scorer(model)
        self._most = most
        self._keys = process_keys(model.block)
        self._order = key_maker(model.block)
        self._records: dict[str, dict[str, LinkRecord]] = {}  # by source, then by id
        # Most keys are of one record: it stands there itself, without a list around it.
        self._under: dict[int, LinkRecord | list[LinkRecord]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._records.values()))

    def get(self, source: str, id: str) -> LinkRecord | None:
        """Give the record of this name, or ``None``."""
        return self._records.get(source, _NOBODY).get(id)

    def put(self, record: LinkRecord) -> None:
        """Add a record, in the place of the one with the same source and id if there is one."""
        self.remove(record.source, record.id)
        self._records.setdefault(record.source, {})[record.id] = record
        under = self._under
        for key in self._keys(record):
            here = under.get(key)
            if here is None:
                under[key] = record
            elif type(here) is list:
                here.append(record)
            else:
                under[key] = [here, record]  # type: ignore[list-item]

    def remove(self, source: str, id: str) -> bool:
        """Take a record out; says whether it was there."""
        record = self._records.get(source, {}).pop(id, None)
        if record is None:
            return False
        for key in self._keys(record):
            here = self._under[key]
            if type(here) is not list:
                del self._under[key]
                continue
            here.remove(record)
            if len(here) == 1:
                self._under[key] = here[0]
        return True

    def candidates(self, record: LinkRecord) -> tuple[list[LinkRecord], bool]:
        """Give the records that share a key with this one, and whether these are all of them.

        Keys that few records have come first. A key that would bring the number above the most
        to look at (records counted once for each key) is left out, with all more common ones. The
        record itself (its source and id) is not among them.
        """
        under = self._under.get
        found: dict[int, LinkRecord] = {}
        so_far = 0
        for key in self._keys(record):
            here = under(key)
            if here is None:
                continue
            if type(here) is list:
                so_far += len(here)
                if so_far > self._most:
                    return self._rarest(record), False
                for each in here:
                    found[id(each)] = each
            else:
                so_far += 1
                found[id(here)] = here  # type: ignore[assignment]
        if so_far > self._most:
            return self._rarest(record), False
        return self._without(record, found), True

    def _rarest(self, record: LinkRecord) -> list[LinkRecord]:
        """Give what stands under the rarest keys, up to the most to look at."""
        by_count = []
        for key, order in zip(self._keys(record), self._order(record), strict=True):
            here = self._under.get(key)
            if here is not None:
                records = here if type(here) is list else [here]
                by_count.append((len(records), order, records))
        by_count.sort(key=lambda each: each[:2])
        found: dict[int, LinkRecord] = {}
        so_far = 0
        for many, _, records in by_count:
            so_far += many
            if so_far > self._most:
                break
            for each in records:
                found[id(each)] = each  # type: ignore[assignment]
        return self._without(record, found)

    def _without(self, record: LinkRecord, found: dict[int, LinkRecord]) -> list[LinkRecord]:
        own = self._records.get(record[0], _NOBODY).get(record[1])
        if own is not None:
            found.pop(id(own), None)
        return list(found.values())

    def match(self, record: LinkRecord, *, least: float = POSSIBLE, limit: int = 10) -> Answer:
        """Give the records most likely of the same child as this one, best first.

        ``least`` is the lowest weight in bits to be listed, ``limit`` how many at most. Equally
        likely ones are in the order of source and id.
        """
        return weigh_all(self.scorer, record, *self.candidates(record), least, limit)


def weigh_all(
    scorer: Scorer,
    record: LinkRecord,
    others: Iterable[LinkRecord],
    complete: bool,
    least: float,
    limit: int,
) -> Answer:
    """Weigh a record's candidates and give those of weight ``least`` and more, best first."""
    weigh = scorer.weigh_least
    found = []
    for other in others:
        weighed = weigh(record, other, least)
        if weighed is not None:
            found.append(Candidate(other, weighed))
    if len(found) > 1:
        found.sort(key=lambda each: (-each.weighed.weight, each.record[:2]))
    return Answer(found[:limit], complete)
