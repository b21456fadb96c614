"""Checks of a custodian's client: a stub hub asks, misbehaves, and watches what comes back."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from joinedup.custodian.client import WITHHELD_REASONS
from joinedup.custodian.conformance.check import Broken, Report, expect
from joinedup.custodian.conformance.stub import Answer, StubHub, problem
from joinedup.custodian.envelope import EnvelopeError, new_key, unseal

_UNKNOWN: Final = "9990000093"
_RETRY_AFTER: Final = 2.0
_FASTEST_POLLS: Final = 20  # a second, of one custodian that has nothing to do


@dataclass(frozen=True, slots=True)
class Known:
    """A record that the supplier's custodian holds while it is checked."""

    sui: str
    record_type: str
    system_id: str
    record_id: str


class CustodianChecks:
    """All checks of one custodian, in the order in which it is put to the test."""

    def __init__(self, hub: StubHub, known: Known, report: Report, patience: float) -> None:
        """``patience`` is how many seconds the custodian may take for each step."""
        self._hub = hub
        self._known = known
        self._report = report
        self._patience = patience

    def run(self) -> bool:
        """Make every check; False when the custodian never came."""
        check = self._report.check
        with check("token: it proves itself with a signed assertion"):
            self._until(lambda: self._hub.tokens, "no good token request came")
        if not self._hub.tokens:
            return False
        with check("poll: it asks for work, and not without pause"):
            self._until(lambda: self._polls(), "it never asked for work")
            before = self._polls()
            time.sleep(1)
            polls = self._polls() - before
            expect(polls <= _FASTEST_POLLS, f"{polls} polls in a second without work")
        with check("find: a record it holds is found"):
            result = self._answered("find", self._known.sui)
            expect(result["outcome"] == "hasRecords", f"it said {result['outcome']}")
            ids = {(one["systemId"], one["recordId"]) for one in result["records"]}
            named = (self._known.system_id, self._known.record_id)
            expect(named in ids, "the record is not among those it named")
        with check("find: a child it does not know has no records"):
            result = self._answered("find", _UNKNOWN)
            expect(result["outcome"] == "noRecords", f"it said {result['outcome']}")
            expect(not result.get("records"), "noRecords came with records")
        self._fetches()
        self._hardship()
        return True

    def _fetches(self) -> None:
        check = self._report.check
        with check("fetch: the record comes sealed, by its schema, of the child, for this item"):
            key = new_key()
            item = self._put_fetch(self._known.record_id, key.as_dict(private=False))
            result = self._result(item)
            expect(result["outcome"] == "shared", f"it said {result['outcome']}")
            try:
                unseal(result["content"], key, sui=self._known.sui, work_item=item)
            except EnvelopeError as error:
                raise Broken(str(error)) from error
        with check("fetch: a record that is not held is withheld, with a reason of the list"):
            item = self._put_fetch("no-such-record", new_key().as_dict(private=False))
            result = self._result(item)
            expect(result["outcome"] == "withheld", f"it said {result['outcome']}")
            expect(result.get("reason") in WITHHELD_REASONS, "the reason is not of the list")
        with check("fetch: a record is not given under another child's number"):
            item = self._put_fetch(
                self._known.record_id, new_key().as_dict(private=False), sui=_UNKNOWN
            )
            expect(self._result(item)["outcome"] != "shared", "it was shared")
        with check("fetch: a key that is none is an error, and the client lives on"):
            item = self._put_fetch(self._known.record_id, {"kty": "EC", "crv": "P-256"})
            outcome = self._result(item)["outcome"]
            expect(outcome in ("permanentError", "withheld"), f"it said {outcome}")

    def _hardship(self) -> None:
        check = self._report.check
        with check("503: it waits as long as Retry-After says, and comes back"):
            begun = time.monotonic()
            self._hub.faults = _away_until(begun + 1)
            time.sleep(1.2)
            refused = [one.at for one in self._hub.requests() if one.status == 503]
            self._hub.faults = lambda method, path: None
            expect(refused, "it did not ask in that second: poll at least once a second here")
            self._answered("find", self._known.sui)
            after = [
                one.at for one in self._hub.requests()
                if one.at > refused[0] and one.status != 503
            ]  # fmt: skip
            waited = after[0] - refused[0]
            expect(waited >= _RETRY_AFTER * 0.9, f"it came back after {waited:.1f} seconds")
        with check("lost answer: when the hub's answer is lost, it sends the same result again"):
            lost: list[str] = []

            def lose_one(method: str, path: str) -> Answer | None:
                if path.endswith("/work/result") and not lost:
                    lost.append(path)
                    return problem(500, "lost", "Lost.")
                return None

            self._hub.faults = lose_one
            self._answered("find", self._known.sui)
            self._hub.faults = lambda method, path: None
            sent = [one.body for one in self._hub.requests("POST", "/api/v2/work/result")][-2:]
            expect(sent[0] == sent[1], "the result sent again was another")
        with check("redirect: it does not follow one"):
            self._hub.faults = lambda method, path: (
                Answer(307, None, {"Location": "/followed"}) if path.endswith("/claim") else None
            )
            self._hub.put_work("find", self._known.sui, self._known.record_type)
            time.sleep(1)
            self._hub.faults = lambda method, path: None
            expect(not self._hub.requests(path="/followed"), "it went where it was sent")

    # ------------------------------------------------------------------ beneath
    def _polls(self) -> int:
        return len(self._hub.requests(path="/api/v2/work/"))

    def _answered(self, kind: str, sui: str) -> dict[str, Any]:
        return self._result(self._hub.put_work(kind, sui, self._known.record_type))

    def _put_fetch(self, record_id: str, key: dict[str, Any], sui: str = "") -> str:
        return self._hub.put_work(
            "fetch", sui or self._known.sui, self._known.record_type,
            systemId=self._known.system_id, recordId=record_id, publicKey=key,
        )  # fmt: skip

    def _result(self, item: str) -> dict[str, Any]:
        self._until(lambda: self._hub.result_of(item), "no result came in time")
        found = self._hub.result_of(item)
        return json.loads(json.dumps(found)) if found else {}

    def _until(self, there: Callable[[], object], how_not: str) -> None:
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            if there():
                return
            time.sleep(0.02)
        raise Broken(f"{how_not} ({self._patience:.0f} seconds)")


def _away_until(end: float) -> Callable[[str, str], Answer | None]:
    def away(method: str, path: str) -> Answer | None:
        if time.monotonic() < end:
            return problem(503, "away", "Away.", **{"Retry-After": f"{_RETRY_AFTER:.0f}"})
        return None

    return away
