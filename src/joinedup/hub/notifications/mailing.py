"""E-mail that says that there is something to read here, and nothing else.

At most once for each notice: it is marked before it is sent, because nobody can know whether an
e-mail that was not acknowledged arrived. What counts is the notice itself, which is here.
"""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from joinedup.hub.notifications.models import Notice, Subscriber

log = logging.getLogger("joinedup.hub.notifications")

SUBJECT = "You have a notice in Joinedup"
BODY = """There is something new for you to read in Joinedup:

{url}/notices

This e-mail says nothing about it on purpose. Do not reply to it.
"""


def send_due() -> int:
    """Write to whoever has unread notices that they were not written to about; gives how many."""
    if not settings.EMAIL_HOST:
        return 0
    sent = 0
    for key in Subscriber.objects.exclude(email="").values_list("pk", flat=True):
        address = _marked(key)
        if not address:
            continue
        body = BODY.format(url=settings.HUB_URL)
        try:
            sent += send_mail(SUBJECT, body, settings.DEFAULT_FROM_EMAIL, [address])
        except OSError as failure:  # as smtplib's errors are: no answer, or not taken
            log.error("an e-mail was not taken: %s", type(failure).__name__)
    return sent


def _marked(key: int) -> str:
    """Mark a subscriber's notices as written about; where to write, or nothing."""
    now = timezone.now()
    with transaction.atomic():
        subscriber = (
            Subscriber.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("membership__person", "membership__organisation__principal")
            .filter(pk=key)
            .first()
        )
        if subscriber is None or not subscriber.membership.is_live(timezone.localdate()):
            return ""
        fresh = Notice.objects.filter(
            membership_id=key, shown_from__lte=now, read_at=None, mailed_at=None
        )
        return subscriber.email if fresh.update(mailed_at=now) else ""
