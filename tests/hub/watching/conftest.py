"""A hub with a child, people who look, and information governance leads."""

from types import SimpleNamespace

import pytest

from tests.hub.reviewing import elsewhere, record

SUI = "9990000018"


@pytest.fixture
def hub(links, organisation, browser_client):
    """T1 (council) and T2 (trust), the hub's own team, a child with a record, and a way to look."""
    from joinedup.hub.ledger import writing
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened
    from tests.hub.organisations.people import browser, hub_team, member

    links.identities.add(record("schools", "S1", nhs_number=SUI))
    trust = elsewhere()
    pat = member(organisation, "social-worker", "Pat Testerton")

    def look(by=pat, sui=SUI, **facts):
        known = {
            "action": "identifier.look-up", "outcome": "Match", "subject": sui,
            "organisation": by.organisation.ods_code, "person": str(by.person_id),
            "role": by.role, "purpose": "section-47", "reason": "Bruises seen",
            "case_reference": "C-7",
        }  # fmt: skip
        return writing.record(**{**known, **facts})

    return SimpleNamespace(
        organisation=organisation, trust=trust, pat=pat, look=look,
        lead=member(organisation, "information-governance-lead", "Lee Lead"),
        trust_lead=member(trust, "information-governance-lead", "Tia Lead"),
        hub_lead=member(hub_team(), "information-governance-lead", "Hal Lead"),
        browser=browser, member=member,
        last=lambda: opened(Entry.objects.order_by("-number")[:1])[0],
        entries=lambda: opened(Entry.objects.order_by("number")),
    )  # fmt: skip
