"""How a child is near to whoever looked: surname, home, family, colleagues.

Details are compared in memory and never kept. Of a shielded child nothing is read: every look
through a shield is reviewed anyway.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from psycopg import Error as LinksFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.ledger.keys import keys
from joinedup.hub.organisations.models import Person
from joinedup.hub.reconciliation import links
from joinedup.hub.watching.models import Mark, MarkKind
from joinedup.hub.watching.signs import circle
from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics

log = logging.getLogger("joinedup.hub.watching")

_OWN = {MarkKind.POSTCODE: circle.OWN_POSTCODE, MarkKind.CHILD: circle.OWN_CHILD}
_COLLEAGUES = {MarkKind.HOME: circle.COLLEAGUE_HOME, MarkKind.CHILD: circle.COLLEAGUE_CHILD}


def token(kind: str, text: str) -> bytes:
    """Give the token of something near: without the ledger's secret it says nothing."""
    return keys().index(f"watching.{kind}", text)


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of a child that can be compared; ``home`` is opaque."""

    surnames: frozenset[str] = frozenset()
    marks: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    home: str = ""


def details(suis: Iterable[str]) -> dict[str, Details]:
    """Give what is known of the children with these numbers, from the open index alone.

    A child whose records cannot be read is left out: rules about nearness are then not met, and
    the night's run looks again.
    """
    found: dict[str, Details] = {}
    wanted = set(suis)
    try:
        ours = links.current()
        with ours.pool.connection() as conn:
            for sui in wanted:
                held = ours.shields.holders(conn, [sui])
                refs = [Ref(each.source, each.id) for each in held]
                shown = [each for ref in refs if (each := ours.index.get(conn, *ref))]
                found[sui] = _details(sui, shown)
    except (LinksFailure, PoolTimeout, OSError) as failure:
        log.error("the children's records did not answer: %s", type(failure).__name__)
    return found


def _details(sui: str, records: list[LinkRecord]) -> Details:
    homes = {home for each in records for home in each.homes}
    postcodes = {code for each in records for code in (*each.postcodes, each.postcode) if code}
    return Details(
        frozenset(each.family for each in records if each.family),
        {
            MarkKind.POSTCODE: frozenset(token(MarkKind.POSTCODE, code) for code in postcodes),
            MarkKind.HOME: frozenset(token(MarkKind.HOME, home) for home in homes),
            MarkKind.CHILD: frozenset({token(MarkKind.CHILD, sui)}),
        },
        token(MarkKind.HOME, min(homes)).hex() if homes else "",
    )


def surname(name: str) -> str:
    """Give a person's surname as children's are compared; empty when there is none."""
    last = name.split()[-1:] or [""]
    read = Demographics.read({"given": "Any", "family": last[0]})
    return LinkRecord.of("", "", read).family or ""


class Staff:
    """Everybody's surname and marks, as of one moment."""

    def __init__(self) -> None:
        self._surnames = {
            str(person.pk): surname(person.name) for person in Person.objects.only("name")
        }
        self._own: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        self._all: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        for mark in Mark.objects.select_related("organisation"):
            self._own[str(mark.person_id), mark.kind].add(bytes(mark.token))
            self._all[mark.organisation.ods_code, mark.kind].add(bytes(mark.token))

    def near(self, person: str, organisation: str, child: Details) -> frozenset[str]:
        """Give the ways in which a child is near to this person (names of ``signs.circle``)."""
        own_name = self._surnames.get(person, "")
        found = {circle.OWN_SURNAME} if own_name and own_name in child.surnames else set()
        for kind, marks in child.marks.items():
            mine = self._own[person, kind]
            if kind in _OWN and marks & mine:
                found.add(_OWN[MarkKind(kind)])
            if kind in _COLLEAGUES and marks & (self._all[organisation, kind] - mine):
                found.add(_COLLEAGUES[MarkKind(kind)])
        return frozenset(found)
