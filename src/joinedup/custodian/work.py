"""Taking work from the hub and returning the answers, so that being killed costs nothing.

An item is written down when it is claimed, its answer before it is sent, and that it was sent when
the hub has said so. After a restart what was claimed is answered, and what was answered is sent
again as it was: the hub takes it once.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from joinedup.custodian import given
from joinedup.custodian.answers import answer
from joinedup.custodian.client import HubClient, Refused, WorkItem
from joinedup.custodian.config import Config
from joinedup.custodian.numbers import Numbers
from joinedup.custodian.store import Store, as_json, at, now

_HAD_ALREADY = "already-complete"
_KEPT = timedelta(days=90)  # what was asked and answered, without content


class Work:
    """The work of one node."""

    def __init__(self, config: Config, store: Store, hub: HubClient, numbers: Numbers) -> None:
        self._config = config
        self._store = store
        self._hub = hub
        self._numbers = numbers

    def step(self) -> bool:
        """Do one thing: finish what was begun, or take one item; False when there is nothing.

        Raises ``HubAway``, with everything kept for the next time.
        """
        return self._finish() or self._take()

    def tidy(self) -> None:
        """Forget what was answered long ago."""
        self._store.work.execute(
            "DELETE FROM item WHERE sent_at < ?", (at(datetime.now(UTC) - _KEPT),)
        )
        given.tidy(self._store)

    def _take(self) -> bool:
        if not self._hub.work_available():
            return False
        item = self._hub.claim(self._config.record_types)
        if item is None:
            return False
        self._store.work.execute(
            "INSERT OR IGNORE INTO item (id, lease_token, kind, body, claimed_at, lease_until)"
            " VALUES (?,?,?,?,?,?)",
            (item.id, item.lease_token, item.kind, as_json(_as_body(item)), now(),
             item.lease_expires_at),
        )  # fmt: skip
        self._send(item.id, item.lease_token, self._answer(item))
        return True

    def _finish(self) -> bool:
        row = self._store.work.execute(
            "SELECT * FROM item WHERE sent_at IS NULL ORDER BY claimed_at LIMIT 1"
        ).fetchone()
        if row is None:
            return False
        result = row["result"]
        self._send(
            row["id"],
            row["lease_token"],
            json.loads(result) if result else self._answer(WorkItem.read(json.loads(row["body"]))),
        )
        return True

    def _answer(self, item: WorkItem) -> dict[str, Any]:
        is_complete = not self._numbers.never_asked() and self._has_files()
        result = answer(item, self._config, self._store, is_complete=is_complete)
        text = as_json(result.body(item))
        self._store.work.execute(
            "UPDATE item SET result = ? WHERE id = ? AND lease_token = ?",
            (text, item.id, item.lease_token),
        )
        return dict(json.loads(text))  # to the byte what a restart would send

    def _has_files(self) -> bool:
        """Whether something was read for every system that answers."""
        read = {
            row["system"]
            for row in self._store.holdings.execute(
                "SELECT DISTINCT system FROM source WHERE digest IS NOT NULL"
            )
        }
        return all(system.id in read for system in self._config.systems)

    def _send(self, item_id: str, lease_token: str, body: dict[str, Any]) -> None:
        refused, entry = None, None
        try:
            entry = self._hub.send_answer(body).get("entryId")
        except Refused as refusal:
            if refusal.status in (401, 403):
                raise  # nothing about this item: our client may not answer
            if refusal.slug != _HAD_ALREADY:  # else the hub has it, and its word to us was lost
                refused = f"{refusal.status} {refusal.slug}"
        if body.get("outcome") == "shared" and not refused:
            given.note(self._store, item_id, lease_token)
        # The content has been handed over, or is wanted no more: it is not kept.
        kept = {name: value for name, value in body.items() if name != "content"}
        self._store.work.execute(
            "UPDATE item SET sent_at = ?, refused = ?, entry = ?, result = ?, body = ''"
            " WHERE id = ? AND lease_token = ?",
            (now(), refused, entry, as_json(kept), item_id, lease_token),
        )  # fmt: skip


def _as_body(item: WorkItem) -> dict[str, Any]:
    """An item as the hub gave it, so that it can be read again after a restart."""
    return {
        "workItemId": item.id,
        "kind": item.kind,
        "leaseToken": item.lease_token,
        "leaseExpiresAt": item.lease_expires_at,
        "correlationId": item.correlation_id,
        "sui": item.sui,
        "recordType": item.record_type,
        "searcher": {"code": item.searcher, "name": item.searcher_name},
        "purpose": item.purpose,
        "legalBasis": item.legal_basis,
        "reason": item.reason,
        "emergency": item.emergency,
        "systemId": item.system_id,
        "recordId": item.record_id,
        "publicKey": item.public_key,
        "items": list(item.items),
        "duties": list(item.duties),
        "decision": item.decision.body() if item.decision else None,
    }
