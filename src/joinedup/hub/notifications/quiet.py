"""Searches that nobody is told of: about a member of staff, or that being known would harm.

Rule L31: the child's lead worker is told of searches by others, except where the search is itself
held back. It is said of a child before (or after) searching; and what the ledger holds back from
the family (``hub.ledger.looked``) is held back here too.
"""

from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from joinedup.hub.discovery.models import Search
from joinedup.hub.ledger.looked import HeldBack
from joinedup.hub.ledger.models import Entry, HoldBack
from joinedup.hub.ledger.writing import record
from joinedup.hub.notifications.models import Quiet
from joinedup.hub.organisations.models import Membership
from joinedup.hub.shields.key import tokens
from joinedup.ledger.entry import read_content


class Code(models.TextChoices):
    """Why nobody is told."""

    STAFF = "staff", "It concerns somebody who works with the child"
    POLICE = HeldBack.POLICE.value, "A police investigation that it would tip off"
    SECTION_47 = HeldBack.SECTION_47.value, "Enquiries under section 47 that it would harm"
    SERIOUS_HARM = HeldBack.SERIOUS_HARM.value, "It could do somebody serious harm"


LASTS = {"30": timedelta(days=30), "90": timedelta(days=90), "180": timedelta(days=180)}


def keep_quiet(by: Membership, sui: str, code: Code, why: str, lasts: timedelta) -> Quiet:
    """Tell nobody of the searches of the person's organisation about this child.

    Recorded with why; the family is not shown that either. Raises ``NotRecorded``.
    """
    now = timezone.now()
    with transaction.atomic():
        made = Quiet.objects.create(
            organisation_id=by.organisation_id,
            token=tokens().number(sui),
            code=code.value,
            by=by,
            since=now,
            until=now + lasts,
        )
        record(
            action="notice.quiet",
            outcome="allowed",
            subject=sui,
            reason=why,
            held_back=code.value,
        )
    return made


def is_quiet(search: Search, at: datetime) -> bool:
    """Whether nobody is to be told of this search, as far as it is known now."""
    said = Quiet.objects.filter(
        organisation_id=search.organisation_id, token=tokens().number(search.sui), until__gt=at
    )
    if said.exists():
        return True
    entries = Entry.objects.filter(correlation_id=search.correlation_id)
    for entry in entries.only("number", "content"):
        decided = HoldBack.objects.filter(entry=entry).order_by("-id").first()
        if decided.held if decided else read_content(bytes(entry.content))["held_back"]:
            return True
    return False
