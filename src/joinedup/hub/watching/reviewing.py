"""The reviewer's queue: whose alerts one sees, what they say, and closing one."""

from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.opening import Opened, opened
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.watching.models import Alert, AlertKind, Outcome
from joinedup.hub.watching.rules import shipped

_WORDS = {
    AlertKind.SAMPLE: "Drawn by lot. No rule was met.",
    AlertKind.SHIELD: "The person opened protected details of a child in an emergency.",
}


class AlreadyClosed(Exception):
    """Somebody else was quicker."""


def queue(by: Membership) -> list[Alert]:
    """Give the alerts that wait for a reviewer, the most urgent first; none about themselves."""
    return _read(by, _of(by).filter(closed_at=None))


def find(by: Membership, alert_id: UUID) -> Alert | None:
    """Give one alert, open or closed, if the reviewer may see it."""
    return next(iter(_read(by, _of(by).filter(pk=alert_id))), None)


def words(alert: Alert) -> str:
    """Give why there is this alert, in words that name no child."""
    return _WORDS.get(AlertKind(alert.kind)) or shipped().words(alert.rule)


def entries(alert: Alert) -> list[Opened]:
    """Give the looks that an alert is about."""
    return opened(Entry.objects.filter(id__in=alert.entries).order_by("number"))


def close(alert: Alert, outcome: Outcome, note: str, by: Membership) -> None:
    """Close an alert. What the reviewer wrote is in the ledger, sealed.

    Raises ``AlreadyClosed`` and ``NotRecorded``.
    """
    with transaction.atomic(), _all_for(by):
        closed = Alert.objects.filter(pk=alert.pk, closed_at=None).update(
            outcome=outcome, closed_by=by, closed_at=timezone.now()
        )
        if not closed:
            raise AlreadyClosed
        record(
            action="watching.close", outcome=outcome.value, reason=note,
            case_reference=f"alert {alert.pk}", results=len(alert.entries),
        )  # fmt: skip


def counts(by: Membership, today: date) -> dict[str, int]:
    """What was raised and closed in the last 30 days, so that nobody takes silence for checks."""
    recent = _of(by).filter(raised_at__date__gt=today - timedelta(days=30))
    with _all_for(by):
        found = list(recent.values_list("kind", "closed_at", "outcome"))
    return {
        "raised": sum(kind == AlertKind.RULE for kind, _, _ in found),
        "sampled": sum(kind == AlertKind.SAMPLE for kind, _, _ in found),
        "samples_checked": sum(
            kind == AlertKind.SAMPLE and at is not None for kind, at, _ in found
        ),
        "concerns": sum(said in (Outcome.CONCERN, Outcome.REPORT) for _, _, said in found),
    }


def _of(by: Membership) -> QuerySet[Alert]:
    found = Alert.objects.select_related("person", "organisation").exclude(person=by.person)
    return found if by.organisation.runs_hub else found.filter(organisation=by.organisation)


def _read(by: Membership, alerts: QuerySet[Alert]) -> list[Alert]:
    with _all_for(by):
        return list(alerts)


def _all_for(by: Membership) -> AbstractContextManager[None]:
    """Those who run the hub review for all: also whoever reviews elsewhere."""
    return across_organisations() if by.organisation.runs_hub else nullcontext()
