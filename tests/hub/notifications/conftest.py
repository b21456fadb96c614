"""A social worker with a caseload, who wants to be told of everything as it happens."""

import pytest

from tests.hub.sharing.conftest import notices, people, region  # noqa: F401 - fixtures
from tests.hub.sharing.known import SUI


@pytest.fixture
def worker(people, region):  # noqa: F811
    from joinedup.hub.notifications import caseloads

    found = people["LA"]
    caseloads.replace(region.la.organisation, {found.person.subject: [SUI]})
    subscribe(found)
    return found


def subscribe(membership, **changes):
    """Have somebody told of everything about their caseload."""
    from django.utils import timezone

    from joinedup.hub.notifications.models import OF_A_CHILD, Subscriber

    wants = {
        "kinds": [each.value for each in OF_A_CHILD], "purpose": "section-47", "how": "at-once",
        "since": timezone.now(),
    }  # fmt: skip
    return Subscriber.objects.update_or_create(
        membership=membership, defaults={**wants, **changes}
    )[0]
