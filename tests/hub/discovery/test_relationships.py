"""Whoever has the child in their caseload need not say why; whoever has not, must."""

import pytest


@pytest.fixture
def at(region):
    from tests.hub.discovery import region as words

    return words


@pytest.fixture
def allocate(region, at):
    """Say whose caseload the child is in, as the organisation's own system does."""
    from joinedup.hub.notifications import caseloads

    def replace(worker, *suis):
        caseloads.replace(region.la.organisation, {worker: list(suis)})

    return replace


@pytest.fixture
def worker(region):
    from tests.hub.organisations.people import member

    return member(region.la.organisation, "social-worker")


@pytest.fixture
def colleague(region):
    from tests.hub.organisations.people import member

    return member(region.la.organisation, "social-worker")


def find(person, at, sui=None):
    """Search without saying why, as a page that asks for no reason would."""
    from joinedup.hub.discovery import searching
    from joinedup.hub.discovery.circle import Searcher, Why
    from joinedup.hub.discovery.relationships import relationship_of

    searcher = Searcher(person.organisation, membership=person)
    sui = sui or at.SUI
    why = Why(at.PURPOSE, at.BASIS, relationship=relationship_of(searcher, sui))
    return searching.begin(searcher, searching.Wanted(sui), why)


def test_the_allocated_worker_may_and_their_colleague_may_not(
    region, at, worker, colleague, allocate
):
    from joinedup.hub.discovery.circle import Refused
    from joinedup.hub.discovery.models import Search

    allocate(worker.person.subject, at.SUI)
    assert find(worker, at).sui == at.SUI
    for person, sui in ((colleague, at.SUI), (worker, at.OTHER_SUI)):
        with pytest.raises(Refused) as refused:
            find(person, at, sui)
        assert "reason" in refused.value.words
    assert Search.objects.count() == 1


def test_another_organisations_caseload_is_no_relationship_here(region, at, worker):
    from joinedup.hub.discovery.circle import Refused
    from joinedup.hub.notifications import caseloads

    caseloads.replace(region.trust.organisation, {worker.person.subject: [at.SUI]})
    with pytest.raises(Refused):
        find(worker, at)


def test_a_system_asks_for_an_allocated_worker_without_a_reason(region, at, allocate):
    allocate("amina.yusuf", at.SUI)

    def search(worker, **more):
        behalf = {"person": worker, "role": "social-worker"}
        return region.la.search(reason="", onBehalfOf=behalf, **more)

    assert search("amina.yusuf").status_code == 202
    for refused in (search("sam.okoro"), search("amina.yusuf", sui=at.OTHER_SUI),
                    region.la.search(reason="")):  # fmt: skip
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
            403, "not-allowed",
        )  # fmt: skip
    assert search("sam.okoro", emergency=False).status_code == 403
    assert region.la.search().status_code == 202  # a reason, given


def test_a_child_who_leaves_the_caseload_is_gone_from_what_was_found(region, at, allocate):
    """Between search and answer the policy is asked again, with the caseload as it is then."""
    from joserfc.jwk import ECKey

    allocate("amina.yusuf", at.SUI)
    body = {"reason": "", "onBehalfOf": {"person": "amina.yusuf", "role": "social-worker"}}
    search = region.la.search(recordTypes=[at.EDUCATION], **body).json()["searchId"]
    claimed = region.school.claim()
    assert claimed.status_code == 201
    region.school.answer(claimed.json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    (item,) = region.la.results(search).json()["items"]
    key = {"publicKey": ECKey.generate_key("P-256").as_dict(private=False)}
    assert region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key).status_code == 202

    allocate("amina.yusuf")
    assert region.la.results(search).json()["items"] == []
    assert region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key).status_code == 404
    assert region.school.claim(kinds=["fetch"]).status_code == 204  # it never learns of it

    allocate("amina.yusuf", at.SUI)
    assert len(region.la.results(search).json()["items"]) == 1


def test_each_decision_is_on_record_with_the_relationship_as_it_was_then(region, at, allocate):
    from joserfc.jwk import ECKey

    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    def last():
        (entry,) = opened(Entry.objects.filter(organisation="LA").order_by("-number")[:1])
        assert "relationship" not in entry.facts, "whose caseload it is is about the child: sealed"
        return entry.facts["action"], entry.facts["status"], entry.personal.get("relationship")

    allocate("amina.yusuf", at.SUI)
    behalf = {"person": "amina.yusuf", "role": "social-worker"}
    search = region.la.search(recordTypes=[at.EDUCATION], onBehalfOf=behalf).json()["searchId"]
    assert last() == ("record.find", 202, "caseload")
    region.school.answer(region.school.claim().json(), "hasRecords", **at.has(at.EDUCATION, "p1"))
    (item,) = region.la.results(search).json()["items"]
    assert last() == ("record.find.read", 200, "caseload")
    allocate("amina.yusuf")
    region.la.results(search)
    assert last() == ("record.find.read", 200, "self-claimed")
    key = {"publicKey": ECKey.generate_key("P-256").as_dict(private=False)}
    region.la.call("POST", f"/api/v1/records/{item['fetchId']}", key)
    assert last() == ("record.fetch", 202, "self-claimed")
    assert region.la.search(reason="", onBehalfOf=behalf).status_code == 403
    assert last() == ("record.find", 403, "self-claimed")


def test_a_request_to_share_is_decided_with_the_caseload_too(region, at, worker, colleague):
    """Reading of a child at level R is told to those responsible, unless the reader is known to."""
    from joserfc.jwk import ECKey

    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.notifications import caseloads
    from joinedup.hub.sharing import asking, permission
    from joinedup.hub.sharing.asking import Asked, Wanted
    from joinedup.policy.decision import Duty
    from joinedup.policy.question import Level

    caseloads.replace(region.la.organisation, {worker.person.subject: [at.SUI]})
    key = ECKey.generate_key("P-256").as_dict(private=False)
    wanted = Wanted(
        at.SUI,
        region.school.organisation,
        [Asked(at.EDUCATION)],
        at.PURPOSE,
        at.BASIS,
        "Why",
        key,
        whole_reason="All of it",
    )

    request = asking.ask(Searcher(worker.organisation, membership=worker), wanted)

    def told_of(reader):
        given = permission.now_given(request, Level.NO_LOCATION, reader)
        return Duty.NOTIFY in given.duties[at.EDUCATION]

    assert (told_of(worker), told_of(colleague)) == (False, True)
    caseloads.replace(region.la.organisation, {worker.person.subject: []})
    assert told_of(worker)
