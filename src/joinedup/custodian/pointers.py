"""The pointers at the hub, kept in step with what the agency holds.

What changed is sent at once, in batches, and each batch is written down when the hub has it, so
that a broken-off run goes on where it stopped. Once a day all of them are sent again, and what was
not among them is withdrawn: an error of any kind is put right within the day.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joinedup.custodian.children import Held, held
from joinedup.custodian.client import HubClient
from joinedup.custodian.config import Config
from joinedup.custodian.records import has_record
from joinedup.custodian.store import Store, at, now, transaction

_BATCH: Final = 1000  # the hub takes 10,000 a call; a thousand keeps a slow line going
_REFRESHED: Final = "pointers refreshed"
_REFRESHING: Final = "pointers refreshing since"

Say = Callable[[str], None]


class Pointers:
    """Registers, refreshes and withdraws."""

    def __init__(self, config: Config, store: Store, hub: HubClient, say: Say) -> None:
        self._config = config
        self._store = store
        self._hub = hub
        self._say = say

    def notice(self) -> None:
        """Work out the pointers of every record that changed."""
        link = self._store.holdings
        while changed := link.execute("SELECT * FROM repoint LIMIT 500").fetchall():
            with transaction(link):
                for row in changed:
                    self._notice(link, row["system"], row["record_id"])

    def send(self) -> int:
        """Send what the hub does not have yet and withdraw what is gone; gives how many.

        Raises ``HubAway`` and ``Refused``; what was sent until then stays sent.
        """
        return self._withdraw() + self._put("sent_at IS NULL AND refused IS NULL", "")

    def refresh(self) -> bool:
        """Send all of them again when a day has passed; False when it is not time yet.

        Goes on where it was broken off. Raises ``HubAway`` and ``Refused``.
        """
        last = self._store.said(_REFRESHED)
        due = datetime.now(UTC) - timedelta(hours=self._config.refresh_hours)
        if last >= at(due):
            return False
        since = self._store.said(_REFRESHING)
        if not since:
            # A custodian that holds no record yet is asked all the same.
            self._hub.answer_for(self._config.record_types)
            since = now()
            self._store.say(_REFRESHING, since)
            self._store.holdings.execute("UPDATE pointer SET refused = NULL")
        self._put(f"(sent_at IS NULL OR sent_at < '{since}') AND refused IS NULL", since)
        for system in self._config.systems:
            for record_type in system.record_types:
                self._hub.complete_refresh(system.id, record_type, since)
        self._store.say(_REFRESHING, "")
        self._store.say(_REFRESHED, since)
        return True

    def _notice(self, link: sqlite3.Connection, system_id: str, record_id: str) -> None:
        key = (system_id, record_id)
        child, system = held(self._store, *key), self._config.system(system_id)
        wanted: dict[str, Held] = {}
        if child is not None and system is not None and child.sui:
            wanted = {
                kind: child for kind in system.record_types if has_record(kind, child, system)
            }
        rows = link.execute(
            "SELECT * FROM pointer WHERE system = ? AND record_id = ?", key
        ).fetchall()
        for row in rows:
            if row["record_type"] not in wanted:
                link.execute(
                    "UPDATE pointer SET sui = '', sent_at = NULL, refused = NULL"
                    " WHERE system = ? AND record_type = ? AND record_id = ?",
                    (system_id, row["record_type"], record_id),
                )
        before = {row["record_type"]: row for row in rows}
        for kind, one in wanted.items():
            first, last = one.seen()
            was = before.get(kind)
            if was and (was["sui"], was["first_seen"], was["last_seen"]) == (one.sui, first, last):
                continue
            link.execute(
                "INSERT OR REPLACE INTO pointer VALUES (?,?,?,?,?,?,NULL,NULL)",
                (system_id, kind, record_id, one.sui, first, last),
            )
        link.execute("DELETE FROM repoint WHERE system = ? AND record_id = ?", key)

    def _put(self, which: str, refreshed: str) -> int:
        link = self._store.holdings
        sent = 0
        while rows := link.execute(
            f"SELECT * FROM pointer WHERE sui != '' AND {which} LIMIT {_BATCH}"  # noqa: S608
        ).fetchall():
            answer = self._hub.put_pointers(
                [_pointer(row) for row in rows], refreshed=refreshed or now()
            )
            refused = {
                int(one["index"]): str(one.get("reason") or "refused")
                for one in answer.get("refused") or []
            }
            moment = now()
            with transaction(link):
                for place, row in enumerate(rows):
                    # Only what was sent is noted: a record may have changed meanwhile.
                    link.execute(
                        "UPDATE pointer SET sent_at = ?, refused = ? WHERE system = ? AND"
                        " record_type = ? AND record_id = ? AND sui = ? AND last_seen = ?",
                        (moment, refused.get(place), *_key(row), row["sui"], row["last_seen"]),
                    )
            if refused:
                reasons = ", ".join(sorted(set(refused.values())))
                self._say(f"The hub refused {len(refused):,} pointers: {reasons}.")
            sent += len(rows)
        return sent

    def _withdraw(self) -> int:
        link = self._store.holdings
        gone = 0
        while rows := link.execute(
            f"SELECT * FROM pointer WHERE sui = '' LIMIT {_BATCH}"  # noqa: S608
        ).fetchall():
            self._hub.withdraw_pointers(
                [
                    {"systemId": row["system"], "recordType": row["record_type"],
                     "recordId": row["record_id"]}
                    for row in rows
                ]
            )  # fmt: skip
            with transaction(link):
                link.executemany(
                    "DELETE FROM pointer WHERE system = ? AND record_type = ? AND record_id = ?"
                    " AND sui = ''",
                    [_key(row) for row in rows],
                )
            gone += len(rows)
        return gone


def _key(row: sqlite3.Row) -> tuple[str, str, str]:
    return row["system"], row["record_type"], row["record_id"]


def _pointer(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "sui": row["sui"],
        "systemId": row["system"],
        "recordType": row["record_type"],
        "recordId": row["record_id"],
        "firstSeen": row["first_seen"],
        "lastSeen": row["last_seen"],
    }
