"""The emulator as a web application: HTTP in and out, and faults acted out between."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from joinedup.pds.emulator import problems
from joinedup.pds.emulator.engine import BASE_PATH
from joinedup.pds.emulator.faults import Fault, FaultError, Faults, Kind
from joinedup.pds.emulator.gateway import Gateway, Reply, Request, mirror, reply_with
from joinedup.pds.emulator.problems import Problem
from joinedup.pds.emulator.stats import Stats
from joinedup.pds.emulator.throttle import Throttle
from joinedup.pds.emulator.tokens import TOKEN_PATH, TokenDesk, TokenRefused

_HTML_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Gateway</body></html>"


def application(
    gateway: Gateway,
    desk: TokenDesk,
    throttle: Throttle,
    stats: Stats,
    faults: Faults,
    *,
    allow_faults: bool = False,
) -> ASGIApp:
    """Build the ASGI application. ``allow_faults`` opens the control endpoint for faults."""
    control = _Control(stats, faults)
    routes = [
        Route(f"{BASE_PATH}/_ping", _ping),
        Mount(BASE_PATH, app=_FhirApi(gateway, stats, faults)),
        Route(TOKEN_PATH, _TokenEndpoint(desk, throttle, stats, faults).post, methods=["POST"]),
        Route("/__emulator/stats", control.stats, methods=["GET"]),
    ]
    if allow_faults:
        routes.append(
            Route("/__emulator/faults", control.faults, methods=["GET", "POST", "DELETE"])
        )
    return Starlette(routes=routes)


async def _ping(request: HttpRequest) -> Response:
    return JSONResponse({"service": "joinedup PDS emulator"})


class _FhirApi:
    """ASGI application for everything below the base path."""

    def __init__(self, gateway: Gateway, stats: Stats, faults: Faults) -> None:
        self._gateway = gateway
        self._stats = stats
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _read_request(scope)
        fault = self._faults.for_request()
        if fault is None:
            reply = self._gateway.handle(request)
            if self._faults.is_changed(request.headers.get("x-request-id")):
                reply = _changed(reply)
                mirror(request.headers, reply)
            await _send(reply, send)
            return
        self._stats.count_fault(fault.kind.value)
        await self._misbehave(fault, request, send)

    async def _misbehave(self, fault: Fault, request: Request, send: Send) -> None:
        started = time.perf_counter()
        if fault.kind is Kind.SLOW:
            await asyncio.sleep(fault.seconds)
            await _send(self._gateway.handle(request), send)
            return
        if fault.kind is Kind.CUT:
            await _send(self._gateway.handle(request), send, cut=True)
            return
        if fault.kind is Kind.MALFORMED:
            reply = self._gateway.handle(request)
            reply.body = reply.body[: len(reply.body) // 2]
            await _send(reply, send)
            return
        if fault.kind is Kind.HTML:
            reply = Reply(200, _HTML_PAGE, {"content-type": "text/html"})
        elif fault.kind is Kind.TOO_MANY_REQUESTS:
            reply = reply_with(problems.spike("fault"))
        elif fault.kind is Kind.SERVER_ERROR:
            reply = reply_with(problems.unknown_error(str(uuid.uuid4())))
        else:
            reply = reply_with(problems.service_unavailable())
            if fault.kind is Kind.CHANGED_ANSWER and "x-request-id" in request.headers:
                self._faults.promise_change(request.headers["x-request-id"])
        if fault.retry_after is not None:
            reply.headers["retry-after"] = f"{fault.retry_after:g}"
        mirror(request.headers, reply)
        self._stats.count(request.method, "fault", reply.status, "fault", started)
        await _send(reply, send)


class _TokenEndpoint:
    def __init__(self, desk: TokenDesk, throttle: Throttle, stats: Stats, faults: Faults) -> None:
        self._desk = desk
        self._throttle = throttle
        self._stats = stats
        self._faults = faults

    async def post(self, http: HttpRequest) -> Response:
        started = time.perf_counter()
        body = await http.body()
        reply, outcome = await asyncio.to_thread(self._answer, body, http)
        self._stats.count("POST", "token", reply.status_code, outcome, started)
        return reply

    def _answer(self, body: bytes, http: HttpRequest) -> tuple[Response, str]:
        fault = self._faults.for_token()
        if fault is not None:
            self._stats.count_fault(fault.kind.value)
            return _json(problems.service_unavailable()), "fault"
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            # The limit covers this endpoint too, before it is known whether the caller is genuine.
            self._throttle.admit(self._desk.claimed_application(form))
            # C25: the "exact token URL" is the one that this caller used.
            token_url = f"{http.url.scheme}://{http.headers.get('host', '')}{TOKEN_PATH}"
            return JSONResponse(self._desk.issue(form, token_url)), "token"
        except Problem as problem:
            return _json(problem), "throttled"
        except TokenRefused as refused:
            return JSONResponse(refused.body(), refused.status), "token-refused"


class _Control:
    """Endpoints of the emulator itself, which the real service does not have."""

    def __init__(self, stats: Stats, faults: Faults) -> None:
        self._stats = stats
        self._faults = faults

    async def stats(self, http: HttpRequest) -> Response:
        return JSONResponse(self._stats.snapshot())

    async def faults(self, http: HttpRequest) -> Response:
        """GET the faults in force; POST one or a list to replace them; DELETE to end them."""
        if http.method == "DELETE":
            self._faults.replace(())
        elif http.method == "POST":
            try:
                asked: Any = orjson.loads(await http.body())
                wanted = asked if isinstance(asked, list) else [asked]
                self._faults.replace(tuple(Fault.read(one) for one in wanted))
            except (FaultError, orjson.JSONDecodeError, AttributeError, TypeError) as error:
                why = str(error) if isinstance(error, FaultError) else "not a JSON object"
                return JSONResponse({"error": why}, 400)
        return JSONResponse(self._faults.in_force())


def _read_request(scope: Scope) -> Request:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    path: str = scope["path"]
    query = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=path.removeprefix(BASE_PATH) or "/",
        params=parse_qsl(query, keep_blank_values=True),
        headers=headers,
        origin=f"{scope['scheme']}://{headers.get('host', '')}",
    )


async def _send(
    reply: Reply, send: Callable[[dict[str, Any]], Awaitable[None]], *, cut: bool = False
) -> None:
    """Send the reply; ``cut`` promises all of the body, sends half and closes the connection."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if cut:
        half = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        return  # the server closes a connection whose body was left unfinished
    await send({"type": "http.response.body", "body": reply.body})


def _changed(reply: Reply) -> Reply:
    """Another answer than this one: somebody becomes nobody, nobody becomes too many."""
    body = orjson.loads(reply.body)
    if body.get("resourceType") == "Patient":
        return reply_with(problems.not_found())
    if body.get("resourceType") == "Bundle" and not body["total"]:
        return reply_with(problems.TOO_MANY_MATCHES)
    nobody = {
        "resourceType": "Bundle",
        "type": "searchset",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "total": 0,
    }
    return Reply(200, orjson.dumps(nobody), {"content-type": "application/fhir+json"})


def _json(problem: Problem) -> Response:
    return JSONResponse(problem.outcome(), problem.status)
