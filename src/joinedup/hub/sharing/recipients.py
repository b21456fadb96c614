"""Who was given something about a child, as the ledger has it.

Not as some list of our own has it: the ledger has an entry of every disclosure, committed before
anything was shown, so what follows from it is complete (trust rules L26 and A25; UK GDPR Art. 19).
"""

from typing import NamedTuple

from django.db.models import Q

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.opening import opened
from joinedup.hub.ledger.writing import SUBJECT


class Recipient(NamedTuple):
    """An organisation that was given something; the person, where it was one, by their id."""

    organisation: str
    person: str


def recipients(sui: str, holder: str = "", record_type: str = "") -> set[Recipient]:
    """Everybody who was given something about this child that came from this holder.

    Without a holder: anything at all. Who holds it is no recipient of their own record. Where the
    holder's name was masked the entry does not have it, and the record type decides.
    """
    index = keys().index(SUBJECT, sui)
    entries = Entry.objects.filter(Q(about=index) | Q(others__contains=[index]))
    found = set()
    for look in opened(entries):
        facts = look.facts
        if not facts["results"] or (facts["status"] or 0) >= 400:
            continue
        if facts["organisation"] in (holder, "") or facts["organisation"] in facts["holders"]:
            continue
        if holder and not _came_from(facts["holders"], facts["record_types"], holder, record_type):
            continue
        found.add(Recipient(facts["organisation"], (look.personal or {}).get("person", "")))
    return found


def _came_from(holders: list[str], types: list[str], holder: str, record_type: str) -> bool:
    if record_type and record_type not in types:
        return False
    return holder in holders or (not holders and bool(record_type))
