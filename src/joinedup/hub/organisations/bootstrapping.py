"""The first two administrators of a hub that has none: where the rule of two begins."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.lookalike import alike, not_plain
from joinedup.hub.organisations.models import Grant, LegalClass, Organisation, Role


class NotNow(Exception):
    """It cannot be done; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Named:
    """A person as the sign-in provider knows them."""

    issuer: str
    subject: str


def bootstrap(ods_code: str, name: str, kind: str, people: Sequence[Named]) -> Organisation:
    """Make the organisation that runs the hub, and two people its administrators.

    For a hub whose administrators are fewer than two: a new one, or one whose people have left.
    Raises ``NotNow`` when there are two already, or when the two named are one.
    """
    if len(set(people)) != 2:
        raise NotNow("Name two different people: one proposes, the other approves.")
    with transaction.atomic():
        runs = Organisation.objects.select_for_update().filter(runs_hub=True).first()
        live = Grant.objects.filter(
            organisation__runs_hub=True, role=Role.ADMINISTRATOR, ended_at=None
        )
        if live.count() >= 2:
            raise NotNow(
                "This hub has its administrators. They give and end the role in the browser, "
                "under Administration."
            )
        if runs is not None and runs.ods_code != ods_code:
            raise NotNow(f"This hub is run by {runs.name} ({runs.ods_code}).")
        organisation = runs or _the_one_that_runs_it(ods_code, name, kind)
        for person in people:
            Grant.objects.get_or_create(
                organisation=organisation,
                role=Role.ADMINISTRATOR,
                issuer=person.issuer,
                subject=person.subject,
                ended_at=None,
                defaults={"granted_at": timezone.now()},
            )
        record(
            action="administrators.bootstrap",
            client="command line",
            organisation=organisation.ods_code,
            reason="; ".join(f"{person.subject} at {person.issuer}" for person in people),
        )
    return organisation


def _the_one_that_runs_it(ods_code: str, name: str, kind: str) -> Organisation:
    known = Organisation.objects.filter(ods_code=ods_code).first()
    if known is not None:
        known.runs_hub = True
        known.save(update_fields=["runs_hub"])
        return known
    fault = not_plain(name)
    if fault:
        raise NotNow(fault)
    others = alike(name)
    if others:
        raise NotNow(f"The name looks like that of {others[0].name} ({others[0].ods_code}).")
    return Organisation.objects.create(
        ods_code=ods_code,
        name=name,
        kind=kind,
        legal_class=LegalClass.OTHER,
        evidence="Runs this hub",
        valid_from=timezone.localdate(),
        runs_hub=True,
    )
