"""A region in which everything is agreed, its people, and what they do to each other."""

import pytest

from tests.hub.sharing.known import HEALTH, SUI


@pytest.fixture
def region(browser_client):
    from tests.hub.discovery.region import Region, agree

    made = Region.build(browser_client)
    agree(sources=["LA", "SCHOOL", "TRUST", "POLICE"], destinations=["LA", "SCHOOL", "POLICE"])
    return made


@pytest.fixture
def people(region):
    """One person of each organisation, by its code, and leads; with a reading key each."""
    from joinedup.hub.sharing import reading_keys
    from tests.hub.organisations.people import member

    found = {
        "LA": member(region.la.organisation, "social-worker", "Amina"),
        "SCHOOL": member(region.school.organisation, "safeguarding-lead", "Tom"),
        "TRUST": member(region.trust.organisation, "nurse", "Nia"),
        "POLICE": member(region.police.organisation, "police-sergeant", "Sam"),
        "LEAD": member(region.la.organisation, "information-governance-lead", "Helen"),
        "TRUST-LEAD": member(region.trust.organisation, "information-governance-lead", "Hal"),
    }
    for code in ("LA", "SCHOOL", "TRUST", "POLICE"):
        found[f"key of {code}"] = reading_keys.made(found[code])
    return found


@pytest.fixture
def ask(region, people):
    """Ask the trust about the child, as a social worker, unless a test says otherwise."""
    from joinedup.hub.discovery.circle import Searcher
    from joinedup.hub.sharing import asking
    from joinedup.hub.sharing.asking import Asked, Wanted

    def go(by="LA", holder="TRUST", now=None, items=None, **changes):
        who = people[by]
        wanted = {
            "sui": SUI,
            "holder": region.nodes[holder].organisation,
            "items": items or [Asked(HEALTH, "missedAppointments"), Asked(HEALTH, "registeredGP")],
            "purpose": "section-47",
            "legal_basis": "public-task",
            "reason": "A referral this morning.",
            "public_key": people[f"key of {by}"].row.public_key,
            **changes,
        }
        return asking.ask(Searcher(who.organisation, membership=who), Wanted(**wanted), now)

    return go


@pytest.fixture
def decide(people):
    """Decide a request as the trust's nurse: an item is shared text, or the reason why not."""
    from joinedup.hub.sharing import deciding
    from joinedup.hub.sharing.course import Why
    from joinedup.hub.sharing.deciding import Decided
    from joinedup.hub.sharing.envelope import Item

    def go(request, *items, by="TRUST", now=None, **more):
        what = {
            place: each if isinstance(each, Why) else Item(request.sui, each, "fact", "2026-11-02")
            for place, each in enumerate(items)
        }
        held_back = any(isinstance(each, Why) and each is not Why.NOT_HELD for each in items)
        facts = {
            "words": "We thought about it.",
            "told": "Told",
            "review_by": __import__("datetime").date(2027, 1, 1) if held_back else None,
            "legal_bar": "Court order" if Why.OTHER_LEGAL_BAR in items else "",
            **more,
        }
        deciding.decide(request.id, Decided(items=what, **facts), people[by], now)

    return go


@pytest.fixture
def read(people):
    """Read a request's answer as whoever asked; what each item says."""
    from joinedup.hub.ledger.writing import drafting, note
    from joinedup.hub.sharing import reading
    from joinedup.hub.sharing.models import ShareRequest

    def go(request, by="LA"):
        key = people[f"key of {by}"]
        fresh = ShareRequest.objects.get(pk=request.pk)
        with drafting():
            note(person=str(people[by].person_id), role=people[by].role)  # as the middleware does
            found = reading.unclose(fresh, people[by], key.private, key.row.thumbprint)
        return {each.item.place: each.content.text if each.content else None for each in found}

    return go


@pytest.fixture
def told(people):
    """What whoever asked is told of each item."""
    from joinedup.hub.sharing import reading
    from joinedup.hub.sharing.models import ShareRequest

    def go(request, by="LA"):
        fresh = ShareRequest.objects.get(pk=request.pk)
        return [each.told.value for each in reading.told(fresh, people[by])]

    return go


@pytest.fixture
def notices(db):
    """Deliver, and give the kinds of notices of somebody, or of an organisation's role."""
    from joinedup.hub.notifications.delivering import deliver_due
    from joinedup.hub.notifications.inbox import own

    def go(membership):
        deliver_due()
        return sorted(own(membership).values_list("kind", flat=True))

    return go
