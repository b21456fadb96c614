"""Checks of a hub from outside: does it keep the contract that suppliers build on?

What the checks write is under the system ``conformance`` and about a number that the NHS keeps for
tests; it is withdrawn at the end.
"""

import json
import uuid
from typing import Any, Final

from joinedup.custodian.client import Credentials, HubClient
from joinedup.custodian.conformance.check import Report, expect
from joinedup.custodian.http import Http, Reply

SUI: Final = "9990000018"
_SYSTEM: Final = "conformance"
_PROBLEM: Final = "application/problem+json"
_PATHS: Final = (
    "/api/v1/auth/token", "/api/v1/get-an-identifier", "/api/v2/searches",
    "/api/v2/searches/{search_id}", "/api/v2/searches/{search_id}/results",
    "/api/v2/work/available", "/api/v2/work/claim", "/api/v2/work/lease/renew",
    "/api/v2/work/result", "/api/v2/register/pointers", "/api/v2/register/withdraw",
    "/api/v2/register/complete", "/api/v1/records/{fetch_id}",
)  # fmt: skip


class HubChecks:
    """All checks of one hub, as a custodian's client, a searcher's, or nobody."""

    def __init__(
        self,
        url: str,
        report: Report,
        *,
        custodian: Credentials | None = None,
        searcher: Credentials | None = None,
        record_type: str = "personal.details",
        purpose: str = "section-47",
        legal_basis: str = "public-task",
    ) -> None:
        self._url = url.rstrip("/")
        self._http = Http(self._url, 30.0)
        self._report = report
        self._custodian = custodian
        self._searcher = searcher
        self._type = record_type
        self._question = {
            "sui": SUI, "purpose": purpose, "legalBasis": legal_basis,
            "reason": "Conformance check; nobody real is concerned", "recordTypes": [record_type],
        }  # fmt: skip

    def run(self) -> None:
        """Make every check that the credentials allow."""
        self._as_nobody()
        if self._custodian:
            self._as_custodian(HubClient(self._url, self._custodian))
        if self._searcher:
            self._as_searcher(HubClient(self._url, self._searcher))

    # ------------------------------------------------------------------ nobody
    def _as_nobody(self) -> None:
        check = self._report.check
        with check("openapi: the description is served and names every path of the contract"):
            reply = self._http.send("GET", "/api/openapi.json", {})
            expect(reply.status == 200, f"GET /api/openapi.json gave {reply.status}")
            described = {_plain(path) for path in _object(reply).get("paths", {})}
            missing = [path for path in _PATHS if _plain(path) not in described]
            expect(not missing, f"not described: {', '.join(missing)}")
        for method, path in (("POST", "/api/v2/work/claim"), ("POST", "/api/v2/searches")):
            with check(f"401: {method} {path} without a token"):
                _is_problem(self._send(method, path, "", {}), 401)
            with check(f"401: {method} {path} with a token that nobody issued"):
                _is_problem(self._send(method, path, "not-a-token", {}), 401)
        with check("token: an unsigned assertion gets none"):
            form = b"grant_type=client_credentials&client_assertion=e30.e30."
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            reply = self._http.send("POST", "/api/v1/auth/token", headers, form)
            expect(reply.status in (400, 401), f"it gave {reply.status}")
            expect("error" in _object(reply), "the answer has no error (RFC 6749, 5.2)")

    # ------------------------------------------------------------------ a custodian
    def _as_custodian(self, hub: HubClient) -> None:
        check = self._report.check
        with check("work: HEAD available is 200 or 204, without a body"):
            hub.work_available()
        with check("work: an idle claim is 204 with Retry-After"):
            item, wait = hub.claim_or_wait(["placement.details"])
            expect(item is not None or wait is not None, "204 without Retry-After")
        with check("work: a result for an item that is not ours is 400 or 409"):
            body = {"workItemId": str(uuid.uuid4()), "leaseToken": "1.none", "outcome": "noRecords"}
            _is_problem(hub.raw("POST", "/api/v2/work/result", body), 400, 409)
        with check("work: a lease that is not ours cannot be renewed"):
            body = {"workItemId": str(uuid.uuid4()), "leaseToken": "1.none"}
            _is_problem(hub.raw("POST", "/api/v2/work/lease/renew", body), 400, 404, 409)
        self._register(hub)

    def _register(self, hub: HubClient) -> None:
        check = self._report.check
        name = str(uuid.uuid4())
        ours = {"systemId": _SYSTEM, "recordType": self._type, "recordId": name}
        with check("register: a pointer is added, and added again without harm"):
            first = hub.put_pointers([{**ours, "sui": SUI}])
            expect(first["added"] == 1, f"added {first['added']} of one: {first['refused']}")
            again = hub.put_pointers([{**ours, "sui": SUI}])
            expect((again["added"], again["refreshed"]) == (0, 1), "sent again, it was added again")
        with check("register: a wrong number is refused by its place, and the rest is kept"):
            wrong = {**ours, "recordId": f"{name}-2", "sui": "9990000019"}
            answer = hub.put_pointers([wrong, {**ours, "sui": SUI}])
            expect([one["index"] for one in answer["refused"]] == [0], "index 0 was not refused")
            expect(answer["refreshed"] == 1, "the good pointer beside it was not kept")
            expect("9990000019" not in json.dumps(answer), "the refusal repeats the number")
        with check("register: what is withdrawn is gone, once"):
            expect(hub.withdraw_pointers([ours])["withdrawn"] == 1, "it was not withdrawn")
            expect(hub.withdraw_pointers([ours])["withdrawn"] == 0, "it was withdrawn twice")
        with check("register: more than 10,000 pointers in a call are refused"):
            many = [{**ours, "recordId": str(n), "sui": SUI} for n in range(10_001)]
            reply = hub.raw("PUT", "/api/v2/register/pointers", {"pointers": many})
            _is_problem(reply, 413, 422)

    # ------------------------------------------------------------------ a searcher
    def _as_searcher(self, hub: HubClient) -> None:
        check = self._report.check
        search: dict[str, Any] = {}
        key = str(uuid.uuid4())
        with check("search: accepted, with its id, links and end"):
            search = hub.search(self._question, key)
            expect(search["searchId"] and search["expiresAt"], "no searchId or expiresAt")
            expect({"self", "results"} <= set(search["_links"]), "_links lacks self or results")
        with check("search: the same Idempotency-Key gives the same search"):
            expect(hub.search(self._question, key)["searchId"] == search["searchId"], "another one")
        with check("search: every custodian has a status, and 100 % means that all answered"):
            found = hub.results(search["searchId"])
            waiting = {"waiting", "claimed", "temporaryError", "permanentError", "expired"}
            open_ = [one for one in found["custodians"] if one["status"] in waiting]
            expect(
                not open_ or found["completenessPercentage"] < 100,
                "it reads 100 % while a custodian is unanswered or failed",
            )
        with check("search: a number that is none is refused and not repeated"):
            reply = hub.raw("POST", "/api/v2/searches", {**self._question, "sui": "9990000019"})
            _is_problem(reply, 400, 422)
            expect(b"9990000019" not in reply.body, "the refusal repeats the number")
        with check("search: without a purpose it is refused"):
            question = {name: text for name, text in self._question.items() if name != "purpose"}
            _is_problem(hub.raw("POST", "/api/v2/searches", question), 400, 403, 422)
        with check("search: one that is not ours, or is none, is 404"):
            _is_problem(hub.raw("GET", f"/api/v2/searches/{uuid.uuid4()}"), 404)
        with check("fetch: an unknown fetchId is 404"):
            body = {"publicKey": {"kty": "OKP", "crv": "X25519", "x": "A" * 43}}
            _is_problem(hub.raw("POST", f"/api/v1/records/{uuid.uuid4()}", body), 404)
        with check("search: it can be cancelled, and cancelled again"):
            for _ in range(2):
                reply = hub.raw("DELETE", f"/api/v2/searches/{search['searchId']}")
                expect(reply.status == 204, f"it gave {reply.status}")

    def _send(self, method: str, path: str, token: str, body: object) -> Reply:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return self._http.send(method, path, headers, json.dumps(body).encode())


def _is_problem(reply: Reply, *statuses: int) -> None:
    named = " or ".join(map(str, statuses))
    expect(reply.status in statuses, f"it gave {reply.status}; the contract has {named}")
    expect(reply.media_type == _PROBLEM, f"the error is {reply.media_type}, not {_PROBLEM}")
    expect({"type", "title", "status"} <= set(_object(reply)), "the problem details are not whole")


def _object(reply: Reply) -> dict[str, Any]:
    body = json.loads(reply.body)
    if not isinstance(body, dict):
        raise ValueError("the answer is not a JSON object")
    return body


def _plain(path: str) -> str:
    """A path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
