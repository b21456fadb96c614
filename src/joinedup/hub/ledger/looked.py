"""Who looked at a child: in full for the information-governance lead, in part for the family.

The family is told when, which organisation, in what role and why, and never which member of staff
(CJEU C-579/21 Pankki S, persuasive). What is held back from it is not shown and not counted to it,
but the ledger says how many entries an answer left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry, HoldBack
from joinedup.hub.ledger.opening import Opened, opened
from joinedup.hub.ledger.writing import SUBJECT, note, record

_OF_THE_CHILD = ("reason", "case_reference", "subject", "relationship")


class HeldBack(StrEnum):
    """Why an entry is not shown to the family."""

    POLICE = "police"  # an investigation that it would tip off (DPA 2018 Sch. 2 para. 2)
    SECTION_47 = "section-47"  # enquiries that it would harm (Children Act 1989 s.47)
    SERIOUS_HARM = "serious-harm"  # DPA 2018 Sch. 3


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at a child. ``held_back`` is empty, or why the family is not shown it.

    ``other_name``: it is found by another name of the child alone, not by the one asked about.
    """

    entry: Opened
    held_back: str
    other_name: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a family is told of one look."""

    at: datetime
    action: str
    outcome: str
    organisation: str
    role: str
    purpose: str
    legal_basis: str
    holders: tuple[str, ...]
    fields: tuple[str, ...]


def who_looked(
    sui: str, *also: str, only: Callable[[Looked], bool] = lambda _: True
) -> list[Looked]:
    """Give every entry about a child, oldest first, with the sealed parts opened.

    ``also`` are other names of the same child: a superseded number, an identity. ``only`` leaves
    out what whoever asks may not read. That it was asked is noted for the request's own entry.
    """
    found = [look for look in _looks((sui, *also)) if only(look)]
    note(action="ledger.who-looked", subject=sui, results=len(found))
    return found


def who_looked_for_family(
    sui: str, *also: str, only: Callable[[Looked], bool] = lambda _: True
) -> list[Told]:
    """Give what the family may know of who looked, oldest first.

    ``only`` leaves out what whoever answers the family does not answer for. How many entries were
    held back is noted for the request's own entry, and is not told.
    """
    found = [look for look in _looks((sui, *also)) if only(look)]
    shown = [_told(look.entry) for look in found if not look.held_back]
    note(
        action="ledger.who-looked-for-family",
        subject=sui,
        results=len(shown),
        withheld=len(found) - len(shown),
    )
    return shown


def hold_back(entry_id: UUID, code: HeldBack, why: str) -> None:
    """Keep an entry from the family from now on; that, and why, is recorded with it.

    Raises ``Entry.DoesNotExist`` and ``NotRecorded``.
    """
    _decide(entry_id, code, why, held=True)


def show_again(entry_id: UUID, code: HeldBack, why: str) -> None:
    """Let the family see an entry again. Raises ``Entry.DoesNotExist`` and ``NotRecorded``."""
    _decide(entry_id, code, why, held=False)


def _decide(entry_id: UUID, code: HeldBack, why: str, *, held: bool) -> None:
    entry = Entry.objects.get(id=entry_id)
    personal = opened([entry])[0].personal or {}
    with transaction.atomic():
        written = record(
            action="ledger.hold-back" if held else "ledger.show-again",
            outcome=code.value,
            subject=personal.get("subject", ""),
            reason=why,
            case_reference=f"entry {entry_id}",
            held_back=code.value,  # that something is held back would tell as much
        )
        HoldBack.objects.create(entry=entry, held=held, code=code.value, record=written)


def _looks(names: tuple[str, ...]) -> list[Looked]:
    indexes = [keys().index(SUBJECT, name) for name in names]
    about = Q(about__in=indexes)
    for index in indexes:
        about |= Q(others__contains=[index])
    entries = list(Entry.objects.filter(about).order_by("number"))
    decided = {
        each.entry_id: each.code if each.held else ""
        for each in HoldBack.objects.filter(entry__in=entries).order_by("id")
    }
    looks = []
    for entry, found in zip(entries, opened(entries), strict=True):
        if entry.about is None or bytes(entry.about) not in indexes:
            found = _of_another(found)
        asked = indexes[0] in {bytes(each) for each in (entry.about or b"", *(entry.others or ()))}
        held = decided.get(entry.number, found.facts["held_back"])
        looks.append(Looked(found, held, not asked))
    return looks


def _of_another(found: Opened) -> Opened:
    """An entry about another child whose answer named this one too: who, and not about whom."""
    personal = found.personal and {
        name: "" if name in _OF_THE_CHILD else text for name, text in found.personal.items()
    }
    return Opened(found.id, found.number, found.at, found.facts, personal, found.damaged)


def _told(entry: Opened) -> Told:
    facts = entry.facts
    return Told(
        entry.at,
        facts["action"],
        facts["outcome"],
        facts["organisation"],
        facts["role"],
        facts["purpose"],
        facts["legal_basis"],
        tuple(facts["holders"]),
        tuple(facts["fields"]),
    )
