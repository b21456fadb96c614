"""What the worker does so that nothing is kept longer than it should be."""

import logging
from datetime import timedelta

from django.core.management import call_command
from django.db.models import Q
from django.utils import timezone

from joinedup.hub.identifiers.models import KeptAnswer
from joinedup.hub.limits import enumeration
from joinedup.hub.organisations.models import UsedAssertion
from joinedup.hub.reconciliation.models import WAITING, ReviewCase
from joinedup.hub.retention import archiving, kept, purging
from joinedup.hub.retention.periods import period
from joinedup.hub.subject_access.clock import ENDS
from joinedup.hub.subject_access.models import Complaint, Item, SubjectRequest
from joinedup.hub.watching.models import Alert
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.retention")


@every("* * * * *")
def keep_outside() -> None:
    """Keep purges and shields outside the database, for a backup that may be restored."""
    kept.keep()


@every("20 3 * * *")
def archive_and_purge() -> None:
    """Archive who is grown up, purge what was archived long enough, and whoever came back."""
    now = timezone.now()
    again, archived = purging.purge_returned(now), archiving.archive_due(now)
    log.info("archived %s, purged %s, %s again", archived, purging.purge_due(now), again)
    kept.keep()


@every("50 3 * * *")
def forget_what_is_over() -> None:
    """Delete details, answers, alerts and counts of questions whose period is over."""
    now = timezone.now()
    today = timezone.localdate(now)
    undecided = now - timedelta(days=period("undecided-details").days)
    ReviewCase.objects.filter(
        status__in=WAITING, sealed_details__isnull=False, opened_at__lt=undecided
    ).update(sealed_details=None)
    KeptAnswer.objects.filter(expires_at__lte=now).delete()
    UsedAssertion.objects.filter(expires_at__lte=now).delete()
    enumeration.forget()
    closed = period("alert").began_before(today)
    Alert.objects.filter(closed_at__date__lte=closed).delete()
    answered = period("subject-request").began_before(today)
    over = SubjectRequest.objects.filter(steps__kind__in=ENDS, steps__on__lte=answered)
    Item.objects.filter(request__in=over).delete()
    over.filter(key__isnull=False).update(key=None, box=b"")
    Complaint.objects.filter(Q(answered_on__lte=answered), key__isnull=False).update(
        key=None, box=b""
    )
    call_command("clearsessions")
