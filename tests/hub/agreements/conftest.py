"""A school and children's services, what they signed, and a question between them."""

from datetime import date

import pytest

from joinedup.policy.question import Action, Child, Relationship


@pytest.fixture
def school(organisation):
    from joinedup.hub.organisations.models import Organisation

    return Organisation.objects.create(
        ods_code="SCH",
        name="Harbour Primary School",
        kind="education",
        legal_class="s16E",
        valid_from=date(2020, 1, 1),
    )


@pytest.fixture
def agreement(organisation, school):
    """What the school and children's services signed."""
    return {
        "reference": "DSA-7",
        "name": "Families first",
        "document": "Board paper 12",
        "valid_from": "2024-01-01",
        "rules": [
            {
                "sources": ["SCH"],
                "destinations": ["kind:childrens-services"],
                "record_types": ["education.details"],
                "purposes": ["section-47"],
                "depth": "content",
            }
        ],
    }


@pytest.fixture
def find(organisation, school):
    """A social worker asks the school, for a child in their caseload."""
    from joinedup.hub.agreements.asking import question

    return question(
        action=Action.FIND,
        organisation=organisation,
        role="social-worker",
        purpose="section-47",
        legal_basis="public-task",
        child=Child(born=date(2015, 6, 1)),
        holder=school,
        record_type="education.details",
        relationship=Relationship.CASELOAD,
    )
