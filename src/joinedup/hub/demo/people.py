"""What the demo's people have done already, by the same functions that their pages call."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from joinedup.hub.demo import cast
from joinedup.hub.environment import made_once
from joinedup.people.nhs_number import is_plain_nhs_number

if TYPE_CHECKING:
    from joinedup.hub.organisations.models import Membership

CASELOAD = 6
_NUMBER = re.compile(r"(?<!\d)999\d{7}(?!\d)")


@dataclass(frozen=True, slots=True)
class Begun:
    """Children to try things with, and the codes that open what people here asked for."""

    caseload: tuple[str, ...]
    shielded: str
    reading_codes: Mapping[str, str]


def known_children(custodians: Path) -> list[str]:
    """The numbers that children's services hold and other agencies' files have too.

    Takes the folder of the demo's nodes; those whom most agencies know come first.
    """
    code = cast.persona(cast.WORKER).ods_code.lower()
    own = custodians / code / "files" / "childrens_services.csv"
    with own.open(encoding="utf-8", newline="") as file:
        held = [row["NhsNumber"] for row in csv.DictReader(file)]
    others = [
        {number for path in home.glob("files/*.csv") for number in _NUMBER.findall(_text(path))}
        for home in sorted(custodians.iterdir())
        if home.is_dir() and home != own.parent.parent
    ]
    known = {
        number: sum(number in each for each in others)
        for number in held
        if is_plain_nhs_number(number)
    }
    return sorted((each for each in known if known[each]), key=lambda each: -known[each])


def _text(path: Path) -> str:
    return path.read_text("utf-8").replace(" ", "")


def seed_people(state: Path, issuer: str, children: Sequence[str]) -> Begun:
    """Let the demo's people begin: administrators, a caseload, a shield, a request that waits.

    Takes the sign-in provider's address, by which people are known, and numbers that children's
    services hold (``known_children``). Safe to repeat: an administrator's role that was ended, or a
    shield that was lifted, stays so. ``seed_demo`` must have run in this process.
    """
    from django.db import connection

    from joinedup.hub.notifications import caseloads
    from joinedup.hub.organisations.models import Organisation

    caseload, shielded = children[:CASELOAD], children[CASELOAD]
    try:
        _administrators(issuer)
        worker = _signed_in(issuer, cast.WORKER)
        of = Organisation.objects.get(ods_code=cast.persona(cast.WORKER).ods_code)
        caseloads.replace(of, {cast.WORKER: caseload})
        asker = _signed_in(issuer, cast.ASKER)
        with _acting(worker):
            _shield(shielded, worker)
        with _acting(asker):
            code = _request(state, caseload[0], asker, of.pk)
    finally:
        connection.close()
    return Begun(tuple(caseload), shielded, {cast.ASKER: code})


def _signed_in(issuer: str, subject: str) -> "Membership":
    """The membership that a sign-in gives."""
    from joinedup.hub.pages.sign_in import admit

    return admit({"iss": issuer, "sub": subject, **cast.persona(subject).claims()})


@contextmanager
def _acting(by: "Membership") -> Iterator[None]:
    """What is recorded meanwhile says who did it, as in a request of theirs."""
    from joinedup.hub.ledger.writing import drafting, note

    with drafting():
        note(organisation=by.organisation.ods_code, person=str(by.person_id), role=by.role)
        yield


def _administrators(issuer: str) -> None:
    """As ``joinedup manage bootstrap`` does, the first time."""
    from joinedup.hub.organisations.bootstrapping import Named, bootstrap
    from joinedup.hub.organisations.models import Grant

    hub = cast.HUB_TEAM
    if not Grant.objects.filter(organisation__ods_code=hub.ods_code).exists():
        people = [Named(issuer, one.subject) for one in cast.PERSONAS if one.is_administrator]
        bootstrap(hub.ods_code, hub.name, hub.kind, people)


def _shield(sui: str, by: "Membership") -> None:
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.hub.shields.key import tokens
    from joinedup.hub.shields.models import Criterion, ShieldMark
    from joinedup.policy.question import Level

    if not ShieldMark.objects.filter(token=tokens().number(sui)).exists():
        ask_for_shield(
            Subject((sui,)), Level.NOT_DISCOVERABLE, organisation=by.organisation, by=by,
            criterion=Criterion.DOMESTIC_ABUSE, reason=cast.SHIELD_REASON,
        )  # fmt: skip


def _request(state: Path, sui: str, asker: "Membership", holder: int) -> str:
    """A request that waits for an answer; gives the code that opens what is answered."""
    from joinedup.hub.agreements.asking import basis_of
    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.organisations.models import Organisation
    from joinedup.hub.sharing import asking, reading_keys
    from joinedup.hub.sharing.models import ShareRequest

    kept = state / "keys" / f"{asker.person.subject}.reading-code"
    if not ShareRequest.objects.filter(membership=asker).exists():
        key = reading_keys.made(asker)
        kept.unlink(missing_ok=True)
        made_once(kept, reading_keys.shown(key.code).encode())
        asking.ask(
            Searcher(asker.organisation, membership=asker),
            asking.Wanted(
                sui,
                Organisation.objects.get(pk=holder),
                [asking.Asked(*each) for each in cast.REQUEST_ITEMS],
                cast.REQUEST_PURPOSE,
                basis_of(cast.REQUEST_PURPOSE, asker.organisation),
                cast.REQUEST_REASON,
                key.row.public_key,
                cast.REQUEST_CASE,
            ),
        )
    return kept.read_text("utf-8") if kept.exists() else ""
