"""Receipts: proof for either side of a disclosure that it is in the log."""

from uuid import UUID

from joinedup.hub.ledger import proofs
from joinedup.hub.ledger.models import Entry, Leaf, SignedCheckpoint
from joinedup.hub.organisations.models import Organisation
from joinedup.ledger.entry import read_content
from joinedup.ledger.receipt import Receipt


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
