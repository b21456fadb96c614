"""A custodian's people decide on a fetch that their node left to a person.

The node answers such a fetch with "ask us". A person of the custodian's decides here: share, share
in part, or withhold for a reason of the closed list (Children Act 2004 s.16LA; trust rules L3, L4).
The record never comes here in clear, so nothing but what was asked is known here. The decision goes
to the node with the next work item for that record and searcher, which is made at once while the
searcher can still collect an answer; the node acts on it, as on one that was made beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from joinedup.hub.discovery import hints
from joinedup.hub.discovery.answering import WITHHELD_REASONS
from joinedup.hub.discovery.fetching import WINDOW
from joinedup.hub.discovery.models import Fetch, FetchDecision, Kind, Outcome, WorkItem
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.organisations.models import Membership, Organisation

SHARE = "share"
ASK_US = "ask-us"
REASONS = tuple(reason for reason in WITHHELD_REASONS if reason != ASK_US)
SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Decided:
    """``answer`` is ``share`` or a reason to withhold; ``items`` those to share (none: all)."""

    answer: str
    words: str
    items: Sequence[str] = ()


class CannotBeDecided(ValueError):
    """The decision is not complete, or not one; the message says what is missing."""


def asked_of(custodian: Organisation, now: datetime | None = None) -> QuerySet[WorkItem]:
    """The fetches of late that the custodian's node left to a person, decided on or not."""
    since = (now or timezone.now()) - SHOWN_FOR
    return WorkItem.objects.filter(
        custodian=custodian,
        kind=Kind.FETCH,
        outcome=Outcome.WITHHELD,
        fetch__withheld_reason=ASK_US,
        expires_at__gte=since,
        answered_at__gte=since,
    )


def waiting(custodian: Organisation, now: datetime | None = None) -> QuerySet[WorkItem]:
    """Those that still wait: nobody has decided here since, and the node has answered none since.

    Of several that the same searcher made for the same record the last is given.
    """
    same = {
        "custodian_id": OuterRef("custodian_id"),
        "record_type": OuterRef("record_type"),
    }
    fetch = {name: OuterRef(f"fetch__{name}") for name in ("system_id", "record_id")}
    later = WorkItem.objects.filter(
        **same,
        **{f"fetch__{name}": value for name, value in fetch.items()},
        kind=Kind.FETCH,
        search__organisation_id=OuterRef("search__organisation_id"),
        answered_at__gt=OuterRef("answered_at"),
    )
    decided = FetchDecision.objects.filter(
        **same,
        **fetch,
        searcher_id=OuterRef("search__organisation_id"),
        at__gt=OuterRef("answered_at"),
    )
    return asked_of(custodian, now).filter(~Exists(later), ~Exists(decided))


def decide(item_id: UUID, decided: Decided, by: Membership, now: datetime | None = None) -> None:
    """Take a decision on a fetch that was left to a person; a later one takes its place (L10).

    It, its ledger entry and the node's next work item are committed together. Raises
    ``WorkItem.DoesNotExist`` when no such fetch of this custodian's was left to a person,
    ``CannotBeDecided`` and ``NotRecorded``; nothing has changed then.
    """
    now = now or timezone.now()
    note(action="work.decide")
    with transaction.atomic():
        item = (
            asked_of(by.organisation, now)
            .select_for_update(of=("self",))
            .select_related("search__organisation", "fetch", "custodian")
            .get(id=item_id)
        )
        _check(decided, item.fetch)
        search, fetch = item.search, item.fetch
        kept = FetchDecision(
            id=uuid4(),
            custodian=item.custodian,
            searcher=search.organisation,
            system_id=fetch.system_id,
            record_type=item.record_type,
            record_id=fetch.record_id,
            answer=decided.answer,
            items=sorted(decided.items),
            membership=by,
            at=now,
        )
        kept.words = decided.words.strip()
        kept.entry_id = record(
            action="work.decide",
            outcome=_outcome(decided),
            organisation=item.custodian.ods_code,
            holders=(item.custodian.ods_code,),
            subject=search.sui,
            purpose=search.purpose,
            legal_basis=search.legal_basis,
            record_types=(item.record_type,),
            emergency=search.emergency,
            correlation_id=search.correlation_id,
            trace_id=search.trace_id,
        )
        kept.save(force_insert=True)
        _ask_the_node_again(item, now)


def _check(decided: Decided, fetch: Fetch) -> None:
    if decided.answer not in (SHARE, *REASONS):
        raise CannotBeDecided("Share it, or withhold it for a reason of the list.")
    if not decided.words.strip():
        raise CannotBeDecided("Say why you decide so.")
    if decided.items and (decided.answer != SHARE or not set(decided.items) <= set(fetch.items)):
        raise CannotBeDecided("Share no more than was asked for.")


def _outcome(decided: Decided) -> str:
    """As of a request's decision: the open part of the ledger does not say why it is withheld."""
    if decided.answer != SHARE:
        return "not-shared"
    return "shared-in-part" if decided.items else "shared"


def _ask_the_node_again(item: WorkItem, now: datetime) -> None:
    """The same fetch once more, while whoever asked can still collect its answer.

    Every item is done once, so this is another; the policy is asked again when it is claimed.
    """
    fetch = item.fetch
    waits = WorkItem.objects.filter(
        custodian_id=item.custodian_id,
        search_id=item.search_id,
        fetch__key_thumbprint=fetch.key_thumbprint,
        fetch__record_id=fetch.record_id,
        fetch__system_id=fetch.system_id,
        answered_at=None,
        expires_at__gt=now,
    )
    if item.expires_at <= now or waits.exists():
        return
    again = WorkItem.objects.create(
        id=uuid4(),
        kind=Kind.FETCH,
        search_id=item.search_id,
        custodian_id=item.custodian_id,
        record_type=item.record_type,
        expires_at=now + WINDOW,
        visible_at=now,
    )
    Fetch.objects.create(
        work_item=again,
        system_id=fetch.system_id,
        record_id=fetch.record_id,
        public_key=fetch.public_key,
        key_thumbprint=fetch.key_thumbprint,
        items=fetch.items,
        reason=fetch.reason,
        duties=fetch.duties,
    )
    hints.work_for([item.custodian_id], now)
