"""The demo's organisations and people. All invented; the codes are nobody's ODS codes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CastOrganisation:
    ods_code: str
    name: str
    kind: str
    legal_class: str


@dataclass(frozen=True, slots=True)
class Persona:
    """Someone to sign in as: ``subject`` is what the provider's page shows."""

    subject: str
    name: str
    role: str
    ods_code: str

    def claims(self) -> dict[str, object]:
        """What the provider says about them."""
        return {"name": self.name, "role": self.role, "organisation": self.ods_code}


ORGANISATIONS = (
    CastOrganisation(
        "DEMOCS", "Westmarch Council children’s services", "childrens-services", "s11"
    ),
    CastOrganisation("DEMOSCH", "Harbour Primary School", "education", "s16E"),
    CastOrganisation("DEMONHS", "Westmarch Children’s Hospital", "health", "s11"),
    CastOrganisation("DEMOPOL", "Westmarch Police", "police", "s11"),
)

PERSONAS = (
    Persona("amina.yusuf", "Amina Yusuf", "social-worker", "DEMOCS"),
    Persona("tom.okafor", "Tom Okafor", "safeguarding-lead", "DEMOSCH"),
    Persona("grace.lindqvist", "Grace Lindqvist", "nurse", "DEMONHS"),
    Persona("raj.pemberton", "Raj Pemberton", "police-sergeant", "DEMOPOL"),
    Persona("helen.ashdown", "Helen Ashdown", "information-governance-lead", "DEMOCS"),
)

MACHINE_CLIENT = "westmarch-case-system"
MACHINE_CLIENT_NAME = "Westmarch case management system"
MACHINE_CLIENT_ORGANISATION = "DEMOCS"
MACHINE_CLIENT_PURPOSE = "Finding the NHS numbers of children known to children’s services"
