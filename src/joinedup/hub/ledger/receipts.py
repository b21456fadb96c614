"""Receipts: proof for either side of a disclosure that it is in the log."""

from typing import NamedTuple
from uuid import UUID

from django.db import connection

from joinedup.hub.ledger import proofs, sequencing
from joinedup.hub.ledger.models import Entry, Leaf, SignedCheckpoint
from joinedup.hub.organisations.models import Organisation
from joinedup.ledger.entry import read_content
from joinedup.ledger.receipt import Receipt

MOST = 100
"""Receipts in one answer."""
WINDOW = 100_000
"""Places of the log that are looked through for one answer, so that none takes long."""

# From the first place on: a custodian that keeps up looks at what is new alone.
_DISCLOSED = """
SELECT leaf.place, entry.content
FROM ledger_leaf AS leaf
JOIN ledger_disclosed AS disclosed ON disclosed.entry_id = leaf.entry_id
JOIN ledger_entry AS entry ON entry.number = leaf.entry_id
WHERE disclosed.holder = %s AND leaf.place > %s AND leaf.place < %s
ORDER BY leaf.place LIMIT %s
"""


class Proved(NamedTuple):
    """An entry's content, its place, and the path to the root of the log that was asked about."""

    content: bytes
    place: int
    proof: list[bytes]


def disclosed(organisation: Organisation, after: int, size: int) -> tuple[list[Proved], int] | None:
    """What was disclosed of an organisation's records beyond a place in the log of a size.

    Also the place up to which was looked. ``None`` for a size that the log does not have.
    """
    if size > sequencing.size():
        return None
    end = min(size, after + 1 + WINDOW)
    with connection.cursor() as cursor:
        cursor.execute(_DISCLOSED, [organisation.ods_code, after, end, MOST])
        rows = cursor.fetchall()
    found = [
        Proved(bytes(content), place, proofs.inclusion(place, size)) for place, content in rows
    ]
    return found, found[-1].place if len(found) == MOST else end - 1


def receipt(entry_id: UUID) -> Receipt | None:
    """Give the receipt of an entry; ``None`` until a checkpoint covers it.

    Raises ``Entry.DoesNotExist``.
    """
    entry = Entry.objects.only("number", "content").get(id=entry_id)
    leaf = Leaf.objects.filter(entry_id=entry.number).first()
    if leaf is None:
        return None
    # The first that covers it: the receipt stays the same for good.
    signed = SignedCheckpoint.objects.filter(size__gt=leaf.place).order_by("size", "id").first()
    if signed is None:
        return None
    proof = tuple(proofs.inclusion(leaf.place, signed.size))
    return Receipt(bytes(entry.content), leaf.place, proof, signed.note)


def concerns(entry_id: UUID, organisation: Organisation) -> bool:
    """Whether an organisation is a side of what the entry tells: it asked, or it holds."""
    entry = Entry.objects.only("content").filter(id=entry_id).first()
    if entry is None:
        return False
    content = read_content(bytes(entry.content))
    return organisation.ods_code in (content["organisation"], *content["holders"])
