"""Whether a record joins an identity that is there, and what to ask a person when in doubt."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from joinedup.identities import current
from joinedup.identities.index import Link, PostgresIndex
from joinedup.identities.linking_index import LinkingIndex
from joinedup.linkage.constraints import Constraints, Ref
from joinedup.linkage.history import CHANGED, Evidence
from joinedup.linkage.index import AHEAD, CERTAIN, POSSIBLE, Answer, Candidate, decide, unnamed
from joinedup.linkage.record import LinkRecord

_ASKED = 3  # questions about one record at once
_LOOKED_AT = 30  # an identity of many records must not hide a rival

# Why the model asks, in words; the codes of `linkage.constraints.Reason` say why it may not join.
QUESTIONS = {
    "possible": "The evidence is not enough to join these records, and too much to ignore.",
    "rival": "Somebody else fits nearly as well: a twin, a namesake, or this child twice.",
    "unnamed": "It fits, but a given name is missing: it could be a twin's.",
    "fits-too": "The record was joined to another identity, and this one fits as well.",
    "incomplete": "The details are so common that not every record like them was looked at.",
    "contested": "The identity that the record fits is in dispute.",
    CHANGED: "The record has changed and no longer fits the others of its identity.",
}


class Question(NamedTuple):
    """What a person should look at: a record of another, or the record by itself, and why."""

    other: Ref | None
    evidence: Evidence


class Found(NamedTuple):
    """Whom a record joins, if anybody: the record it fits best and that one's identity."""

    join: Candidate | None
    identity: UUID | None
    questions: tuple[Question, ...]
    candidates: tuple[Candidate, ...]


class Joining:
    """The rules by which a record joins an identity, over an index of all that are here."""

    def __init__(self, index: PostgresIndex, constraints: Constraints) -> None:
        self._index = index
        self._weigh = index.scorer.weigh
        self._shields = index if isinstance(index, LinkingIndex) else None
        self._constraints = constraints

    def by_itself(self, conn: Link, record: LinkRecord, identity: UUID | None) -> Found:
        """Look whom a record that is by itself is to join (``identity``: its own, if it has one).

        It joins when the best candidate is certain, no other identity comes near, and nothing that
        people decided or that is known of the records stands against it. A machine joins nobody to
        a shielded child (UK GDPR Art. 22A-22D, a person decides).
        """
        answer, where = self._candidates(conn, record, identity)
        guarded = self._guarded(conn, record, answer)
        candidates = tuple(each for each in answer if _ref(each.record) not in guarded)
        if not answer:
            questions = () if answer.complete else (_ask(None, "incomplete"),)
            return Found(None, None, questions, candidates)
        best = answer[0]
        verdict = decide(record, answer, lambda one, other: where[_ref(one)] == where[_ref(other)])
        into = where[_ref(best.record)]
        if verdict == "certain" and guarded:
            return Found(None, None, _ask_all(_of_other_identities(answer, where), "possible"),
                         candidates)  # fmt: skip
        if verdict == "certain":
            bar = self._bar(conn, record, into, answer)
            if bar is None and self._forbidden(conn, record, into, answer):
                return Found(None, None, (), candidates)
            if bar is None:
                others = [each for each in answer if each.weighed.weight >= CERTAIN]
                rest = _of_other_identities(others, where, into)
                return Found(best, into, _ask_all(rest, "fits-too"), candidates)
            return Found(None, None, (bar,), candidates)
        code = (
            "possible" if best.weighed.weight < CERTAIN
            else "unnamed" if unnamed(record, best.record)
            else "rival"
        )  # fmt: skip
        return Found(None, None, _ask_all(_of_other_identities(answer, where), code), candidates)

    def among_others(self, conn: Link, record: LinkRecord, identity: UUID) -> Found:
        """Look whether a changed record still belongs where it is; it stays there in any case."""
        answer, where = self._candidates(conn, record, identity)
        questions = []
        beside = [
            Candidate(other, self._weigh(record, other))
            for other in self._members(conn, record, identity, answer)
        ]
        if not beside:  # the others were taken out meanwhile
            return self.by_itself(conn, record, identity)
        best = max(beside, key=lambda each: each.weighed.weight)
        if best.weighed.weight < POSSIBLE:
            questions.append(_ask(best, CHANGED))
        for each in beside:
            reason = self._constraints.apart(record, each.record)
            if reason is not None:
                questions.append(_ask(each, CHANGED, reason.value))
                break
        near = max(CERTAIN, best.weighed.weight - AHEAD)
        rivals = [each for each in answer if each.weighed.weight >= near]
        questions += _ask_all(_of_other_identities(rivals, where, identity), "rival")
        guarded = self._guarded(conn, record, answer)
        candidates = tuple(each for each in answer if _ref(each.record) not in guarded)
        return Found(None, None, tuple(questions), candidates)

    def _candidates(
        self, conn: Link, record: LinkRecord, identity: UUID | None
    ) -> tuple[Answer, dict[Ref, UUID]]:
        """Give candidates with their identities, without those that people keep apart from it."""
        answer = self._index.match(conn, record, limit=_LOOKED_AT)
        where = current.identities(conn, [_ref(each.record) for each in answer])
        barred = current.kept_apart(conn, identity) if identity and answer else set()
        never = self._never(conn, record, answer)
        own = _ref(record)
        kept = [
            each
            for each in answer
            if (ref := _ref(each.record)) != own
            and ref in where
            and where[ref] not in barred
            and ref not in never
        ]
        return Answer(kept, answer.complete), where

    def _never(self, conn: Link, record: LinkRecord, answer: Answer) -> set[Ref]:
        """Give the candidates that the sealed pairs keep apart from a record: nobody is asked."""
        if self._shields is None or not answer:
            return set()
        return self._shields.never.forbidden(conn, record, [each.record for each in answer])

    def _forbidden(self, conn: Link, record: LinkRecord, identity: UUID, answer: Answer) -> bool:
        """Say whether a sealed pair keeps a record out of an identity."""
        if self._shields is None:
            return False
        members = self._members(conn, record, identity, answer)
        return bool(self._shields.never.forbidden(conn, record, members))

    def _guarded(self, conn: Link, record: LinkRecord, answer: Answer) -> set[Ref]:
        """Give the candidates that no machine joins, or the record itself when it is one."""
        if self._shields is None:
            return set()
        guarded = set(self._shields.guarded(conn, [each.record for each in answer]))
        if self._shields.is_guarded(conn, record):
            guarded.add(_ref(record))
        return guarded

    def _bar(
        self, conn: Link, record: LinkRecord, identity: UUID, answer: Answer
    ) -> Question | None:
        """Say what stands against joining an identity; nobody else joins it from here on."""
        current.hold(conn, identity)
        if current.is_contested(conn, identity):
            return _ask(answer[0], "contested")
        for other in self._members(conn, record, identity, answer):
            reason = self._constraints.apart(record, other)
            if reason is not None:
                return _ask(Candidate(other, self._weigh(record, other)), reason.value)
        return None

    def _members(
        self, conn: Link, record: LinkRecord, identity: UUID, answer: Answer
    ) -> list[LinkRecord]:
        """Give the other records of an identity."""
        at_hand = {_ref(each.record): each.record for each in answer}
        found = []
        for ref in current.members(conn, identity):
            if ref != _ref(record):
                other = at_hand.get(ref) or self._index.get(conn, *ref)
                if other is not None:
                    found.append(other)
        return found


def _of_other_identities(
    candidates: Iterable[Candidate], where: dict[Ref, UUID], than: UUID | None = None
) -> list[Candidate]:
    """Give the best candidate of each identity but this one."""
    best: dict[UUID, Candidate] = {}
    for each in candidates:
        best.setdefault(where[_ref(each.record)], each)
    return [each for identity, each in best.items() if identity != than]


def _ask_all(candidates: list[Candidate], code: str) -> tuple[Question, ...]:
    return tuple(_ask(each, code) for each in candidates[:_ASKED])


def _ask(candidate: Candidate | None, *codes: str) -> Question:
    if candidate is None:
        return Question(None, Evidence(reasons=codes))
    weighed = candidate.weighed
    return Question(_ref(candidate.record), Evidence(weighed.weight, weighed.levels, codes))


def _ref(record: LinkRecord) -> Ref:
    return Ref(record.source, record.id)
