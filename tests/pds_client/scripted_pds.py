"""A real HTTP server on this machine that answers what a test tells it to."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

FHIR = "/personal-demographics/FHIR/R4"


@dataclass
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: str
    at: float

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, body: str) -> None:
        parts = urlsplit(self.path)
        heard = Heard(
            self.command,
            parts.path,
            parse_qsl(parts.query),
            {name.lower(): value for name, value in self.headers.items()},
            body,
            time.monotonic(),
        )
        self.server.script.take(heard)(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    script: "Script"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # tests cut connections on purpose


Act = Callable[[BaseHTTPRequestHandler], None]


def reply(
    status: int = 200,
    content: object = None,
    *,
    text: str | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Act:
    """Answer with JSON ``content``, or with ``text`` as it is."""
    raw = json.dumps(content) if text is None else text
    body = raw.encode() if isinstance(raw, str) else raw

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/fhir+json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def outcome(code: str, issue: str = "processing", diagnostics: str | None = None) -> object:
    found: dict[str, object] = {
        "severity": "error",
        "code": issue,
        "details": {"coding": [{"code": code, "display": "words"}]},
    }
    if diagnostics is not None:
        found["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "issue": [found]}


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent, then hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType": "Bundle", "type": "searchset", "total": 0')
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.close()


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def late(seconds: float, then: Act) -> Act:
    def act(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(handler)

    return act


@dataclass
class Script:
    """What the server does, request by request; the last act is repeated."""

    acts: list[Act] = field(default_factory=list)
    token_acts: list[Act] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def then(self, *acts: Act) -> None:
        self.acts = list(acts)

    def tokens_then(self, *acts: Act) -> None:
        self.token_acts = list(acts)

    def take(self, heard: Heard) -> Act:
        with self.lock:
            self.heard.append(heard)
            acts = self.token_acts if heard.path == "/oauth2/token" else self.acts
            return acts.pop(0) if len(acts) > 1 else acts[0]

    @property
    def asked(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.path.startswith(FHIR)]

    @property
    def token_requests(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.path == "/oauth2/token"]


def patient(nhs_number: str = "9990000018", **fields: object) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": nhs_number,
        "meta": {"versionId": "3", "security": [{"code": "U"}]},
        "name": [{"use": "usual", "given": ["Iolanthe"], "family": "Quillfeather"}],
        "birthDate": "2015-04-12",
        **fields,
    }


def bundle(*patients: object, score: object = 0.97, **fields: object) -> dict[str, object]:
    out: dict[str, object] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "total": len(patients),
    }
    if patients:
        out["entry"] = [
            {"fullUrl": "https://x", "search": {"score": score}, "resource": person}
            for person in patients
        ]
    return {**out, **fields}
