"""A hub without a database: the contract alone, over real HTTP, and everything that was asked.

It stands in for the hub in tests and in ``joinedup conformance --serve``. It keeps all in memory,
believes any well-formed assertion that is signed with the key it was given, and can be told to
misbehave (``faults``).
"""

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from joinedup.people.nhs_number import read_nhs_number

_ALGORITHMS: Final = ["RS512", "RS256", "PS256", "ES256", "ES384", "EdDSA"]
_LARGEST: Final = 4 * 1024 * 1024
_OUTCOMES: Final = {
    "find": {"hasRecords", "noRecords", "temporaryError", "permanentError"},
    "fetch": {"shared", "withheld", "temporaryError", "permanentError"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, and how it was answered."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    status: int


@dataclass(slots=True)
class Item:
    """A work item: what it asks, who holds it, and what came of it."""

    body: dict[str, Any]
    claims: int = 0
    visible_at: float = 0.0
    result: dict[str, Any] | None = None

    @property
    def token(self) -> str:
        """The lease token of the newest claim."""
        return f"{self.claims}.{self.body['workItemId']}"


@dataclass(slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, slug: str, detail: str, **headers: str) -> Answer:
    """Problem details (RFC 9457)."""
    body = {
        "type": f"urn:joinedup:problem:{slug}", "title": slug, "status": status,
        "detail": detail, "correlationId": str(uuid.uuid4()),
    }  # fmt: skip
    return Answer(status, body, {"Content-Type": "application/problem+json", **headers})


class StubHub:
    """The contract's state, apart from HTTP; thread-safe."""

    def __init__(
        self, key: RSAKey | ECKey | OKPKey, numbers: Mapping[str, str] | None = None
    ) -> None:
        """``numbers`` gives the identifier by family name; else a number that is held is taken for
        right, and who has none is ``NoMatch``.
        """
        self.lock = threading.RLock()
        self.key = key
        self.numbers = dict(numbers or {})
        self.states: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.items: dict[str, Item] = {}
        self.pointers: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.record_types: list[str] = []
        self.completed: list[dict[str, Any]] = []
        self.asked: deque[Asked] = deque(maxlen=100_000)
        self.lease_seconds = 300.0
        self.refuse_pointer: Callable[[Mapping[str, Any]], str] = lambda _: ""
        self.faults: Callable[[str, str], Answer | None] = lambda method, path: None

    # ------------------------------------------------------------------ from outside
    def put_work(self, kind: str, sui: str, record_type: str, **more: Any) -> str:
        """Put up a work item; gives its id."""
        item_id = str(uuid.uuid4())
        body = {
            "workItemId": item_id,
            "kind": kind,
            "correlationId": str(uuid.uuid4()),
            "sui": sui,
            "recordType": record_type,
            "searcher": {"code": "SEARCH", "name": "Searching agency"},
            "purpose": "s47",
            "legalBasis": "children-act-1989-s47",
            "reason": "Checks",
            "emergency": False,
            **more,
        }
        with self.lock:
            self.items[item_id] = Item(body)
        return item_id

    def result_of(self, item_id: str) -> dict[str, Any] | None:
        """What was returned for an item."""
        with self.lock:
            return self.items[item_id].result

    def requests(self, method: str = "", path: str = "") -> list[Asked]:
        """Requests so far, of a method and with a path that begins so."""
        with self.lock:
            return [
                one for one in self.asked
                if (not method or one.method == method) and one.path.startswith(path)
            ]  # fmt: skip

    # ------------------------------------------------------------------ the contract
    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        """Answer one request."""
        with self.lock:
            fault = self.faults(method, path)
            if fault is not None:
                return fault
            if path == "/api/v1/auth/token":
                return self._token(body, headers)
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                return problem(401, "unauthenticated", "Get a token first.")
            if path.startswith("/api/v1/identifier-requests/"):
                state = self.states.get(path.rpartition("/")[2])
                return Answer(200, state) if state else problem(404, "not-found", "None such.")
            handle = _ROUTES.get((method, path))
            if handle is None:
                return problem(404, "not-found", "There is nothing here.")
            if method != "HEAD" and not isinstance(body, dict):
                return problem(400, "not-json", "The body is not a JSON object.")
            return handle(self, body)

    def _token(self, body: Any, headers: Mapping[str, str]) -> Answer:
        form = parse_qs(body if isinstance(body, str) else "")
        assertion = (form.get("client_assertion") or [""])[0]
        try:
            claims = jwt.decode(assertion, self.key, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError):
            return Answer(401, {"error": "invalid_client", "error_description": "Not ours."})
        wrong = [
            name
            for name, good in {
                "grant_type": form.get("grant_type") == ["client_credentials"],
                "aud": str(claims.get("aud", "")).endswith("/api/v1/auth/token"),
                "iss and sub": bool(claims.get("iss")) and claims.get("iss") == claims.get("sub"),
                "exp": 0 < float(claims.get("exp", 0)) - time.time() <= 330,
                "jti": bool(claims.get("jti")),
            }.items()
            if not good
        ]
        if wrong:
            text = f"Wrong or missing: {', '.join(wrong)}."
            return Answer(401, {"error": "invalid_client", "error_description": text})
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return Answer(
            200, {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": ""}
        )

    def _identify(self, body: Any) -> Answer:
        person = body.get("personSpecification") or {}
        held = read_nhs_number(str(person.get("nhsNumber") or "")).value
        number = self.numbers.get(str(person.get("family", ""))) or held
        request_id = str(uuid.uuid4())
        found: dict[str, Any] = {
            "requestId": request_id, "status": "Match" if number else "NoMatch",
            "reasons": [], "advice": "", "dataQuality": {}, "calls": 1,
        }  # fmt: skip
        found |= {"nhsNumber": number} if number else {}
        self.states[request_id] = {
            "requestId": request_id, "status": found["status"],
            "review": {"caseId": "1", "status": "open", "decision": ""},
            **({"nhsNumber": number} if number else {}),
        }  # fmt: skip
        return Answer(200, found)

    def _put_pointers(self, body: Any) -> Answer:
        listed = body.get("pointers")
        if not isinstance(listed, list) or len(listed) > 10_000:
            return problem(422, "invalid-body", "pointers must be a list of at most 10,000.")
        added = refreshed = 0
        refused = []
        for index, pointer in enumerate(listed):
            try:
                key = (pointer["systemId"], pointer["recordType"], pointer["recordId"])
                good = read_nhs_number(pointer["sui"]).value is not None
            except (KeyError, TypeError):
                return problem(422, "invalid-body", "A pointer lacks a field.")
            reason = "The sui is not a valid NHS number." if not good else ""
            if reason := reason or self.refuse_pointer(pointer):
                refused.append({"index": index, "reason": reason})
                continue
            added += key not in self.pointers
            refreshed += key in self.pointers
            self.pointers[key] = {**pointer, "refreshed": body.get("refreshed")}
        return Answer(200, {"added": added, "refreshed": refreshed, "refused": refused})

    def _withdraw(self, body: Any) -> Answer:
        gone = 0
        for one in body.get("pointers") or ():
            key = (one["systemId"], one["recordType"], one["recordId"])
            gone += self.pointers.pop(key, None) is not None
        return Answer(200, {"withdrawn": gone})

    def _record_types(self, body: Any) -> Answer:
        self.record_types = sorted(body.get("recordTypes") or ())
        return Answer(200, {"recordTypes": self.record_types, "systems": []})

    def _complete(self, body: Any) -> Answer:
        self.completed.append(body)
        old = [
            key
            for key, pointer in self.pointers.items()
            if key[:2] == (body["systemId"], body["recordType"])
            and str(pointer.get("refreshed") or "") < body["asOf"]
        ]
        for key in old:
            del self.pointers[key]
        return Answer(200, {"withdrawn": len(old)})

    def _available(self, _: Any) -> Answer:
        return Answer(200 if self._next() else 204)

    def _next(self, body: Mapping[str, Any] | None = None) -> Item | None:
        wanted = body or {}
        types, kinds = wanted.get("recordTypes") or (), wanted.get("kinds") or ()
        now = time.monotonic()
        for item in self.items.values():
            fits = (not types or item.body["recordType"] in types) and (
                not kinds or item.body["kind"] in kinds
            )
            if fits and item.result is None and item.visible_at <= now:
                return item
        return None

    def _claim(self, body: Any) -> Answer:
        item = self._next(body)
        if item is None:
            return Answer(204, headers={"Retry-After": "1"})
        item.claims += 1
        return Answer(
            201, {**item.body, "leaseToken": item.token, "leaseExpiresAt": self._lease(item)}
        )

    def _lease(self, item: Item) -> str:
        item.visible_at = time.monotonic() + self.lease_seconds
        return (datetime.now(UTC) + timedelta(seconds=self.lease_seconds)).isoformat()

    def _renew(self, body: Any) -> Answer:
        item = self.items.get(str(body.get("workItemId")))
        if item is None or item.token != body.get("leaseToken") or item.result is not None:
            return problem(409, "lease-lost", "Somebody else holds the item by now.")
        return Answer(200, {"leaseExpiresAt": self._lease(item)})

    def _result(self, body: Any) -> Answer:
        item = self.items.get(str(body.get("workItemId")))
        if item is None:
            return problem(400, "not-your-lease", "The lease is not for this item.")
        if item.result is not None:
            return problem(409, "already-complete", "The item is complete.")
        if item.token != body.get("leaseToken"):
            return problem(409, "lease-lost", "Somebody else holds the item by now.")
        if body.get("outcome") not in _OUTCOMES[item.body["kind"]]:
            return problem(400, "malformed-result", "The outcome does not fit the item.")
        if body["outcome"] == "temporaryError":
            item.visible_at = time.monotonic() + 1
            item.claims += 1
            return Answer(202, {"entryId": str(uuid.uuid4())})
        item.result = body
        return Answer(202, {"entryId": str(uuid.uuid4())})


_ROUTES: Final[Mapping[tuple[str, str], Callable[[StubHub, Any], Answer]]] = {
    ("POST", "/api/v1/get-an-identifier"): StubHub._identify,
    ("PUT", "/api/v2/register/pointers"): StubHub._put_pointers,
    ("POST", "/api/v2/register/withdraw"): StubHub._withdraw,
    ("POST", "/api/v2/register/complete"): StubHub._complete,
    ("PUT", "/api/v2/register/record-types"): StubHub._record_types,
    ("HEAD", "/api/v2/work/available"): StubHub._available,
    ("POST", "/api/v2/work/claim"): StubHub._claim,
    ("POST", "/api/v2/work/lease/renew"): StubHub._renew,
    ("POST", "/api/v2/work/result"): StubHub._result,
}


class RunningStub:
    """A stub hub on a port of this machine, from ``with`` to its end."""

    def __init__(self, hub: StubHub, port: int = 0) -> None:
        self.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(hub))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "RunningStub":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(hub: StubHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(min(length, _LARGEST))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body: Any = raw.decode("utf-8", "replace")
            if headers.get("content-type", "").startswith("application/json"):
                try:
                    body = json.loads(raw)
                except ValueError:
                    body = None
            path = urlsplit(self.path).path
            found = hub.answer(self.command, path, headers, body)
            with hub.lock:
                hub.asked.append(
                    Asked(time.monotonic(), self.command, self.path, headers, body, found.status)
                )
            self._send(found)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _handle

        def _send(self, found: Answer) -> None:
            content = b"" if found.body is None else json.dumps(found.body).encode()
            self.send_response(found.status)
            for name, value in {"Content-Type": "application/json", **found.headers}.items():
                self.send_header(name, value)
            if found.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD" and found.status != 204:
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Addresses are nobody's business."""

    return Handler
