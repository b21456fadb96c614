"""A record's content: passed on unread, once, to whoever asked, and to nobody else."""

import json

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]
REGISTRY = jwe.JWERegistry(algorithms=[*ALGORITHMS, "DEF"], strict_check_header=False)
SECRET = b'{"recordType": "education.details", "secret": "at the blue door"}'


def seal(claimed, secret=SECRET, **header):
    given = {
        "alg": ALGORITHMS[0], "enc": ALGORITHMS[1],
        "typ": "joinedup-record", "workItemId": claimed["workItemId"], **header,
    }  # fmt: skip
    kind = {"EC": ECKey, "OKP": OKPKey}[claimed["publicKey"]["kty"]]
    key = kind.import_key(claimed["publicKey"])
    return jwe.encrypt_compact(given, secret, key, registry=REGISTRY)


@pytest.fixture
def at(region):
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def key():
    return ECKey.generate_key("P-256")


@pytest.fixture
def search(region, at):
    return region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]


@pytest.fixture
def found(region, at, search):
    """A record of the school's that a search has found."""
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    return region.la.results(search).json()["items"][0]


@pytest.fixture
def ask(region, key):
    def post(fetch_id, node=None, public=key, **more):
        body = {"publicKey": public.as_dict(private=False), **more}
        return (node or region.la).call("POST", f"/api/v1/records/{fetch_id}", body)

    return post


def stored(text):
    """Whether the text is in any row of any table of discovery."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("search", "workitem", "foundrecord", "fetch", "hint"):
            cursor.execute(f"SELECT count(*) FROM discovery_{table} t WHERE t::text LIKE %s",
                           [f"%{text}%"])  # fmt: skip
            if cursor.fetchone()[0]:
                return True
    return False


@pytest.mark.parametrize("kind", ["EC", "OKP"])
def test_a_record_goes_from_custodian_to_searcher_and_is_gone(region, at, found, ask, kind):
    key = ECKey.generate_key("P-256") if kind == "EC" else OKPKey.generate_key("X25519")
    asked = ask(found["fetchId"], public=key, items=["attendance"], reason="Section 47")
    assert asked.status_code == 202, asked.content
    assert int(asked["Retry-After"]) >= 1
    assert ask(found["fetchId"], public=key).status_code == 202  # the same request
    claimed = region.school.claim(kinds=["fetch"]).json()
    assert (claimed["kind"], claimed["recordId"], claimed["systemId"]) == ("fetch", "p1", "main")
    assert (claimed["items"], claimed["reason"]) == (["attendance"], "Section 47")
    assert "d" not in claimed["publicKey"]
    assert region.school.claim().status_code == 204

    content = seal(claimed)
    answer = region.school.answer(claimed, "shared", content=content)
    assert answer.status_code == 202, answer.content
    assert stored(content[:60])
    got = ask(found["fetchId"], public=key)
    assert got.status_code == 200, got.content
    body = got.json()
    assert jwe.decrypt_compact(body["content"], key, registry=REGISTRY).plaintext == SECRET
    assert (body["custodian"], body["recordId"]) == ("SCHOOL", "p1")
    assert not stored(content[:60])
    assert not stored("blue door")
    assert ask(found["fetchId"], public=key).status_code == 202  # again is to be asked again
    assert region.school.claim(kinds=["fetch"]).status_code == 201


def test_both_sides_have_a_receipt_once_a_checkpoint_covers_it(region, found, ask):
    from joinedup.hub.ledger.endpoint import SCOPE
    from joinedup.hub.ledger.tasks import checkpoint

    ask(found["fetchId"])
    claimed = region.school.claim(kinds=["fetch"]).json()
    entry = region.school.answer(claimed, "shared", content=seal(claimed)).json()["entryId"]
    checkpoint()
    body = ask(found["fetchId"]).json()
    assert body["sharedEntryId"] == entry
    assert body["receipt"]["checkpoint"]
    assert SCOPE == "audit"
    path = f"/api/v1/ledger/receipts/{entry}"
    assert region.school.call("GET", path).json()["content"] == body["receipt"]["content"]
    assert region.trust.call("GET", path).status_code == 404


def test_withheld_for_detriment_not_held_unknown_foreign_and_expired_are_one_answer(
    region, search, found, ask, monkeypatch
):
    from joinedup.hub.discovery import fetch_ids

    def plain(answer):
        body = answer.json()
        del body["correlationId"]
        headers = {k: v for k, v in answer.headers.items() if k != "X-Correlation-ID"}
        return answer.status_code, body, headers

    answers = []
    for reason in ("detriment", "not-held"):
        key = ECKey.generate_key("P-256")
        ask(found["fetchId"], public=key)
        claimed = region.school.claim(kinds=["fetch"]).json()
        assert region.school.answer(claimed, "withheld", reason=reason).status_code == 202
        answers.append(plain(ask(found["fetchId"], public=key)))
    answers.append(plain(ask("x" * 3)))
    changed = "B" if found["fetchId"].endswith("A") else "A"
    answers.append(plain(ask(found["fetchId"][:-1] + changed)))
    answers.append(plain(ask(found["fetchId"], node=region.trust)))
    monkeypatch.setattr(fetch_ids, "LIFE", 0)
    old = region.la.results(search).json()["items"][0]["fetchId"]
    answers.append(plain(ask(old)))
    assert answers[0][0] == 404
    assert all(one == answers[0] for one in answers)


def test_a_colleagues_system_cannot_use_the_address(region, at, found, ask):
    other = region.add("LA2", region.la.organisation)
    assert ask(found["fetchId"], node=other).status_code == 404
    assert region.school.claim().status_code == 204


@pytest.mark.parametrize("reason", ["not-relevant", "other-legal-bar", "ask-us"])
def test_a_reason_that_may_be_told_is_told(region, found, ask, reason):
    ask(found["fetchId"])
    claimed = region.school.claim(kinds=["fetch"]).json()
    region.school.answer(claimed, "withheld", reason=reason)
    answer = ask(found["fetchId"])
    assert answer.status_code == 403
    assert answer.json()["reason"] == reason


def test_nothing_but_a_sealed_envelope_for_this_item_is_passed_on(region, found, ask):
    ask(found["fetchId"])
    claimed = region.school.claim(kinds=["fetch"]).json()
    good = seal(claimed)
    plain = good.split(".")
    bad = [
        json.dumps({"personId": "9990040002"}),
        "<html>",
        ".".join(plain[:4]),
        ".".join(["", *plain[1:]]),
        seal({**claimed, "workItemId": "another"}),
        good + ".x",
        seal(claimed, zip="DEF"),
    ]
    for content in bad:
        answer = region.school.answer(claimed, "shared", content=content)
        assert answer.status_code == 400, content
    assert region.school.answer(claimed, "withheld").status_code == 400
    assert region.school.answer(claimed, "noRecords").status_code == 400
    assert region.school.answer(claimed, "shared", content=good).status_code == 202


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        ECKey.generate_key("P-521").as_dict(private=False),
        ECKey.generate_key("P-256").as_dict(private=True),
        {},
    ],
)
def test_only_the_public_half_of_a_fitting_key_is_taken(region, found, jwk):
    answer = region.la.call("POST", f"/api/v1/records/{found['fetchId']}", {"publicKey": jwk})
    assert answer.status_code == 422
    assert region.school.claim().status_code == 204


def test_a_record_of_two_megabytes_is_passed_on(region, found, ask):
    ask(found["fetchId"])
    claimed = region.school.claim(kinds=["fetch"]).json()
    content = seal(claimed, b"x" * 2 * 1024 * 1024)
    assert region.school.answer(claimed, "shared", content=content).status_code == 202
    assert ask(found["fetchId"]).json()["content"] == content


def test_a_registers_pointer_can_be_fetched_before_the_custodian_has_answered(region, at, ask):
    from joinedup.hub.register.publishing import Given, Record, publish

    given = Given(Record("main", at.EDUCATION, "p9"), at.SUI)
    publish(region.school.organisation, [given], [at.EDUCATION])
    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    (item,) = region.la.results(search).json()["items"]
    assert (item["provisional"], item["recordId"]) == (True, "p9")
    assert ask(item["fetchId"]).status_code == 202
    assert region.school.claim(kinds=["fetch"]).json()["recordId"] == "p9"
    region.school.answer(region.school.claim().json(), "noRecords")
    assert region.la.results(search).json()["items"] == []


def test_existence_alone_gives_no_address(region, at):
    from tests.hub.discovery.region import agree

    agree(depth="existence")
    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p"))
    (item,) = region.la.results(search).json()["items"]
    assert item["fetchId"] is None


def test_content_that_nobody_came_for_is_deleted(region, found, ask):
    from datetime import timedelta

    from joinedup.hub.discovery import tasks
    from joinedup.hub.discovery.models import Fetch, WorkItem

    ask(found["fetchId"])
    claimed = region.school.claim(kinds=["fetch"]).json()
    region.school.answer(claimed, "shared", content=seal(claimed))
    item = WorkItem.objects.get(kind="fetch")
    WorkItem.objects.filter(pk=item.pk).update(expires_at=item.expires_at - timedelta(minutes=61))
    tasks.drop_expired_content()
    assert Fetch.objects.get().content == ""
    assert ask(found["fetchId"]).status_code == 202  # a new question to the custodian
