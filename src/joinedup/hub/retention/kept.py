"""What a restored backup must be told: purges and shields, kept outside the database.

Beside each witness file lie two more, to which is only ever added: who was purged, and what
happened to shields. They hold keyed tokens and sealed text alone. Each line is signed with the
ledger's secret, so that nobody purges a child by writing into a file.
"""

import hmac
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from joinedup.hub.ledger import witnesses
from joinedup.hub.ledger.keys import keys
from joinedup.hub.retention.models import Purged
from joinedup.hub.shields.models import ShieldEvent, ShieldMark

PURGES, SHIELDS = "purges", "shields"
_OVERLAP = timedelta(minutes=15)
"""Rows that commit late are picked up within so long."""


class KeptDamaged(Exception):
    """A line was changed, or made with another secret; nothing may be served from this."""


def places() -> list[Path]:
    """Give the witness files that these lie beside: our own first."""
    every = [witnesses.own(), *witnesses.others()]
    return [each.file.path for each in every if isinstance(each, witnesses.FileWitness)]


def keep() -> int:
    """Add what is new in the database; gives how many lines. Each place gets what it lacks."""
    return sum(
        _add(_beside(place, PURGES), map(purge_line, Purged.objects.prefetch_related("records")))
        + _add(_beside(place, SHIELDS), _shield_lines(_beside(place, SHIELDS)))
        for place in places()
    )


def read(kind: str) -> list[dict[str, Any]]:
    """Give every line of a kind, from all places, each once; raises ``KeptDamaged``."""
    found: dict[str, dict[str, Any]] = {}
    for place in places():
        for line in _lines(_beside(place, kind)):
            text, _, mac = line.rpartition("\t")
            if not hmac.compare_digest(mac, _mac(text)):
                raise KeptDamaged(
                    f"{_beside(place, kind)} has a line that this hub did not write. Compare it "
                    "with the copies beside the other witnesses, and put it right."
                )
            found.setdefault(text, json.loads(text))
    return list(found.values())


def purge_line(purged: Purged) -> dict[str, Any]:
    """Give what is kept of a purge."""
    return {
        "id": str(purged.id), "about": bytes(purged.about).hex(), "why": purged.why,
        "at": purged.at.isoformat(), "counts": purged.counts,
        "records": sorted(bytes(each.about).hex() for each in purged.records.all()),
        "new_since": purged.new_since.isoformat() if purged.new_since else "",
    }  # fmt: skip


def _shield_lines(path: Path) -> Iterable[dict[str, Any]]:
    """Events and marks that the file may lack: all for an empty file, else the newest."""
    events = ShieldEvent.objects.select_related("shield").order_by("number")
    marks = ShieldMark.objects.order_by("id")
    if path.exists():
        since = timezone.now() - _OVERLAP
        events, marks = events.filter(at__gt=since), marks.filter(since__gt=since)
    for event in events:
        yield {
            "shield": str(event.shield_id), "organisation": event.shield.organisation_id,
            "opened_at": event.shield.opened_at.isoformat(), "reference": str(event.reference),
            "at": event.at.isoformat(), "kind": event.kind, "by": event.by,
            "level": event.level, "asked_by": event.organisation_id,
            "criterion": event.criterion, "reason": bytes(event.reason).hex(),
        }  # fmt: skip
    for mark in marks:
        yield {
            "shield": str(mark.shield_id), "token": bytes(mark.token).hex(), "why": mark.why,
            "since": mark.since.isoformat(),
        }  # fmt: skip


def _add(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    known = set(_lines(path))
    texts = [json.dumps(row, sort_keys=True) for row in rows]
    new = [line for text in texts if (line := f"{text}\t{_mac(text)}") not in known]
    if not new and path.exists():
        return 0
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in new)
        file.flush()
        os.fsync(file.fileno())
    return len(new)


def _lines(path: Path) -> list[str]:
    """Whole lines: what a crash left unfinished was never kept."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text("utf-8").rpartition("\n")
    return [line for line in whole.split("\n") if line]


def _beside(place: Path, kind: str) -> Path:
    return place.with_name(f"{place.name}-{kind}")


def _mac(text: str) -> str:
    return keys().index("retention.kept", text).hex()
