"""The node as a whole: it keeps what the agency holds, and answers for it, for as long as it runs.

Two loops, or three. One reads files, gets identifiers and registers pointers; one takes work and
answers it; one follows the hub's ledger, where the node is a witness. Each meets a hub that is away
with waits that grow, says so once, and goes on when the hub is back, be it a day later.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from joinedup.custodian.answers import waiting_requests
from joinedup.custodian.backoff import Backoff
from joinedup.custodian.client import HubClient, Refused
from joinedup.custodian.config import Config
from joinedup.custodian.files import Files
from joinedup.custodian.given import Receipts
from joinedup.custodian.http import HubAway
from joinedup.custodian.numbers import Numbers
from joinedup.custodian.pointers import Pointers
from joinedup.custodian.store import Store
from joinedup.custodian.tables import Tables
from joinedup.custodian.witnessing import Witnessing, evidence
from joinedup.custodian.work import Work

Say = Callable[[str], None]

_LOOK_EVERY: Final = 1.0  # seconds between looks at the folders
_ASKED_AT_ONCE: Final = 50  # records, before what was learnt is registered
_REFUSED_WAIT: Final = 60.0
_TIDY_EVERY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Status:
    """How a node stands, in numbers."""

    records: int
    verified: int
    waiting_for_number: int
    pointers: int
    pointers_to_send: int
    requests_for_a_person: int
    answered: int
    refused_files: int
    tables_away: int
    disclosures_proved: int
    ledger_contradictions: int

    def as_dict(self) -> dict[str, int]:
        """For ``--json``."""
        return asdict(self)


class Node:
    """One custodian's node."""

    def __init__(self, config: Config, say: Say) -> None:
        """Raises ``ConfigError`` for a key that cannot be read and ``StoreError``."""
        self._config = config
        self._say = say
        self._stop = threading.Event()
        self._hub = HubClient(config.hub_url, config.credentials())
        self.store = Store(config.state)
        self._files = Files(config, self.store, say)
        self._tables = Tables(config, self.store, say)
        self._numbers = Numbers(config, self.store, self._hub)
        self._pointers = Pointers(config, self.store, self._hub, say)
        self._work = Work(config, self.store, self._hub, self._numbers)
        self._witnessing: Witnessing | None = None
        if config.witness:
            self._witnessing = Witnessing(config.witness, self.store, self._hub, say)
            self._receipts = Receipts(self.store, self._hub, self._witnessing.file, say)

    def run(self) -> None:
        """Run until ``stop`` is called. Raises ``StoreError`` when another node is running."""
        with self.store.alone():
            self._run()

    def _run(self) -> None:
        for system in self._config.systems:
            system.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._say(self.summary())
        work: list[tuple[str, Callable[[], bool], float]] = [
            ("keeping", self._keep, _LOOK_EVERY),
            ("answering", self._work.step, self._config.poll_seconds),
        ]
        if self._config.witness:
            work.append(("witnessing", self._witness, self._config.witness.seconds))
        loops = [threading.Thread(target=self._loop, args=args, name=args[0]) for args in work]
        for one in loops:
            one.start()
        for one in loops:
            one.join()
        self._hub.close()

    def stop(self) -> None:
        """End the loops after what they are doing."""
        self._stop.set()

    def once(self) -> None:
        """Do all there is to do now, then return: files, identifiers, pointers, work.

        Raises ``HubAway``, ``Refused``, and ``StoreError`` when another node is running.
        """
        with self.store.alone():
            self._once()

    def _once(self) -> None:
        self._files.look()  # first what a person has just let in, before a table is read anew
        self._tables.look(now=True)
        while True:
            taken = self._files.look()
            if not taken and not self._files.unsettled():
                break
            self._stop.wait(0.1)
        while self._keep():
            pass
        while self._work.step():
            pass
        self._witness()

    def status(self) -> Status:
        """Count what there is."""

        def count(query: str) -> int:
            return int(self.store.holdings.execute(query).fetchone()[0])

        answered = self.store.work.execute(
            "SELECT count(*) FROM item WHERE sent_at IS NOT NULL AND refused IS NULL"
        ).fetchone()
        return Status(
            records=count("SELECT count(*) FROM number"),
            verified=count("SELECT count(*) FROM number WHERE sui != ''"),
            waiting_for_number=self._numbers.waiting(),
            pointers=count("SELECT count(*) FROM pointer WHERE sent_at IS NOT NULL"),
            pointers_to_send=count("SELECT count(*) FROM pointer WHERE sent_at IS NULL"),
            requests_for_a_person=len(waiting_requests(self.store)),
            answered=int(answered[0]),
            refused_files=count("SELECT count(*) FROM source WHERE refused IS NOT NULL"),
            tables_away=self._tables.away(),
            disclosures_proved=int(
                self.store.work.execute("SELECT count(*) FROM receipt").fetchone()[0]
            ),
            ledger_contradictions=len(evidence(self.store)),
        )

    def _keep(self) -> bool:
        """Files, numbers, pointers: one round; True when there is more to do."""
        self._tables.look()
        self._files.look()
        waiting = self._numbers.notice()
        self._pointers.notice()
        self._pointers.send()
        for _ in range(min(waiting, _ASKED_AT_ONCE)):
            if self._stop.is_set() or not self._numbers.ask_one():
                break
        self._pointers.notice()
        sent = self._pointers.send()
        left = self._numbers.waiting()
        if waiting and not left:
            self._say(self.summary())
        if not left and self._pointers.refresh():
            self._say(self.summary())
        return bool(left or sent)

    def _witness(self) -> bool:
        """One checkpoint, and the receipts that it proves."""
        if self._witnessing is not None:
            self._witnessing.step()
            while self._receipts.step() and not self._stop.is_set():
                pass
        return False

    def summary(self) -> str:
        """One line on how the node stands."""
        now = self.status()
        return (
            f"{now.records:,} records, {now.verified:,} with a number; "
            f"{now.pointers:,} pointers at the hub; {now.answered:,} requests answered."
        )

    def _loop(self, name: str, step: Callable[[], bool], interval: float) -> None:
        backoff = Backoff(interval)
        away_since: datetime | None = None
        tidied = time.monotonic()
        while not self._stop.is_set():
            try:
                more = step()
            except HubAway as away:
                if away_since is None:
                    away_since = datetime.now(UTC)
                    self._say(f"{name}: {away} Trying again until it does.")
                self._stop.wait(backoff.failed(away.retry_after))
                continue
            except Refused as refusal:
                if away_since is None:
                    away_since = datetime.now(UTC)
                    self._say(f"{name}: {refusal} Trying again every minute.")
                self._stop.wait(Backoff.spread(_REFUSED_WAIT))
                continue
            backoff.succeeded()
            if away_since is not None:
                self._say(f"{name}: the hub answers again, after {_since(away_since)}.")
                away_since = None
            if time.monotonic() - tidied > _TIDY_EVERY:
                tidied = time.monotonic()
                self._work.tidy()
            if not more:
                self._stop.wait(Backoff.spread(interval))


def _since(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
