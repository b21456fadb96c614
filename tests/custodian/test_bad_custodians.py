"""Custodians that trickle, flood and never end harm nobody else, on a running hub (trust A18).

What a custodian may put into an answer is tested beside the hub's own code (tests/hub/discovery),
and what a searcher makes of it in test_envelope.
"""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from joinedup.custodian.http import Http, HubAway
from joinedup.database import database_url
from joinedup.hub.serve import running_hub

SLOW = 40  # connections: more than the hub has threads
FAIR = 3.0  # seconds, on a machine that does other things too


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = database_url()
    name = f"custodian_test_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    try:
        with tempfile.TemporaryDirectory() as state:
            environment = {
                "DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{name}")),
                "JOINEDUP_STATE": state,
            }
            with running_hub(environment=environment, log=Path(state) / "hub.log") as hub:
                yield hub.url
    finally:
        with psycopg.connect(server, autocommit=True) as link:
            link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _open(stack: ExitStack, address: str, head: str) -> socket.socket:
    parts = urlsplit(address)
    link = stack.enter_context(socket.create_connection((parts.hostname, parts.port), 10))
    link.sendall(f"POST /api/v2/work/result HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}".encode())
    return link


def _others_are_served(address: str) -> None:
    http = Http(address, 10)
    for _ in range(5):
        began = time.monotonic()
        assert http.send("POST", "/api/v2/work/claim", {}, b"{}").status == 401
        assert time.monotonic() - began < FAIR
    http.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "X-Slow: ",
    ],
    ids=["a body that does not come", "a body that never ends", "a head that never ends"],
)
def test_answers_that_trickle_hold_nobody_up(address: str, head: str) -> None:
    with ExitStack() as stack:
        links = [_open(stack, address, head) for _ in range(SLOW)]
        for link in links[:5]:
            link.sendall(b" ")
        _others_are_served(address)


@pytest.mark.slow
def test_a_hundred_megabytes_are_not_taken(address: str) -> None:
    body = b'{"content": "' + b"x" * 100_000_000 + b'"}'
    began = time.monotonic()
    try:
        headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
        status = Http(address, 60).send("POST", "/api/v2/work/result", headers, body).status
    except HubAway:
        status = 413  # cut off before all of it was read
    assert status in (401, 413)
    assert time.monotonic() - began < 30
    _others_are_served(address)
