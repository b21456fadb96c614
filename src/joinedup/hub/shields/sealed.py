"""Records that are never to be joined, as before and after an adoption. Nothing here says why."""

import json
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from joinedup.hub.approvals.changes import WAITS_FOR, propose
from joinedup.hub.approvals.models import ProposedChange
from joinedup.hub.organisations.models import Membership
from joinedup.hub.reconciliation import links
from joinedup.hub.shields.changes import KEEP_APART
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import SealedPair
from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LinkRecord


def propose_apart(
    one: Sequence[str], other: Sequence[str], by: Membership, why: str
) -> ProposedChange:
    """Propose that the children with these numbers are never joined; another person approves.

    Raises what ``approvals.changes.propose`` raises.
    """
    with transaction.atomic():
        SealedPair.objects.filter(since__lt=timezone.now() - WAITS_FOR - timedelta(days=1)).delete()
        pair = SealedPair(box=b"")
        pair.box = tokens().seal_text(json.dumps([list(one), list(other)]), pair.pk.bytes)
        pair.save()
        return propose(KEEP_APART, {"pair": str(pair.pk)}, by, why)


def forbidden(record: LinkRecord, others: Sequence[LinkRecord]) -> set[Ref]:
    """Give those of these records that this one is never to be joined with."""
    known = links.current()
    with known.pool.connection() as conn:
        return known.shields.never.forbidden(conn, record, others)


def numbers_forbidden(one: str, other: str) -> bool:
    """Whether two numbers are of records that are never to be joined."""
    left, right = (LinkRecord("", name, nhs_numbers=(n,)) for name, n in (("1", one), ("2", other)))
    return bool(forbidden(left, [right]))
