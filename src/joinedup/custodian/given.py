"""What was given to whom, and the receipt that proves that the hub's ledger says so too.

The node writes down each record that it handed over. From the ledger it fetches every entry by
which somebody was told of its records, each with a proof, and checks the proof against a
checkpoint that it keeps as a witness: the hub is not believed. An entry that is not in the log
that the hub signed for is evidence, and said loudly.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joinedup.custodian.client import HubClient, Receipted, WorkItem
from joinedup.custodian.store import Store, as_json, at, now, transaction
from joinedup.custodian.witnessing import keep_evidence
from joinedup.ledger.checkpoint import Checkpoint
from joinedup.ledger.entry import read_content
from joinedup.ledger.merkle import ProofError, check_inclusion, leaf_hash
from joinedup.ledger.receipt import Receipt
from joinedup.ledger.witness import WitnessFile

HANDED_OVER: Final = "handed over, not read yet"
PROVED: Final = "proved"
_READ: Final = "record.fetch"
_KEPT: Final = timedelta(days=3 * 365)  # a receipt names no child; a dispute may come late
_NEXT: Final = "receipts up to place"

Say = Callable[[str], None]


def note(store: Store, item_id: str, lease_token: str) -> None:
    """Write down that a record was handed over, before its work item is emptied."""
    row = store.work.execute(
        "SELECT body FROM item WHERE id = ? AND lease_token = ?", (item_id, lease_token)
    ).fetchone()
    if row is None or not row["body"]:
        return
    item = WorkItem.read(json.loads(row["body"]))
    store.work.execute(
        "INSERT OR IGNORE INTO given VALUES (?,?,?,?,?,?,?,?,?)",
        (item.id, now(), item.correlation_id, item.searcher, item.searcher_name, item.purpose,
         item.system_id, item.record_type, item.record_id),
    )  # fmt: skip


def tidy(store: Store) -> None:
    """Forget what was given long ago."""
    long_ago = at(datetime.now(UTC) - _KEPT)
    store.work.execute("DELETE FROM given WHERE at < ?", (long_ago,))
    store.work.execute("DELETE FROM receipt WHERE at < ?", (long_ago,))


class Receipts:
    """Fetches this custodian's receipts, and keeps those whose proof holds."""

    def __init__(self, store: Store, hub: HubClient, file: WitnessFile, say: Say) -> None:
        self._store = store
        self._hub = hub
        self._file = file
        self._say = say

    def step(self) -> bool:
        """Fetch some; True when there are more. Raises ``HubAway`` and ``Refused``."""
        newest, after = self._file.newest(), int(self._store.said(_NEXT) or -1)
        if newest is None or newest.size <= after + 1:
            return False
        found, up_to = self._hub.receipts(after, newest.size)
        note = self._file.newest_note()
        for one in found:
            try:
                if not after < one.place <= up_to:
                    raise ProofError("an entry comes again, or out of its order")
                self._keep(one, newest, note)
            except ValueError as error:  # a proof that fails, or an entry that cannot be read
                shown = Receipt(one.content, one.place, tuple(one.proof), note)
                keep_evidence(
                    self._store, self._say, f"a receipt proves nothing: {error}",
                    shown=shown.as_dict(), had=note,
                )  # fmt: skip
                return False
            after = one.place
        self._store.say(_NEXT, str(up_to))
        return up_to < newest.size - 1

    def _keep(self, one: Receipted, newest: Checkpoint, note: str) -> None:
        """Raises ``ProofError``, and ``ValueError`` for what is no entry."""
        check_inclusion(leaf_hash(one.content), one.place, newest.size, one.proof, newest.root)
        facts = read_content(one.content)
        whole = Receipt(one.content, one.place, tuple(one.proof), note)
        with transaction(self._store.work) as link:
            link.execute(
                "INSERT OR IGNORE INTO receipt VALUES (?,?,?,?,?,?,?,?,?,?)",
                (one.place, facts["id"], facts["at"], facts["action"], facts["organisation"],
                 facts["purpose"], as_json(facts["record_types"]), facts["correlation_id"],
                 whole.text(), newest.size),
            )  # fmt: skip


def given(store: Store) -> list[dict[str, Any]]:
    """What was given to whom, newest first, each with the state of its receipt.

    What only the ledger knows of is there too: that a searcher was told which records are held.
    """
    rows = [dict(row) for row in store.work.execute("SELECT * FROM given")]
    receipts = [dict(row) for row in store.work.execute("SELECT * FROM receipt ORDER BY place")]
    for one in receipts:
        one["record_types"] = json.loads(one["record_types"])
    of_fetch: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in receipts:
        if one["action"] == _READ:
            for kind in one["record_types"]:
                of_fetch.setdefault((one["correlation"], one["searcher"], kind), []).append(one)
    told = [_told(one) for one in receipts if one["action"] != _READ]
    used: set[int] = set()
    for row in sorted(rows, key=lambda row: str(row["at"])):
        key = (row["correlation"], row["searcher"], row["record_type"])
        proof = next((one for one in of_fetch.get(key, ()) if one["place"] not in used), None)
        if proof:
            used.add(proof["place"])
        told.append(
            {
                "at": row["at"], "searcher": row["searcher"], "name": row["searcher_name"],
                "purpose": row["purpose"], "act": _READ, "recordTypes": [row["record_type"]],
                "record": f"{row['system']} {row['record_id']}",
                "receipt": PROVED if proof else HANDED_OVER,
                "entry": proof["entry"] if proof else "", "place": proof and proof["place"],
            }
        )  # fmt: skip
    told += [_told(one) for one in receipts if one["action"] == _READ and one["place"] not in used]
    return sorted(told, key=lambda one: str(one["at"]), reverse=True)


def _told(receipt: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": receipt["at"], "searcher": receipt["searcher"], "name": receipt["searcher"],
        "purpose": receipt["purpose"], "act": receipt["action"],
        "recordTypes": receipt["record_types"], "record": "", "receipt": PROVED,
        "entry": receipt["entry"], "place": receipt["place"],
    }  # fmt: skip


def receipt_of(store: Store, entry: str) -> str | None:
    """Give a receipt as ``joinedup ledger receipt`` reads it; None when there is none."""
    row = store.work.execute("SELECT whole FROM receipt WHERE entry = ?", (entry,)).fetchone()
    return str(row["whole"]) if row else None
