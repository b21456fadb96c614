"""Signing for the log, and showing what was signed to the witnesses."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger import keys, proofs, sequencing, witnesses
from joinedup.hub.ledger.models import SignedCheckpoint, Witnessed
from joinedup.hub.ledger.sequencing import LogChanged
from joinedup.ledger.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from joinedup.ledger.merkle import ProofError
from joinedup.ledger.witness import check_continues

log = logging.getLogger("joinedup.hub.ledger")

AT_LEAST_EVERY = timedelta(hours=1)
"""A log that does not grow is still signed for now and then, so that its silence is seen."""
SILENT = timedelta(minutes=90)
"""Longer than any log is quiet: a node that has signed for nothing since does not run."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint, and which witnesses have it or do not, with the reason."""

    checkpoint: SignedCheckpoint
    by: tuple[str, ...]
    failed: dict[str, str]


def checkpoint() -> Kept | None:
    """Sequence what waits, sign for it, and show it to every witness.

    Gives ``None`` when there is nothing new to sign for. Raises ``LogChanged`` when the log no
    longer continues the newest checkpoint of our own witness file, which lies outside the database.
    """
    sequencing.sequence()
    signed = _sign()
    return _show(signed) if signed else None


def _sign() -> SignedCheckpoint | None:
    with transaction.atomic():
        size = sequencing.size()
        now = timezone.now().replace(microsecond=0)
        before = witnesses.own().file.newest()
        if before and before.size == size and now - before.at < AT_LEAST_EVERY:
            return None
        if not before and not size:
            return None
        found = Checkpoint(keys.origin(), size, proofs.root(size), now)
        try:
            if before and before.size > size:
                raise ProofError(f"the log went back from {before.size} entries to {size}")
            old = before.size if before else 0
            check_continues(before, found, proofs.consistency(old, size))
        except (ProofError, KeyError) as error:
            raise LogChanged(f"the ledger was changed: {error}") from error
        note = keys.signer().sign(found)
        return SignedCheckpoint.objects.create(size=size, root=found.root, at=now, note=note)


def _show(signed: SignedCheckpoint) -> Kept:
    found = read_checkpoint(signed.note, [keys.signer().verifier])
    by, failed = [], {}
    for witness in [witnesses.own(), *witnesses.others()]:
        has = Witnessed.objects.filter(witness=witness.name).order_by("-checkpoint__size").first()
        known = has.checkpoint.size if has else 0
        try:
            signature = witness.keep(signed.note, found, known, proofs.consistency)
        except ProofError as error:
            failed[witness.name] = f"it has seen another log ({error})"
        except witnesses.NotKept as error:
            failed[witness.name] = str(error)
        else:
            by.append(witness.name)
            Witnessed.objects.create(
                checkpoint=signed, witness=witness.name, at=timezone.now(), signature=signature
            )
    for node in witnesses.nodes():
        if silent(node, signed.at):
            failed[node.name] = f"it has signed for nothing since {SILENT.seconds // 60} minutes"
    for name, why in failed.items():
        log.error("the witness %s does not have checkpoint %s: %s", name, signed.size, why)
    return Kept(signed, tuple(by), failed)


def silent(node: witnesses.NodeWitness, now: datetime) -> bool:
    """Whether a node that should fetch our checkpoints has long signed for none of them."""
    first = SignedCheckpoint.objects.order_by("id").first()
    if first is None or now - first.at < SILENT:
        return False
    last = Witnessed.objects.filter(witness=node.name, at__gt=now - SILENT).order_by("id").last()
    if last is None:
        return True
    try:  # the row is the hub's to write: the signature is not
        of = read_checkpoint(last.checkpoint.note, [keys.signer().verifier])
        node.verifier.check_cosignature(of, last.signature)
    except CheckpointError:
        return True
    return False
