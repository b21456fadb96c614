"""Hints: signed, tried again, and with nothing about a child in them."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

PATH = "/api/v2/subscriptions"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://169.254.169.254/latest")
        self.end_headers()

    def log_message(self, *args):
        """Nothing."""


@pytest.fixture
def receiver(monkeypatch):
    monkeypatch.setenv("JOINEDUP_WEBHOOKS_INSIDE", "yes")
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def send(later=0):
    from django.utils import timezone

    from joinedup.hub.discovery import hints

    return hints.send_due(timezone.now() + timedelta(seconds=later))


def subscribe(node, event, url):
    answer = node.call("PUT", f"{PATH}/{event}", {"url": url})
    assert answer.status_code == 200, answer.content
    return answer.json()["secret"]


def test_custodian_and_searcher_are_told_and_neither_of_whom(region, receiver):
    from tests.hub.discovery.region import SUI

    keys = {
        "work.available": subscribe(region.school, "work.available", receiver.url),
        "result.available": subscribe(region.la, "result.available", receiver.url),
    }
    search = region.la.search().json()["searchId"]
    region.la.search()
    assert send() == 1  # two searches are one piece of news
    region.school.answer(region.school.claim().json(), "noRecords")
    assert send() == 1
    assert send() == 0
    told = [json.loads(body) for _, body in receiver.got]
    assert [one["event"] for one in told] == ["work.available", "result.available"]
    assert told[1]["searchId"] == search
    for headers, body in receiver.got:
        assert SUI.encode() not in body
        assert SUI not in str(headers)
        at, proof = headers["Joinedup-Signature"].split(",")
        secret = keys[json.loads(body)["event"]]
        made = hmac.new(secret.encode(), at[2:].encode() + b"." + body, hashlib.sha256)
        assert proof == f"v1={made.hexdigest()}"


@pytest.mark.parametrize("status", [500, 301])
def test_it_is_tried_again_later_and_given_up_in_the_end(region, receiver, status):
    from joinedup.hub.discovery import hints
    from joinedup.hub.discovery.models import Hint

    receiver.status = status  # a redirect is not followed
    subscribe(region.school, "work.available", receiver.url)
    region.la.search()
    assert send() == 0
    assert len(receiver.got) == 1
    send()
    assert len(receiver.got) == 1
    for _ in range(hints.TRIES):
        send(later=10**7)
    assert len(receiver.got) == hints.TRIES
    assert not Hint.objects.exists()
    assert region.school.claim().status_code == 201  # the truth is still there to be asked for


def test_nobody_listening_harms_nobody(region, receiver):
    subscribe(region.school, "work.available", "http://127.0.0.1:9/hook")
    subscribe(region.trust, "work.available", receiver.url)
    region.la.search()
    assert send() == 1
    assert len(receiver.got) == 1


def test_the_secret_is_not_readable_in_the_database(region, receiver):
    from joinedup.hub.discovery.models import Subscription

    secret = subscribe(region.school, "work.available", receiver.url)
    assert secret.encode() not in bytes(Subscription.objects.get().sealed_secret)
    assert region.school.call("DELETE", f"{PATH}/work.available").status_code == 204
    assert region.school.call("DELETE", f"{PATH}/work.available").status_code == 404
    assert region.school.call("PUT", f"{PATH}/other", {"url": "x"}).status_code == 422


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://10.0.0.8/hook",
        "https://user:secret@example.org/hook",
        "https://localhost/hook",
        "ftp://example.org/",
        "nonsense",
    ],
)
def test_addresses_inside_a_network_are_refused(region, url):
    answer = region.school.call("PUT", f"{PATH}/work.available", {"url": url})
    assert answer.status_code == 422, url
    assert "secret" not in answer.content.decode()


def test_each_subscription_needs_the_scope_of_its_poll(region):
    client = region.school.machine.client
    client.scopes = ["find-record.read"]
    client.save()
    answer = region.school.call("PUT", f"{PATH}/work.available", {"url": "https://x.example"})
    assert answer.status_code == 403


def test_old_searches_are_forgotten_whole(region):
    from joinedup.hub.discovery import tasks
    from joinedup.hub.discovery.models import FoundRecord, Search, WorkItem
    from tests.hub.discovery.region import EDUCATION, has

    region.la.search()
    kept = region.la.search().json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **has(EDUCATION, "p"))
    old = Search.objects.exclude(id=kept)
    old.update(expires_at=old.get().expires_at - timedelta(days=40))
    tasks.forget_old_searches()
    assert [str(one.id) for one in Search.objects.all()] == [kept]
    assert set(WorkItem.objects.values_list("search_id", flat=True)) == {Search.objects.get().id}
    assert not FoundRecord.objects.exists()
