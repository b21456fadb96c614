"""Before the hub serves: nothing that was purged is back, no shield is lost, the log is whole.

A restored backup is older than what people were promised since. Purges and shields are taken from
the files beside the witnesses and applied again; and a log that is shorter than what witnesses
have seen is not served.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger import proofs, sequencing, verifying
from joinedup.hub.ledger.writing import record
from joinedup.hub.reconciliation import links
from joinedup.hub.retention import archiving, box, kept, purging
from joinedup.hub.retention.models import Purged, PurgedRecord
from joinedup.hub.shields.following import bring_to_level
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import Shield, ShieldEvent, ShieldMark
from joinedup.hub.shields.state import current, on_django
from joinedup.linkage.constraints import Ref
from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level


class RolledBack(Exception):
    """The log is not what witnesses have seen: it must not be served. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What had to be applied again."""

    purges: int
    shields: int
    entries: int


def before_serving() -> Applied:
    """Apply purges and shields again, then hold the log against its newest checkpoint.

    Does next to nothing when nothing was restored. Raises ``RolledBack``, ``kept.KeptDamaged``,
    ``NotRecorded``, and what the databases raise.
    """
    shields = _shields_again()
    purges = _purges_again()
    check_log()
    return Applied(purges, shields, sequencing.size())


def check_log() -> None:
    """Compare the log with the newest checkpoint of every witness file; raises ``RolledBack``."""
    seen = verifying.kept()
    if not seen:
        return
    newest = max(seen, key=lambda each: each.size)
    size = sequencing.size()
    if size < newest.size:
        raise RolledBack(
            f"The ledger has {size:,} entries, and a witness has seen {newest.size:,}. The "
            f"database is {newest.size - size:,} entries too old: restore it up to "
            f"{newest.at:%d %B %Y %H:%M:%S} UTC or later, from its write-ahead log. If it is "
            "another database on purpose, give it a state folder of its own."
        )
    try:
        root = proofs.root(newest.size) if newest.size else newest.root
    except KeyError:
        root = b""
    if root != newest.root:
        raise RolledBack(
            f"The first {newest.size:,} entries of the ledger are not those that a witness has "
            "seen. Run `joinedup ledger verify`, and restore a backup of the same log."
        )


def _purges_again() -> int:
    """Apply purges that the database does not know, or knew less of; gives how many."""
    known = {line["id"]: line for line in map(kept.purge_line, Purged.objects.all())}
    latest: dict[str, dict[str, Any]] = {}
    for line in sorted(kept.read(kept.PURGES), key=_how_late):
        latest[line["id"]] = line
    missing = [
        line
        for line in latest.values()
        if line["id"] not in known or _how_late(known[line["id"]]) < _how_late(line)
    ]
    if not missing:
        return 0
    with transaction.atomic():
        for line in missing:
            since = line.get("new_since")
            facts = {
                "at": datetime.fromisoformat(line["at"]), "why": line["why"],
                "counts": line["counts"],
                "new_since": datetime.fromisoformat(since) if since else None,
            }  # fmt: skip
            certificate, _ = Purged.objects.update_or_create(
                about=bytes.fromhex(line["about"]),
                defaults=facts, create_defaults={"id": UUID(line["id"]), **facts},
            )  # fmt: skip
            certificate.records.all().delete()
            purging.keep_names(certificate, map(bytes.fromhex, line.get("records", ())))
        record(action="retention.purge-again", results=len(missing))
    purging.purge_returned(timezone.now())
    gone = {bytes(e) for e in Purged.objects.filter(new_since=None).values_list("about", flat=True)}
    names = {bytes(each) for each in PurgedRecord.objects.values_list("about", flat=True)}
    archiving.take_out(
        [
            each
            for each in _every_record()
            if any(box.about(number) in gone for number in each.nhs_numbers)
            or box.about_record(each.source, each.id) in names
        ]
    )
    return len(missing)


def _how_late(line: Mapping[str, Any]) -> tuple[datetime, str, int]:
    """By what a later line about the same purge is told from an earlier one."""
    at = datetime.fromisoformat(line["at"])
    return at, line.get("new_since", ""), len(line.get("records", ()))


def _shields_again() -> int:
    """Apply shields' events and marks that the database does not know; gives how many."""
    lines = kept.read(kept.SHIELDS)
    events = [line for line in lines if "reference" in line]
    marks = [line for line in lines if "token" in line]
    known = {str(each) for each in ShieldEvent.objects.values_list("reference", flat=True)}
    there = {
        (str(shield), bytes(token).hex())
        for shield, token in ShieldMark.objects.values_list("shield_id", "token")
    }
    missing = [line for line in events if line["reference"] not in known]
    unmarked = [line for line in marks if (line["shield"], line["token"]) not in there]
    if not missing and not unmarked:
        return 0
    changed = {UUID(line["shield"]) for line in (*missing, *unmarked)}
    with transaction.atomic():
        for line in sorted(missing, key=lambda line: str(line["at"])):
            _event(line)
        for line in unmarked:
            ShieldMark.objects.get_or_create(
                token=bytes.fromhex(line["token"]), shield_id=UUID(line["shield"]),
                defaults={"why": line["why"], "since": datetime.fromisoformat(line["since"])},
            )  # fmt: skip
        for shield in changed:
            state = current(on_django, shield)
            Shield.objects.filter(pk=shield).update(
                level=int(state.level), standing=state.standing.value, review_by=state.review_by
            )
        record(action="retention.shield-again", results=len(missing) + len(unmarked))
    _hide(changed)
    return len(missing) + len(unmarked)


def _event(line: dict[str, str]) -> None:
    shield, _ = Shield.objects.get_or_create(
        pk=UUID(line["shield"]),
        defaults={
            "organisation_id": line["organisation"],
            "opened_at": datetime.fromisoformat(line["opened_at"]),
        },
    )
    ShieldEvent.objects.create(
        reference=UUID(line["reference"]), shield=shield, at=datetime.fromisoformat(line["at"]),
        kind=line["kind"], by=line["by"], level=line["level"], organisation_id=line["asked_by"],
        criterion=line["criterion"], reason=bytes.fromhex(line["reason"]),
    )  # fmt: skip


def _hide(shields: set[UUID]) -> None:
    """Take every record of these shields' children out of what is searched, or put it back."""
    levels: dict[bytes, Level] = {}
    marks = ShieldMark.objects.filter(shield__in=shields).select_related("shield")
    for mark in marks:
        token = bytes(mark.token)
        levels[token] = max(levels.get(token, Level.OPEN), Level(mark.shield.level))
    named = tokens()
    for found in _every_record():
        level = max(
            (levels.get(token, Level.OPEN) for token in named.of(found)), default=Level.OPEN
        )
        if level is not Level.OPEN:
            refs = [Ref(found.source, found.id)]
            links.current().identities.shield(level, refs=refs)
    for shield in shields:
        bring_to_level(shield)


def _every_record() -> Iterator[LinkRecord]:
    """Every record that can be searched: read one by one, which only a restored backup is worth."""
    ours = links.current()
    with ours.pool.connection() as conn:
        refs = conn.execute("SELECT source, id FROM identities.linkage_record").fetchall()
        for source, id in refs:
            found = ours.index.get(conn, source, id)
            if found is not None:
                yield found
