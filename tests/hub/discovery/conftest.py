"""A region in which everything is agreed, for whoever needs no other."""

import pytest


@pytest.fixture
def region(browser_client):
    from tests.hub.discovery.region import Region, agree

    made = Region.build(browser_client)
    agree()
    return made
