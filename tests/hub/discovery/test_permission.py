"""Deny before dispatch, revocation, and shields: what is not allowed now is not there."""

import random
from datetime import date

import pytest


@pytest.fixture
def at(region):
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def shield(region, links):
    """Shield the child at a level, as a custodian asking for it does."""
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.policy.question import Level

    def ask(sui, level):
        return ask_for_shield(
            Subject(numbers=(sui,)),
            Level(level),
            organisation=region.la.organisation,
            by=region.la.machine.client,
            criterion="harm",
            reason="A person who may harm the child must not find them.",
        )

    return ask


def seen(body):
    """What a searcher can tell two answers apart by."""
    names = ("status", "completenessPercentage", "notAskedCount", "restricted")
    told = [
        {k: v for k, v in each.items() if k != "answeredAt"}
        | {"answered": bool(each["answeredAt"])}
        for each in body["custodians"]
    ]
    return {name: body[name] for name in names}, told, body["items"]


def test_a_custodian_without_an_agreement_never_learns_of_the_child(region, at):
    at.agree(sources=["SCHOOL"])
    search = region.la.search().json()["searchId"]
    assert region.school.claim().status_code == 201
    for node in (region.trust, region.police):
        assert node.claim().status_code == 204
        assert node.call("HEAD", "/api/v2/work/available").status_code == 204
    body = region.la.results(search).json()
    listed = {(one["custodian"], one["status"]) for one in body["custodians"]}
    # LA's own record needs no agreement with itself.
    assert listed == {
        ("SCHOOL", "claimed"), ("LA", "waiting"), ("TRUST", "notAsked"), ("POLICE", "notAsked"),
    }  # fmt: skip
    assert body["notAskedCount"] == 2


def test_random_agreements_and_no_inbox_holds_what_it_may_not(region, at):
    """The policy itself, asked one custodian at a time, is what the inboxes are held against."""
    from joinedup.hub.agreements import publishing
    from joinedup.hub.agreements.asking import question
    from joinedup.hub.agreements.current import current_policy
    from joinedup.hub.discovery import claiming, searching
    from joinedup.hub.discovery.models import WorkItem
    from joinedup.policy.decide import decide
    from joinedup.policy.question import Action, Child

    chance = random.Random(11)
    codes = sorted(region.nodes)
    children = at.numbers(70_000)
    dispatched = kept_from = 0
    for turn in range(40):
        rules = [
            {
                "sources": chance.sample([*codes, "kind:police", "class:s11"], 2),
                "destinations": chance.sample([*codes, "kind:health"], 2),
                "record_types": chance.sample(at.ALL, chance.randint(1, 4)),
                "purposes": [chance.choice(["section-47", "early-help"])],
                "depth": chance.choice(["existence", "content"]),
                "effect": chance.choice(["allow", "allow", "deny"]),
            }
            for _ in range(chance.randint(1, 5))
        ]
        begins = chance.choice(["2020-01-01", "2020-01-01", "2999-01-01"])
        publishing.publish({"reference": "A1", "name": "R", "valid_from": begins, "rules": rules})
        searcher = region.nodes[chance.choice(codes)]
        sui = next(children)
        try:
            search = searching.begin(searcher.searcher, searching.Wanted(sui), at.WHY)
        except searching.Refused:
            assert not WorkItem.objects.filter(search__sui=sui).exists()
            continue
        if turn % 3 == 2:
            publishing.revoke("A1")
        for code in codes:
            holder = region.nodes[code].organisation
            allowed = decide(
                current_policy(),
                question(
                    action=Action.FIND,
                    organisation=searcher.organisation,
                    purpose=at.PURPOSE,
                    legal_basis=at.BASIS,
                    child=Child(),
                    holder=holder,
                    record_type=at.KINDS[code][1],
                    reason=at.WHY.reason,
                ),
            ).allowed
            got = claiming.claim(holder)
            assert (got is not None) == allowed, (turn, code)
            assert got is None or (got.sui, got.search.id) == (sui, search.id)
            dispatched, kept_from = dispatched + allowed, kept_from + (not allowed)
    assert min(dispatched, kept_from) > 15  # both happened often


def test_a_revoked_agreement_hides_stored_results_at_once(region, at):
    from joinedup.hub.agreements import publishing

    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    (item,) = region.la.results(search).json()["items"]
    publishing.revoke("A1")
    body = region.la.results(search).json()
    assert body["items"] == []
    assert body["custodians"][0]["status"] == "notAsked"
    key = {"publicKey": {"kty": "EC"}}
    assert region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key).status_code == 422
    from joserfc.jwk import ECKey

    key = {"publicKey": ECKey.generate_key("P-256").as_dict(private=False)}
    assert region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key).status_code == 404
    at.agree()
    assert len(region.la.results(search).json()["items"]) == 1


def test_an_agreement_revoked_between_search_and_claim_keeps_the_child_from_the_inbox(region, at):
    from joinedup.hub.agreements import publishing

    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    publishing.revoke("A1")
    assert region.school.claim().status_code == 204
    at.agree()
    assert region.school.claim().status_code == 204  # it is not asked after all
    (custodian,) = region.la.results(search).json()["custodians"]
    assert custodian["status"] == "notAsked"


def test_a_child_who_is_not_discoverable_looks_like_one_about_whom_nothing_is_held(
    region, at, shield
):
    from joinedup.hub.register.publishing import Given, Record, publish

    hidden, nothing = at.SUI, at.OTHER_SUI
    given = Given(Record("main", at.HEALTH, "r1"), hidden)
    publish(region.trust.organisation, [given], [at.HEALTH])
    shield(hidden, 2)
    answers = {}
    for sui, outcome in ((hidden, "hasRecords"), (nothing, "noRecords")):
        search = region.la.search(sui).json()["searchId"]
        steps = [seen(region.la.results(search).json())]
        claimed = region.school.claim().json()
        steps.append(seen(region.la.results(search).json()))
        records = at.has(at.EDUCATION, "p1") if outcome == "hasRecords" else {}
        region.school.answer(claimed, outcome, **records)
        steps.append(seen(region.la.results(search).json()))
        for node in (region.la, region.trust, region.police):
            while (one := node.claim()).status_code == 201:
                node.answer(one.json(), "noRecords")
        steps.append(seen(region.la.results(search).json()))
        answers[sui] = steps
    assert answers[hidden] == answers[nothing]


def test_a_shield_hides_what_was_found_before_it_and_the_address_stops_working(region, at, shield):
    from joserfc.jwk import ECKey

    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    (item,) = region.la.results(search).json()["items"]
    shield(at.SUI, 2)
    body = region.la.results(search).json()
    assert (body["items"], body["custodians"][0]["status"]) == ([], "noRecords")
    key = {"publicKey": ECKey.generate_key("P-256").as_dict(private=False)}
    assert region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key).status_code == 404


def test_a_child_whose_place_is_withheld_is_found_without_saying_where(region, at, shield):
    from joserfc.jwk import ECKey

    from joinedup.hub.discovery.models import Notice

    shield(at.SUI, 1)
    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    answer = region.la.results(search)
    text = answer.content.decode()
    for place in ("SCHOOL", at.NAMES["SCHOOL"], '"p1"', "main"):
        assert place not in text
    (item,) = answer.json()["items"]
    assert (item["recordType"], item["masked"]) == (at.EDUCATION, True)
    assert answer.json()["restricted"]
    assert Notice.objects.get().organisation == region.la.organisation
    key = {"publicKey": ECKey.generate_key("P-256").as_dict(private=False)}
    path = f"/api/v1/records/{item['fetchId']}"
    assert region.la.call("POST", path, key).status_code == 202
    assert "mask-location" in region.school.claim(kinds=["fetch"]).json()["duties"]


def test_a_sensitive_service_is_not_named(region, at):
    from joinedup.hub.register.publishing import answers_for

    kind = "mental-health.details"
    answers_for(region.trust.organisation, [kind])
    at.agree("A2", record_types=[kind])
    search = region.la.search(recordTypes=[kind]).json()["searchId"]
    region.trust.answer(region.trust.claim().json(), "hasRecords", **at.has(kind, "r1"))
    answer = region.la.results(search)
    assert answer.json()["items"][0]["masked"]
    assert "TRUST" not in answer.content.decode()
    assert at.NAMES["TRUST"] not in answer.content.decode()


def test_a_custodian_that_closed_is_asked_no_more(region, at):
    organisation = region.school.organisation
    organisation.valid_to = date(2021, 1, 1)
    organisation.save()
    search = region.la.search(recordTypes=[at.EDUCATION]).json()["searchId"]
    (custodian,) = region.la.results(search).json()["custodians"]
    assert custodian["status"] == "notAsked"
