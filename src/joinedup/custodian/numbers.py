"""The children's identifiers, asked of the hub once and remembered.

A record is asked about when it is new, when who it says the child is has changed, and when an
answer that was no ``Match`` has grown old. A question that waits for a person's decision is looked
at again without asking the source of truth.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joinedup.custodian.children import Held, held
from joinedup.custodian.client import HubClient, Refused
from joinedup.custodian.config import Config, System
from joinedup.custodian.http import HubAway
from joinedup.custodian.store import Store, as_json, at, now, transaction
from joinedup.people.nhs_number import read_nhs_number

NEVER_ASKED: Final = ""
VERIFIED: Final = "Match"
TOO_LITTLE: Final = "TooLittleKnown"
NOT_ACCEPTED: Final = "NotAccepted"

# The vocabulary of ``people`` to the names of the HTTP contract.
_FIELDS: Final = {
    "given": "given", "family": "family", "birth_date": "birthDate", "gender": "gender",
    "phone": "phone", "email": "email", "postcode": "addressPostalCode", "nhs_number": "nhsNumber",
}  # fmt: skip
_LEAST: Final = ("given", "family", "birth_date")
_LONGEST: Final = 500
_LOOK_AGAIN: Final = timedelta(hours=1)  # at a question that waits for a person
_LATER: Final = timedelta(minutes=10)


class Numbers:
    """Keeps the table of numbers in step with the files and the hub."""

    def __init__(self, config: Config, store: Store, hub: HubClient) -> None:
        self._config = config
        self._store = store
        self._hub = hub

    def notice(self) -> int:
        """Take in which records the files changed; gives how many are to be asked about."""
        link = self._store.holdings
        changed = link.execute("SELECT system, record_id FROM dirty").fetchall()
        for start in range(0, len(changed), 500):
            with transaction(link):
                for row in changed[start : start + 500]:
                    self._notice(row["system"], row["record_id"])
        return self.waiting()

    def waiting(self) -> int:
        """How many records are due to be asked about."""
        row = self._store.holdings.execute(
            "SELECT count(*) FROM number WHERE due_at <= ?", (now(),)
        ).fetchone()
        return int(row[0])

    def never_asked(self) -> bool:
        """Whether any record has not been asked about even once: then "none" is not known yet."""
        link = self._store.holdings
        return bool(
            link.execute("SELECT 1 FROM dirty LIMIT 1").fetchone()
            or link.execute(
                "SELECT 1 FROM number WHERE status = ? LIMIT 1", (NEVER_ASKED,)
            ).fetchone()
        )

    def ask_one(self) -> bool:
        """Ask about the record that has waited longest; False when none is due.

        Raises ``HubAway``: then the record is asked about later, after others.
        """
        row = self._store.holdings.execute(
            "SELECT * FROM number WHERE due_at <= ? ORDER BY due_at LIMIT 1", (now(),)
        ).fetchone()
        if row is None:
            return False
        system, record_id = row["system"], row["record_id"]
        try:
            if row["request_id"]:
                self._look_again(system, record_id, row["request_id"])
            else:
                self._ask(system, record_id)
        except Refused as refusal:
            if refusal.status in (401, 403, 404) and not row["request_id"]:
                raise  # nothing about this record: our client may not ask
            self._settle(system, record_id, NOT_ACCEPTED, "", "", self._old())
        except HubAway as away:
            later = max(timedelta(seconds=away.retry_after or 0), timedelta(seconds=5))
            self._put_off(system, record_id, later)
            raise
        return True

    # ------------------------------------------------------------------ one record
    def _notice(self, system_id: str, record_id: str) -> None:
        link = self._store.holdings
        key = (system_id, record_id)
        link.execute("DELETE FROM dirty WHERE system = ? AND record_id = ?", key)
        system, child = self._config.system(system_id), held(self._store, *key)
        if child is None or system is None:
            link.execute("DELETE FROM number WHERE system = ? AND record_id = ?", key)
            self._touch(*key)
            return
        digest = _digest(child)
        known = link.execute(
            "SELECT digest, first_seen FROM number WHERE system = ? AND record_id = ?", key
        ).fetchone()
        self._touch(*key)
        if known and known["digest"] == digest:
            return
        first_seen = known["first_seen"] if known else now()
        sui, status, due = self._without_asking(system, child)
        if known and due:  # the number known until now counts until the hub has said otherwise
            link.execute(
                "UPDATE number SET digest = ?, due_at = ?, request_id = '' "
                "WHERE system = ? AND record_id = ?",
                (digest, due, *key),
            )
            return
        link.execute(
            "INSERT OR REPLACE INTO number VALUES (?,?,?,?,?,'',NULL,?,?)",
            (*key, sui, status, digest, due, first_seen),
        )

    @staticmethod
    def _without_asking(system: System, child: Held) -> tuple[str, str, str | None]:
        """Number, status and when to ask, as far as the record itself says them."""
        number = read_nhs_number(child.fields.get("nhs_number")).value
        if system.trusts_numbers and number:
            return number, VERIFIED, None
        if not all(child.fields.get(name, "").strip() for name in _LEAST):
            return "", TOO_LITTLE, None
        return "", NEVER_ASKED, now()

    def _ask(self, system_id: str, record_id: str) -> None:
        child, system = held(self._store, system_id, record_id), self._config.system(system_id)
        if child is None or system is None:
            self._put_off(system_id, record_id, _LATER)
            return
        person = _person(child)
        records = [
            {"recordType": kind, "systemId": system_id, "recordId": record_id}
            for kind in system.record_types
        ]
        key = hashlib.sha256(
            as_json([system_id, record_id, person, datetime.now(UTC).date()]).encode()
        ).hexdigest()
        answer = self._hub.get_an_identifier(person, records, key=key)
        self._take_in(system_id, record_id, answer)

    def _look_again(self, system_id: str, record_id: str, request_id: str) -> None:
        answer = self._hub.identifier_state(request_id)
        review = answer.get("review")
        waits = isinstance(review, Mapping) and review.get("status") == "open"
        if answer.get("status") == VERIFIED or waits:
            self._take_in(system_id, record_id, answer)
        else:
            self._settle(system_id, record_id, str(answer.get("status") or ""), "", "", self._old())

    def _take_in(self, system_id: str, record_id: str, answer: Mapping[str, Any]) -> None:
        status = str(answer.get("status") or "")
        number = read_nhs_number(str(answer.get("nhsNumber") or "")).value
        if status == VERIFIED and number:
            self._settle(system_id, record_id, VERIFIED, number, "", None)
            return
        request_id = str(answer.get("requestId") or "")
        due = at(datetime.now(UTC) + _LOOK_AGAIN) if request_id else self._old()
        self._settle(
            system_id, record_id, "NoMatch" if status == VERIFIED else status, "", request_id, due
        )

    def _settle(
        self, system: str, record: str, status: str, sui: str, request: str, due: str | None
    ) -> None:
        with transaction(self._store.holdings) as link:
            link.execute(
                "UPDATE number SET status = ?, sui = ?, request_id = ?, asked_at = ?, due_at = ?"
                " WHERE system = ? AND record_id = ?",
                (status, sui, request, now(), due, system, record),
            )
            self._touch(system, record)

    def _put_off(self, system: str, record: str, wait: timedelta) -> None:
        self._store.holdings.execute(
            "UPDATE number SET due_at = ? WHERE system = ? AND record_id = ?",
            (at(datetime.now(UTC) + wait), system, record),
        )

    def _touch(self, system: str, record: str) -> None:
        """Let the pointers of the record be looked at."""
        self._store.holdings.execute(
            "INSERT OR IGNORE INTO repoint VALUES (?, ?)", (system, record)
        )

    def _old(self) -> str:
        return at(datetime.now(UTC) + timedelta(days=self._config.ask_again_days))


def _person(child: Held) -> dict[str, str]:
    person = {
        name: child.fields[key].strip()[:_LONGEST]
        for key, name in _FIELDS.items()
        if child.fields.get(key, "").strip()
    }
    if "nhsNumber" not in person and child.sui:
        person["nhsNumber"] = child.sui
    return person


def _digest(child: Held) -> str:
    named = {key: child.fields.get(key, "") for key in _FIELDS}
    return hashlib.sha256(as_json(named).encode()).hexdigest()
