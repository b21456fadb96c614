"""Which of the children that the hub knows fits, each once, and how well.

In the open index alone: of a shielded child it has no location, or nothing at all. So an answer is
the same whether a shielded child is there or not.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from joinedup.hub.reconciliation import links
from joinedup.identities.current import identities as identities_of
from joinedup.identities.index import Link
from joinedup.identities.never import NeverTogether
from joinedup.linkage.constraints import Ref
from joinedup.linkage.index import CERTAIN, POSSIBLE, Answer, Verdict, decide
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics

LOOKED_AT = 30
"""Records at most: an identity of many records must not hide a rival."""


class Fit(NamedTuple):
    """An identity that fits, with the probability and FHIR's word for it."""

    identity: UUID
    score: float
    grade: str


def find(child: Demographics) -> tuple[Verdict, list[Fit]]:
    """Look who fits these details.

    Raises ``psycopg.Error`` and ``PoolTimeout`` when the index does not answer: never "nobody".
    """
    asked = LinkRecord.of("", "", child)
    return weigh_up(asked, *_near(asked))


def search(child: Demographics) -> tuple[Verdict, list[Fit]]:
    """Look who meets every criterion: whose number it is, and whom the details fit.

    As ``find`` where no number is given. With a number alone it is whoever has that number.
    """
    number = child.nhs_number.value
    if not number:
        return find(child)
    asked = LinkRecord.of("", "", child)
    alone = not (asked.given or asked.family or asked.birth_date)
    answer, where = _near(asked, -math.inf if alone else POSSIBLE)
    theirs = {where.get(_ref(each.record)) for each in answer if number in each.record.nhs_numbers}
    if alone:
        answer = Answer([each for each in answer if number in each.record.nhs_numbers])
        fits = _each_once(answer, where)
        verdict: Verdict = "none" if not fits else "certain" if len(fits) == 1 else "possible"
        if verdict == "certain":
            fits = [fits[0]._replace(grade="certain")]
    else:
        verdict, fits = weigh_up(asked, answer, where)
    fits = [fit for fit in fits if fit.identity in theirs]
    return (verdict, fits) if fits else ("none", [])


def weigh_up(
    asked: LinkRecord, answer: Answer, where: Mapping[Ref, UUID]
) -> tuple[Verdict, list[Fit]]:
    """Say what candidates come to, each identity once by its best record. Pure."""

    def same(one: LinkRecord, other: LinkRecord) -> bool:
        return where.get(_ref(one)) == where.get(_ref(other))

    verdict = decide(asked, answer, same)
    fits = _each_once(answer, where)
    if verdict == "certain" and fits:
        fits[0] = fits[0]._replace(grade="certain")
    return verdict, fits


def _each_once(answer: Answer, where: Mapping[Ref, UUID]) -> list[Fit]:
    fits: dict[UUID, Fit] = {}
    for each in answer:
        identity = where.get(_ref(each.record))
        if identity is None or identity in fits:
            continue
        grade = "probable" if each.weighed.weight >= CERTAIN else "possible"
        fits[identity] = Fit(identity, round(each.weighed.probability, 6), grade)
    return list(fits.values())


def _near(asked: LinkRecord, least: float = POSSIBLE) -> tuple[Answer, Mapping[Ref, UUID]]:
    """Candidates of the index, and the identities that they are of."""
    known = links.current()
    with known.pool.connection() as conn, _reading(conn):
        answer = known.index.match(conn, asked, least=least, limit=LOOKED_AT)
        where = identities_of(conn, [_ref(each.record) for each in answer])
        if len(set(where.values())) > 1:
            answer = _one_side(conn, known.shields.never, answer)
        return answer, where


@contextmanager
def _reading(conn: Link) -> Iterator[None]:
    """Each question by itself: nothing is begun or committed around them."""
    conn.autocommit = True
    try:
        yield
    finally:
        if not conn.closed:
            conn.autocommit = False


def _one_side(conn: Link, never: NeverTogether, answer: Answer) -> Answer:
    """Never name two identities together who must not be: as if there were the better fit alone."""
    left_out = never.one_side(conn, [each.record for each in answer])
    return Answer([each for each in answer if _ref(each.record) not in left_out], answer.complete)


def _ref(record: LinkRecord) -> Ref:
    return Ref(record.source, record.id)
