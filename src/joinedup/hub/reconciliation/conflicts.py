"""Cases of records: conflicts that linking left for a person."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction
from django.utils import timezone

from joinedup.hub.identifiers.idempotency import fingerprint
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.reconciliation import links
from joinedup.hub.reconciliation.models import WAITING, Action, CaseEntry, Kind, ReviewCase
from joinedup.identities.joining import QUESTIONS
from joinedup.identities.store import Conflict
from joinedup.linkage.constraints import Reason, Ref
from joinedup.linkage.link_report import MEANINGS

_COLUMNS = ["reason", "words", "records"]
_RULES = {reason.value for reason in Reason}

Found = tuple[Kind, str, list[str], tuple[Ref, ...]]


class CannotLoad(ValueError):
    """Conflicts cannot be read; the message says why and what to do."""


def read_conflicts(path: Path) -> list[Found]:
    """Read what a `joinedup link` run left for a person: its ``conflicts.parquet``.

    Raises ``CannotLoad``.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise CannotLoad(f"{path.name} cannot be read as Parquet.") from error
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise CannotLoad(
            f"{path.name} has no column {missing[0]}: give conflicts.parquet of `joinedup link`."
        )
    return [
        (
            Kind.CONFLICT,
            MEANINGS.get(row["reason"], row["reason"]),
            [row["words"]],
            tuple(Ref(record["source"], record["id"]) for record in row["records"]),
        )
        for row in table.select(_COLUMNS).to_pylist()
    ]


def of_identities(conflicts: Iterable[Conflict]) -> list[Found]:
    """Give the questions that are open among identities (``Identities.conflicts``) as cases."""
    found: list[Found] = []
    for event in (conflict.event for conflict in conflicts):
        codes = event.evidence.reasons
        words = [QUESTIONS.get(code) or MEANINGS.get(code, code) for code in codes]
        kind = Kind.CONFLICT if _RULES & set(codes) else Kind.POSSIBLE
        found.append((kind, words[0] if words else "In question.", words[1:], event.records))
    return found


def open_cases(found: Iterable[Found], organisation: Organisation) -> tuple[int, int]:
    """Open a case for each; gives how many were opened, and how many were there already.

    None is opened, nor kept, of records that are never to be joined: a run without the sealed pairs
    does not know of them.
    """
    opened = known = 0
    identities = links.current().identities
    for kind, reason, reasons, refs in found:
        if identities.never_of_one(refs):
            continue
        names = [list(ref) for ref in refs]
        about = fingerprint([organisation.pk, names])
        with transaction.atomic():
            if ReviewCase.objects.filter(organisation=organisation, about=about).exists():
                known += 1
                continue
            case, new = ReviewCase.objects.get_or_create(
                organisation=organisation,
                about=about,
                status__in=WAITING,
                defaults={
                    "kind": kind,
                    "opened_at": timezone.now(),
                    "reason": reason,
                    "reasons": reasons,
                    "records": names,
                },
            )
            if new:
                CaseEntry.objects.create(case=case, action=Action.OPENED)
            opened, known = opened + new, known + (not new)
    return opened, known
