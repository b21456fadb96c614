"""For a custodian's people: what other organisations asked of theirs, and what came of it.

No child is named here: a request is known by our own record's id, which our own system knows.
What no agreement lets us be asked any more, and what our system has not been given yet, is counted
at most. What our system left to a person leads to the page on which that person decides.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from joinedup.hub.discovery import decisions
from joinedup.hub.discovery.models import Kind, Outcome, WorkItem
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import ROLES_THAT_ASK, Organisation, Role
from joinedup.hub.pages import purposes, record_words
from joinedup.hub.pages.actor import in_role
from joinedup.hub.pages.involved import membership_of, moment
from joinedup.hub.pages.status_words import Said

ROLES = (*sorted(ROLES_THAT_ASK), Role.DATA_OFFICER, Role.INFORMATION_GOVERNANCE_LEAD)
SHOWN_FOR = timedelta(days=30)
PER_PAGE = 50

_UNANSWERED = Said("Being looked up", "blue")
_FOR_A_PERSON = Said("Waits for a person", "orange")
_LEFT = Said("Left to a person", "grey")
MOST_WAITING = 50
OUTCOMES = {
    Outcome.HAS_RECORDS: Said("We hold a record", "green"),
    Outcome.NO_RECORDS: Said("No record", "grey"),
    Outcome.SHARED: Said("Shared", "green"),
    Outcome.WITHHELD: Said("Not shared", "yellow"),
    Outcome.TEMPORARY_ERROR: Said("Our system could not look; it is asked again", "yellow"),
    Outcome.PERMANENT_ERROR: Said("Our system cannot answer", "red"),
    Outcome.CANCELLED: Said("Ended by who asked", "grey"),
}
WITHHELD_WORDS = {
    "detriment": "it would harm the child more than help",
    "not-relevant": "not relevant to the purpose",
    "not-held": "we do not hold it",
    "other-legal-bar": "another law forbids it",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was asked of us."""

    at: str
    who: str
    purpose: str
    emergency: bool
    what: str
    about: str
    ours: str
    said: Said
    why: str
    to_decide: UUID | None = None


@require_GET
@in_role(*ROLES)
def show(request: HttpRequest) -> HttpResponse:
    """What was asked of our organisation in the last 30 days, answered and shared."""
    organisation = membership_of(request).organisation
    kind = request.GET.get("kind", "")
    items = _items(organisation)
    counts = Counter(items.values_list("kind", "outcome"))
    chosen = items.filter(kind=kind) if kind in Kind.values else items
    page = Paginator(
        chosen.select_related("search__organisation", "fetch")
        .prefetch_related("records")
        .order_by("-search__created_at", "id"),
        PER_PAGE,
    ).get_page(request.GET.get("page"))
    waits = decisions.waiting(organisation)
    to_decide = (
        waits.select_related("search__organisation", "fetch")
        .order_by("-search__emergency", "-answered_at", "id")[:MOST_WAITING]
    )  # fmt: skip
    note(action="work.list", holders=(organisation.ods_code,), results=len(page))
    return render(
        request,
        "asked-of-us.html",
        {
            "to_collect": _to_collect(organisation).count(),
            "counts": _counted(counts),
            "page": page,
            "lines": _lines(page, set(waits.values_list("id", flat=True))),
            "to_decide": _lines(to_decide, {item.id for item in to_decide}),
            "waiting": waits.count(),
            "kind": kind,
            "days": SHOWN_FOR.days,
        },
    )


def _items(organisation: Organisation) -> QuerySet[WorkItem]:
    """What our system has been given, and what became of it."""
    since = timezone.now() - SHOWN_FOR
    # Nothing expires before it was asked: so an index by custodian and expiry leads to the rows.
    return WorkItem.objects.filter(
        custodian=organisation, claims__gt=0, expires_at__gte=since, search__created_at__gte=since
    ).exclude(outcome=Outcome.REVOKED)


def _to_collect(organisation: Organisation) -> QuerySet[WorkItem]:
    """What our system has yet to ask for."""
    return WorkItem.objects.filter(
        Q(expires_at__gt=timezone.now()), custodian=organisation, answered_at=None, claims=0
    )


def _counted(counts: Counter[tuple[str, str]]) -> list[tuple[str, int]]:
    asked = sum(counts.values())
    answered = {Outcome.HAS_RECORDS, Outcome.NO_RECORDS, Outcome.SHARED, Outcome.WITHHELD}
    return [
        ("Asked of us", asked),
        ("Answered", sum(n for (_, outcome), n in counts.items() if outcome in answered)),
        ("Shared", counts[Kind.FETCH, Outcome.SHARED]),
        ("Not shared", counts[Kind.FETCH, Outcome.WITHHELD]),
    ]


def _lines(page: Iterable[WorkItem], waiting: set[UUID]) -> list[Line]:
    now = timezone.now()
    lines = []
    for item in page:
        said = OUTCOMES[Outcome(item.outcome)] if item.outcome else _UNANSWERED
        if item.answered_at is None and item.expires_at <= now:
            said = Said("We did not answer in time", "red")
        why, ours, to_decide = "", "", None
        if item.kind == Kind.FETCH:
            ours = item.fetch.record_id
            if item.fetch.withheld_reason == decisions.ASK_US:
                said, to_decide = _FOR_A_PERSON if item.id in waiting else _LEFT, item.id
            else:
                why = WITHHELD_WORDS.get(item.fetch.withheld_reason, "")
        else:
            ours = ", ".join(sorted(record.record_id for record in item.records.all()))
        search = item.search
        lines.append(
            Line(
                moment(search.created_at),
                search.organisation.name,
                purposes.name(search.purpose),
                search.emergency,
                "The record" if item.kind == Kind.FETCH else "Whether we hold one",
                record_words.about(item.record_type),
                ours,
                said,
                why,
                to_decide,
            )
        )
    return lines
