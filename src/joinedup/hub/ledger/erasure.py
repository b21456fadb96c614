"""Making what the ledger says about one subject unreadable, for good, with the log left whole."""

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry, SubjectKey
from joinedup.hub.ledger.writing import SUBJECT, record


def forget(subject: str) -> int:
    """Destroy a subject's key; gives how many entries cannot be opened any more.

    The entries stay, with what is open in them, and the log still proves itself. Backups of the
    keys have to follow. That it was done is recorded, without the subject. Raises ``NotRecorded``.
    """
    about = keys().index(SUBJECT, subject)
    with transaction.atomic():
        live = list(
            SubjectKey.objects.select_for_update().filter(about=about, wrapped__isnull=False)
        )
        lost = Entry.objects.filter(key__in=[key.pk for key in live]).count()
        for key in live:
            key.wrapped = None
            key.destroyed_at = timezone.now()
            key.save(update_fields=["wrapped", "destroyed_at"])
        record(action="ledger.forget", results=lost)
    return lost
