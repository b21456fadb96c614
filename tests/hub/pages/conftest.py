"""A region with agreements, and people at their desks."""

import pytest


@pytest.fixture
def region(browser_client):
    from joinedup.hub.register import publishing
    from tests.hub.discovery.region import KINDS, Region, agree
    from tests.hub.pages.desk import ALL_TYPES, PURPOSES

    made = Region.build(browser_client)
    for code, (_, record_type) in KINDS.items():
        publishing.answers_for(made.nodes[code].organisation, [record_type, "personal.details"])
    agree(destinations=sorted(KINDS), record_types=ALL_TYPES, purposes=PURPOSES)
    return made


@pytest.fixture
def worker(region):
    from tests.hub.pages.desk import Desk

    return Desk.of(region.la.organisation, "social-worker")


@pytest.fixture
def hub(db):
    """The ledger, opened."""
    from types import SimpleNamespace

    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    return SimpleNamespace(entries=lambda: Entry.objects.order_by("number"), opened=opened)
