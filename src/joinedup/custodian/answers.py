"""What is answered to a work item, and what is left for a person to decide.

A search is answered with the records held, without their content. Content is shared when a rule of
the configuration says so, or a person has; else the request is kept for a person, and the searcher
is told to ask us. A person decides here or at the hub, from where it comes with the item: it is the
same decision, and the later one counts. What a person decided comes before any rule, and a rule
that withholds comes before one that shares (Children Act 2004 s.16LA: share unless it would be more
detrimental).
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joinedup.custodian.children import Held, held, held_under
from joinedup.custodian.client import WITHHELD_REASONS, Decision, Outcome, WorkItem
from joinedup.custodian.config import Config, System
from joinedup.custodian.envelope import EnvelopeError, seal
from joinedup.custodian.records import NoRecord, has_record, make_record
from joinedup.custodian.store import Store, at, now

SHARE: Final = "share"
ASK_US: Final = "ask-us"
_NOT_HELD: Final = "not-held"
_MASK: Final = "mask-location"
_DECISION_LASTS: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, as ``POST /work/result`` takes it."""

    outcome: Outcome
    records: tuple[dict[str, str], ...] = ()
    content: str = ""
    reason: str = ""

    def body(self, item: WorkItem) -> dict[str, Any]:
        """As the hub's contract has it."""
        body: dict[str, Any] = {
            "workItemId": item.id,
            "leaseToken": item.lease_token,
            "outcome": self.outcome,
        }
        if self.outcome == "hasRecords":
            body["records"] = [dict(one) for one in self.records]
        body |= {"content": self.content} if self.content else {}
        body |= {"reason": self.reason} if self.reason else {}
        return body


def answer(item: WorkItem, config: Config, store: Store, *, is_complete: bool) -> Result:
    """Work out the answer to an item.

    ``is_complete`` says that every record has been asked about once: before that, a child who is
    not found is an error that passes, never "no record" (design principle 1).
    """
    if item.record_type not in config.record_types:
        return Result("permanentError")
    if item.kind == "fetch":
        return _content(item, config, store)
    found = [
        _found(child, item.record_type)
        for child in held_under(store, item.sui)
        if (system := config.system(child.system)) and has_record(item.record_type, child, system)
    ]
    if found:
        return Result("hasRecords", tuple(found))
    return Result("noRecords" if is_complete else "temporaryError")


def _found(child: Held, record_type: str) -> dict[str, str]:
    first, last = child.seen()
    return {
        "systemId": child.system,
        "recordId": child.record_id,
        "recordType": record_type,
        "firstSeen": first,
        "lastSeen": last,
    }


def _content(item: WorkItem, config: Config, store: Store) -> Result:
    child, system = held(store, item.system_id, item.record_id), config.system(item.system_id)
    # A record is given under the number that was asked about and under no other.
    if child is None or system is None or not child.sui or child.sui != item.sui:
        return Result("withheld", reason=_NOT_HELD)
    if not has_record(item.record_type, child, system):
        return Result("withheld", reason=_NOT_HELD)
    reason, items = _decided(item, config, store)
    if reason != SHARE:
        return Result("withheld", reason=reason)
    return _sealed(item, config, child, system, items)


def _sealed(
    item: WorkItem, config: Config, child: Held, system: System, items: Sequence[str]
) -> Result:
    try:
        record = make_record(
            item.record_type, child, system, config,
            items=items, hide_place=_MASK in item.duties,
        )  # fmt: skip
        return Result("shared", content=seal(record, item.public_key, item.id))
    except (NoRecord, EnvelopeError):
        return Result("permanentError")


def _decided(item: WorkItem, config: Config, store: Store) -> tuple[str, tuple[str, ...]]:
    """``share`` with the items to share (none named: all), or the reason why not."""
    if item.decision and config.decide_at_hub:
        _take_decision(item, item.decision, store)
    by_person = store.work.execute(
        "SELECT answer, items FROM request WHERE searcher = ? AND system = ? AND record_type = ?"
        " AND record_id = ? AND answer IS NOT NULL AND until > ?"
        " ORDER BY answered_at DESC, number DESC LIMIT 1",
        (*_same(item), now()),
    ).fetchone()
    if by_person:
        part = json.loads(by_person["items"] or "[]")
        if not part or by_person["answer"] != SHARE:
            return by_person["answer"], item.items
        chosen = tuple(name for name in part if not item.items or name in item.items)
        if chosen:
            return SHARE, chosen
        _keep_for_a_person(item, store)  # a part was shared, and now another is asked for
        return ASK_US, ()
    about = (item.record_type, item.searcher, item.purpose)
    for rule in config.withhold:
        if rule.covers(*about):
            return rule.reason, ()
    if item.emergency and config.share_in_emergency:
        return SHARE, item.items
    rules = [rule for rule in config.share if rule.covers(*about)]
    if not rules:
        _keep_for_a_person(item, store)
        return ASK_US, ()
    if any(not rule.items for rule in rules):
        return SHARE, item.items
    allowed = sorted({name for rule in rules for name in rule.items})
    chosen = tuple(name for name in allowed if not item.items or name in item.items)
    return (SHARE, chosen) if chosen else ("not-relevant", ())


def _same(item: WorkItem) -> tuple[str, str, str, str]:
    return item.searcher, item.system_id, item.record_type, item.record_id


def _take_decision(item: WorkItem, decision: Decision, store: Store) -> None:
    """Write down what a person decided at the hub as if it were decided here.

    It comes with every fetch for as long as it holds: what was decided here since stays.
    """
    known = store.work.execute(
        "SELECT max(answered_at) FROM request WHERE searcher = ? AND system = ?"
        " AND record_type = ? AND record_id = ?",
        _same(item),
    ).fetchone()[0]
    if known and known >= at(decision.at):
        return
    _keep_for_a_person(item, store)
    number = store.work.execute(
        "SELECT max(number) FROM request WHERE searcher = ? AND system = ? AND record_type = ?"
        " AND record_id = ? AND (answer IS NULL OR item = ?)",
        (*_same(item), item.id),
    ).fetchone()[0]
    _write_down(store, number, decision)


def _keep_for_a_person(item: WorkItem, store: Store) -> None:
    known = store.work.execute(
        "SELECT 1 FROM request WHERE item = ? OR (answer IS NULL AND searcher = ? AND system = ?"
        " AND record_type = ? AND record_id = ?)",
        (item.id, *_same(item)),
    ).fetchone()
    if known:
        return
    store.work.execute(
        "INSERT INTO request (asked_at, item, searcher, searcher_name, purpose, legal_basis,"
        " reason, system, record_type, record_id) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (now(), item.id, item.searcher, item.searcher_name, item.purpose, item.legal_basis,
         item.reason, item.system_id, item.record_type, item.record_id),
    )  # fmt: skip


def waiting_requests(store: Store) -> list[sqlite3.Row]:
    """What waits for a person, oldest first."""
    return store.work.execute(
        "SELECT * FROM request WHERE answer IS NULL ORDER BY number"
    ).fetchall()


def decide_request(store: Store, number: int, decision: str, by: str) -> bool:
    """Write down what a person decided; it holds for that searcher and record for 30 days.

    ``decision`` is ``share`` or one of the reasons to withhold. False when there is no such
    request.
    """
    if decision != SHARE and decision not in WITHHELD_REASONS:
        raise ValueError(f"decide {SHARE} or one of {', '.join(WITHHELD_REASONS)}")
    return _write_down(store, number, Decision(decision, by, datetime.now(UTC)))


def _write_down(store: Store, number: int, decision: Decision) -> bool:
    changed = store.work.execute(
        "UPDATE request SET answer = ?, answered_at = ?, answered_by = ?, until = ?, items = ?"
        " WHERE number = ?",
        (
            decision.answer, at(decision.at), decision.by, at(decision.at + _DECISION_LASTS),
            json.dumps(decision.items), number,
        ),
    )  # fmt: skip
    return changed.rowcount > 0
