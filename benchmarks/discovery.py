"""How quickly the hub finds: idle polls, searches a second, and both as the register grows.

    python benchmarks/discovery.py [--seconds 5] [--growth] [--write]

Runs the real hub as a process on this machine, against a database of its own, and calls it over
HTTP from a process that shares its cores. ``--growth`` also fills the register to ten million
pointers (some minutes) and draws docs/images/discovery-growth.svg; ``--write`` puts what was
measured into docs/benchmarks.md.
"""

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import document
import machine
import psycopg

from joinedup.database import database_url

IMAGE = Path(__file__).parent.parent / "docs" / "images" / "discovery-growth.svg"
EDUCATION = "education.details"
CUSTODIANS = 1_000
AGREED = 10  # custodians that the searcher has an agreement with, of each that there is


# --- The region ---------------------------------------------------------------------------------


@contextmanager
def database() -> Iterator[str]:
    """A database of our own on the server that there is."""
    server, name = database_url(), f"discovery_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as link:
            link.execute(f"DROP DATABASE {name} WITH (FORCE)")


def numbers() -> list[str]:
    """Valid numbers of the range for tests, in no order."""
    from joinedup.people.nhs_number import check_digit

    found = []
    for nine in range(999_000_000, 999_000_000 + 1_000_000):
        digit = check_digit(str(nine))
        if digit is not None:
            found.append(f"{nine}{digit}")
    random.Random(1).shuffle(found)
    return found


def build() -> dict[str, str]:
    """Custodians, a searcher and the agreement between some of them; gives bearer tokens."""
    from django.utils import timezone
    from joserfc.jwk import ECKey

    from joinedup.hub.agreements import publishing
    from joinedup.hub.api import tokens
    from joinedup.hub.api.assertions import Proven
    from joinedup.hub.organisations.models import MachineClient, Organisation
    from joinedup.hub.register.publishing import answers_for

    day = date(2020, 1, 1)
    Organisation.objects.bulk_create(
        Organisation(
            ods_code=f"S{n:04}", name=f"School {n}", kind="education", legal_class="s11",
            valid_from=day,
        )
        for n in range(CUSTODIANS)
    )  # fmt: skip
    searcher = Organisation.objects.create(
        ods_code="LA", name="Searcher", kind="childrens-services", legal_class="s11", valid_from=day
    )
    for school in Organisation.objects.filter(kind="education"):
        answers_for(school, [EDUCATION])
    publishing.publish(
        {
            "reference": "B1", "name": "Benchmark", "valid_from": "2020-01-01",
            "rules": [
                {
                    "sources": [f"S{n:04}" for n in range(AGREED)], "destinations": ["LA"],
                    "record_types": [EDUCATION], "purposes": ["section-47"], "depth": "content",
                }
            ],
        }
    )  # fmt: skip
    scopes = ["find-record.write", "find-record.read", "work-item.read", "work-item.write"]
    made = {}
    for organisation in (searcher, Organisation.objects.get(ods_code=f"S{CUSTODIANS - 1:04}")):
        client = MachineClient.objects.create(
            client_id=f"bench-{organisation.ods_code}", name="b", organisation=organisation,
            scopes=scopes, purpose="b", expires_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        public = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k"}
        key = client.add_key(public, timezone.now() + timedelta(days=1))
        made[organisation.ods_code] = tokens.issue(Proven(client, key), scopes)
    return made


def fill(total: int, children: list[str]) -> None:
    """Bring the register to so many pointers, divided among all custodians."""
    from django.db import connection
    from django.utils import timezone

    from joinedup.hub.organisations.models import Organisation
    from joinedup.hub.register.models import Holding, Pointer

    if not Holding.objects.exists():
        Holding.objects.bulk_create(
            Holding(
                custodian=school, system_id="main", record_type=EDUCATION,
                refreshed_at=timezone.now(),
            )
            for school in Organisation.objects.filter(kind="education")
        )  # fmt: skip
    keys = list(Holding.objects.order_by("custodian__ods_code").values_list("id", flat=True))
    have, now = Pointer.objects.count(), timezone.now()
    with connection.cursor() as cursor:
        columns = "(holding_id, record_id, sui, provenance, refreshed_at)"
        with cursor.copy(f"COPY register_pointer {columns} FROM STDIN") as copy:
            for n in range(have, total):
                # Where there are more pointers than test numbers, others stand in their place.
                sui = children[n] if n < len(children) else f"{n:010}"
                copy.write_row((keys[n % len(keys)], f"r{n}", sui, "already-held", now))
        cursor.execute("VACUUM ANALYZE register_pointer")


# --- The server ---------------------------------------------------------------------------------

_SERVE = """
import sys
sys.path.insert(0, {here!r})
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
Server("discovery_server:application", address="127.0.0.1", port={port},
       interface=Interfaces.WSGI, workers={workers}, blocking_threads={threads},
       log_level=LogLevels.error, log_access=False).serve()
"""


@contextmanager
def server(workers: int) -> Iterator[int]:
    """The hub as ``serve`` runs it, with the bare address beside it."""
    from joinedup.hub.serve import THREADS, answers, free_port, stop

    port = free_port()
    code = _SERVE.format(
        here=str(Path(__file__).parent), port=port, workers=workers, threads=THREADS
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while not answers(port, "/healthz"):
            if process.poll() is not None:
                raise SystemExit("the hub ended while starting")
            time.sleep(0.1)
        yield port
    finally:
        stop(process)


# --- The callers --------------------------------------------------------------------------------


def message(method: str, path: str, bearer: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Caller(asyncio.Protocol):
    """One connection; ``call`` sends a request and gives the status when the answer is whole."""

    def __init__(self) -> None:
        self.buffer = b""
        self.waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(ConnectionError("the hub closed the connection"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found or self.waiting is None:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if len(rest) >= length:
            self.buffer = b""
            self.waiting.set_result(int(head[9:12]))

    def call(self, request: bytes) -> "asyncio.Future[int]":
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return self.waiting


async def _callers(port: int, count: int) -> list[Caller]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(count)]


async def _flat_out(port: int, request: bytes, seconds: float, callers: int) -> float:
    """Answers a second, from callers that call again at once."""
    done, end = 0, time.monotonic() + seconds

    async def keep_on(caller: Caller) -> None:
        nonlocal done
        while time.monotonic() < end:
            status = await caller.call(request)
            if status != 204:
                raise SystemExit(f"a poll was answered {status}")
            done += 1

    began = time.monotonic()
    await asyncio.gather(*map(keep_on, await _callers(port, callers)))
    return done / (time.monotonic() - began)


async def _steady(
    port: int, requests: list[bytes], rate: float, callers: int, expect: int
) -> list[float]:
    """Milliseconds of each answer, counted from when its call was due."""
    free: asyncio.Queue[Caller] = asyncio.Queue()
    for caller in await _callers(port, callers):
        free.put_nowait(caller)
    took: list[float] = []

    async def one(request: bytes, due: float) -> None:
        caller = await free.get()
        status = await caller.call(request)
        free.put_nowait(caller)
        if status != expect:
            raise SystemExit(f"a call was answered {status}, not {expect}")
        took.append((time.monotonic() - due) * 1000)

    start, tasks = time.monotonic() + 0.1, []
    gc.disable()
    for n, request in enumerate(requests):
        due = start + n / rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(request, due)))
    await asyncio.gather(*tasks)
    return took


def apart(job: Callable[..., object], *given: object) -> object:
    """Run a coroutine function in a process of its own, so that callers and this one differ."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (job, given))


def _run(job: Callable[..., object], given: tuple[object, ...]) -> object:
    return asyncio.run(job(*given))  # type: ignore[arg-type]


# --- What is measured ---------------------------------------------------------------------------


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def polls(port: int, bearer: str, seconds: float) -> dict[str, object]:
    """Idle polls beside the bare address, in turns; then 500 a second."""
    calls = {
        "bare 204": message("GET", "/api/v2/work/bare", bearer),
        "HEAD /work/available": message("HEAD", "/api/v2/work/available", bearer),
        "POST /work/claim": message("POST", "/api/v2/work/claim", bearer, b"{}"),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for request in calls.values():
        apart(_flat_out, port, request, 1.0, 32)  # warm
    for _ in range(3):
        for name, request in calls.items():
            rates[name].append(apart(_flat_out, port, request, seconds, 32))  # type: ignore[arg-type]
    middle = {name: statistics.median(each) for name, each in rates.items()}
    steady = {}
    for name in ("HEAD /work/available", "POST /work/claim"):
        requests = [calls[name]] * int(500 * max(seconds, 10))
        took = apart(_steady, port, requests, 500.0, 64, 204)
        steady[name] = [round(percentile(took, share), 1) for share in (0.5, 0.99)]  # type: ignore[arg-type]
    share = {name: round(rate / middle["bare 204"], 2) for name, rate in middle.items()}
    return {
        "per_second": {name: round(rate) for name, rate in middle.items()},
        "share_of_bare": share,
        "ms_p50_p99_at_500_a_second": steady,
    }


def searches(port: int, bearer: str, children: list[str], seconds: float) -> dict[str, object]:
    """100 searches a second, each about another child."""

    def request(sui: str) -> bytes:
        body = {
            "sui": sui, "purpose": "section-47", "legalBasis": "public-task", "reason": "b",
            "recordTypes": [EDUCATION],
        }  # fmt: skip
        return message("POST", "/api/v2/searches", bearer, json.dumps(body).encode())

    apart(_steady, port, [request(sui) for sui in children[-50:]], 20.0, 8, 202)  # warm
    count = int(100 * max(seconds, 10))
    asked = [request(sui) for sui in children[-50 - count : -50]]
    began = time.monotonic()
    took = apart(_steady, port, asked, 100.0, 64, 202)
    lasted = time.monotonic() - began
    return {
        "accepted": len(took),  # type: ignore[arg-type]
        "seconds_with_start": round(lasted, 1),
        "ms_p50_p99": [round(percentile(took, share), 1) for share in (0.5, 0.99)],  # type: ignore[arg-type]
    }


def growth(sizes: list[int], children: list[str]) -> list[dict[str, object]]:
    """A search and its results, in this process, with the register at each size."""
    from joinedup.hub.discovery import reading, searching
    from joinedup.hub.discovery.circle import Searcher, Why
    from joinedup.hub.organisations.models import MachineClient

    client = MachineClient.objects.select_related("organisation").get(client_id="bench-LA")
    searcher = Searcher(client.organisation, client)
    why = Why("section-47", "public-task", "benchmark")
    rows: list[dict[str, object]] = []
    for size in sizes:
        fill(size, children)
        chosen = random.Random(size).sample(children[: min(size, len(children))], 330)
        took: list[float] = []
        for n, sui in enumerate(chosen):
            wanted = searching.Wanted(sui, [EDUCATION])
            began = time.perf_counter()
            search = searching.begin(searcher, wanted, why)
            reading.read(searcher, search)
            if n >= 30:
                took.append((time.perf_counter() - began) * 1000)
        rows.append(
            {
                "pointers": size,
                "ms": round(statistics.median(took), 2),
                "ms_p99": round(percentile(took, 0.99), 2),
            }
        )
        print(f"{size:,} pointers: {rows[-1]['ms']} ms", file=sys.stderr)
    return rows


def draw(rows: list[dict[str, object]]) -> None:
    """The growth as a picture."""
    from joinedup.page import svg

    spec = {
        "width": 560, "height": 260, "data": {"values": rows}, "layer": [
            {
                "mark": {"type": "line", "point": True, "color": "#1d70b8"},
                "encoding": {
                    "x": {"field": "pointers", "type": "quantitative",
                          "scale": {"type": "log"}, "title": "Pointers in the register"},
                    "y": {"field": "ms", "type": "quantitative", "scale": {"zero": True},
                          "title": "Milliseconds, median"},
                },
            }
        ],
    }  # fmt: skip
    IMAGE.write_text(str(svg(spec, "Time of a search by the size of the register")), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--growth", action="store_true", help="to ten million pointers, and draw")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as state, database() as url:
        os.environ |= {"DATABASE_URL": url, "JOINEDUP_STATE": state}
        from joinedup.hub.serve import prepare

        prepare()
        bearers, children = build(), numbers()
        sizes = [10_000, 100_000, 1_000_000, *([10_000_000] if args.growth else [])]
        rows = growth(sizes, children)
        with server(args.workers) as port:
            found = {
                "machine": machine.describe(),
                "load": os.getloadavg()[0],
                "custodians": CUSTODIANS,
                "searches": searches(port, bearers["LA"], children, args.seconds),
                "polls": polls(port, bearers[f"S{CUSTODIANS - 1:04}"], args.seconds),
                "growth": rows,
            }
        from django.db import connection

        connection.close()
        connection.close_pool()
    print(json.dumps(found, indent=2))
    if args.growth:
        draw(rows)
    if args.write:
        document.put("discovery", _words(found))


def _words(found: dict[str, object]) -> str:
    polled: dict[str, dict[str, object]] = found["polls"]  # type: ignore[assignment]
    sent: dict[str, object] = found["searches"]  # type: ignore[assignment]
    rows: list[dict[str, float]] = found["growth"]  # type: ignore[assignment]
    lines = [
        f"| {name} | {rate:,} | {polled['share_of_bare'][name]:.0%} "  # type: ignore[str-format]
        f"| {'/'.join(map(str, polled['ms_p50_p99_at_500_a_second'].get(name, [])))} |"  # type: ignore[call-overload]
        for name, rate in polled["per_second"].items()
    ]
    grown = [f"| {row['pointers']:,} | {row['ms']} | {row['ms_p99']} |" for row in rows]
    return f"""
The real hub, two workers, {CUSTODIANS:,} custodians, callers and database on the same machine:
{found["machine"]}.

| idle poll | a second | of a bare 204 | ms at 500 a second, median/p99 |
|---|---:|---:|---:|
{chr(10).join(lines)}

100 searches a second: {sent["accepted"]:,} accepted, median/p99 {sent["ms_p50_p99"]} ms.

| pointers | search and results, ms (median) | p99 |
|---:|---:|---:|
{chr(10).join(grown)}

![Time of a search by the size of the register](images/discovery-growth.svg)
"""


if __name__ == "__main__":
    main()
