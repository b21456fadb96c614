"""From the ledger to looks: what the rules are given, and who it was."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.opening import Opened, opened
from joinedup.hub.ledger.writing import PERSON
from joinedup.hub.organisations.models import Person
from joinedup.hub.watching import near
from joinedup.hub.watching.access import Access
from joinedup.hub.watching.known import WORK, Known
from joinedup.hub.watching.limits import Limits
from joinedup.identify.outcome import Status

LOOKS = ("identifier.look-up", "record.find", "record.fetch", "shield.break-glass")
"""Acts in which somebody looks at a child of their own choice."""
MISSED = frozenset(
    each.value for each in Status if each not in (Status.MATCH, Status.INVALID, Status.UNAVAILABLE)
)
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A look, with what only its writing and its review need."""

    access: Access
    number: int
    shielded: bool


def looks(now: datetime, limits: Limits, people: Collection[Person] | None = None) -> list[Seen]:
    """Give the looks of the last ``history_days``, of everybody or of these people."""
    since = now - timedelta(days=limits.history_days)
    found = Entry.objects.filter(action__in=LOOKS, at__gte=since, person__isnull=False)
    if people is not None:
        found = found.filter(person__in=[keys().index(PERSON, str(each.pk)) for each in people])
    entries = _opened(found.order_by("number"))
    suis = {each.personal["subject"] for each in entries if each.personal} - {""}
    acts = _opened(
        Entry.objects.filter(
            action__in=WORK, at__gte=since, about__in=[keys().index("subject", s) for s in suis]
        )
    )
    known = Known(
        suis,
        (
            (each.facts["organisation"], each.personal["subject"], each.at)
            for each in acts
            if each.personal and each.facts["outcome"] not in ("refused", "failed")
        ),
    )
    staff, children = near.Staff(), near.details(suis)
    hindsight = timedelta(days=limits.hindsight_days)
    return [
        _seen(each, known, staff, children, now, hindsight)
        for each in entries
        if each.personal and each.facts["outcome"] != "failed"
    ]


def _seen(
    entry: Opened,
    known: Known,
    staff: near.Staff,
    children: dict[str, near.Details],
    now: datetime,
    hindsight: timedelta,
) -> Seen:
    facts, personal = entry.facts, entry.personal or {}
    sui, organisation = personal["subject"], facts["organisation"]
    child = children.get(sui, near.Details())
    access = Access(
        entry.id,
        timezone.localtime(entry.at),
        personal["person"],
        organisation,
        facts["role"],
        child=sui and near.token("look", sui).hex(),
        home=child.home,
        place=int(sui[:9]) if sui[:9].isdecimal() else None,
        found=facts["outcome"] not in MISSED,
        case=personal["case_reference"],
        school=known.school(sui),
        emergency=bool(facts["emergency"]),
        near=staff.near(personal["person"], organisation, child) if sui else frozenset(),
        known_here=known.here(organisation, sui) if sui else None,
        worked=known.worked(organisation, sui, entry.at, now, hindsight) if sui else None,
    )
    return Seen(access, entry.number, facts["action"] == "shield.break-glass")


def _opened(entries: Iterable[Entry]) -> list[Opened]:
    found: list[Opened] = []
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) >= _AT_ONCE:
            found += opened(batch)
            batch = []
    return found + opened(batch)
