"""A client's own address for its keys is read without being led astray."""

import json

import pytest
from joserfc.jwk import ECKey


@pytest.fixture
def publisher(machine):
    machine.client.jwks_uri = "https://keys.example.org/jwks"
    machine.client.save()
    return machine


def jwks(*keys):
    return json.dumps(
        {"keys": [{**key.as_dict(private=False), "kid": kid} for key, kid in keys]}
    ).encode()


def test_new_keys_come_and_old_ones_go(publisher, browser_client):
    from joinedup.hub.organisations.jwks import fetch
    from tests.hub.machine import OTHER_RSA, RSA, Machine

    assert fetch(publisher.client, lambda _: jwks((OTHER_RSA, "new"))) == (1, 0)
    new = Machine(publisher.client, OTHER_RSA, "new")
    assert new.ask_for_token(browser_client).status_code == 200
    assert fetch(publisher.client, lambda _: jwks((OTHER_RSA, "new"))) == (0, 0)
    assert fetch(publisher.client, lambda _: jwks((RSA, "third"))) == (1, 1)
    assert new.ask_for_token(browser_client).status_code == 401


def test_a_key_revoked_here_stays_revoked(publisher, browser_client):
    from joinedup.hub.organisations.jwks import fetch
    from joinedup.hub.organisations.stopping import revoke_key
    from tests.hub.machine import OTHER_RSA, Machine

    fetch(publisher.client, lambda _: jwks((OTHER_RSA, "new")))
    revoke_key(publisher.client.keys.get(kid="new"), None, "Stolen")
    fetch(publisher.client, lambda _: jwks((OTHER_RSA, "new")))
    new = Machine(publisher.client, OTHER_RSA, "new")
    assert new.ask_for_token(browser_client).status_code == 401


def test_the_worker_reads_them_and_one_failure_stops_nobody_else(publisher, organisation):
    from joinedup.hub.organisations import jwks as fetching
    from joinedup.hub.worker import jobs
    from tests.hub.machine import OTHER_RSA, Machine

    other = Machine.register(organisation, "other-system", OTHER_RSA).client
    other.jwks_uri = "https://elsewhere.example.org/jwks"
    other.save()
    key = ECKey.generate_key("P-256")

    def reading(address):
        if "keys" in address:
            raise fetching.NoKeys("The address answered 500.")
        return jwks((key, "new"))

    assert fetching.fetch_all("worker", reading) == {
        publisher.client.client_id: "The address answered 500."
    }
    assert other.keys.filter(kid="new", fetched=True).exists()
    assert "organisations.fetch_published_keys" in {job.name for job in jobs()}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "RSA"}]}', b"<html>",
        b'{"keys": [{"kty": "oct", "k": "%s", "kid": "x"}]}' % (b"A" * 43),
        b'{"keys": "' + b"x" * 100 + b'"}',
    ],
)  # fmt: skip
def test_an_answer_without_usable_keys_changes_nothing(publisher, content):
    from joinedup.hub.organisations.jwks import NoKeys, fetch

    with pytest.raises(NoKeys):
        fetch(publisher.client, lambda _: content)
    assert publisher.client.keys.count() == 1


def test_neither_another_clients_key_nor_a_used_kid_is_taken(publisher, organisation):
    from joinedup.hub.organisations.jwks import NoKeys, fetch
    from tests.hub.machine import OTHER_RSA, Machine

    Machine.register(organisation, "other-system", OTHER_RSA)
    with pytest.raises(NoKeys, match="another client"):
        fetch(publisher.client, lambda _: jwks((OTHER_RSA, "mine")))
    with pytest.raises(NoKeys, match="kid"):
        fetch(publisher.client, lambda _: jwks((ECKey.generate_key("P-256"), "key-1")))


@pytest.mark.parametrize(
    "uri",
    [
        "http://keys.example.org/jwks", "https://169.254.169.254/latest", "https://[::1]/jwks",
        "https://user:word@keys.example.org/", "https:///jwks", "file:///etc/passwd", "jwks",
        "https://keys.example.org:99999/",
    ],
)  # fmt: skip
def test_an_address_that_could_lead_elsewhere_is_refused(django_ready, uri):
    from joinedup.hub.organisations.jwks import UnsafeAddress, safe_address

    with pytest.raises(UnsafeAddress):
        safe_address(uri)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "fe80::1",
     "::ffff:10.0.0.8", "0.0.0.0", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_not_called(django_ready, monkeypatch, address):
    """Also when one of several addresses is private: whoever owns the name chooses the order."""
    import socket

    from joinedup.hub.organisations.jwks import UnsafeAddress, read

    def resolve(*_, **__):
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UnsafeAddress, match="not public"):
        read("https://keys.example.org/jwks")


class Answer:
    def __init__(self, status=200, pieces=()):
        self.status = status
        self.pieces = iter(pieces)

    def read1(self, _):
        return next(self.pieces, b"")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(302), "answered 302"),
        (Answer(200, [b"x" * 8192] * 9), "longer than"),
        (Answer(500), "answered 500"),
    ],
)
def test_redirects_and_long_answers_are_not_followed(django_ready, monkeypatch, answer, said):
    import urllib3

    from joinedup.hub.organisations import jwks as fetching

    asked = {}

    class Pool:
        def __init__(self, host, port, **options):
            asked.update(host=host, **options)

        def request(self, *_, **options):
            asked.update(options)
            return answer

        def close(self):
            pass

    monkeypatch.setattr(fetching, "public_addresses", lambda host: ["93.184.216.34"])
    monkeypatch.setattr(urllib3, "HTTPSConnectionPool", Pool)
    with pytest.raises(fetching.NoKeys, match=said):
        fetching.read("https://keys.example.org/jwks")
    assert asked["redirect"] is False
    assert (asked["host"], asked["assert_hostname"]) == ("93.184.216.34", "keys.example.org")
    assert asked["cert_reqs"] == "CERT_REQUIRED"
