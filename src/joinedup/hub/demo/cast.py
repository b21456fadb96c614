"""The demo's organisations and people. All invented; the codes are nobody's ODS codes."""

from collections.abc import Iterable
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

    @property
    def is_administrator(self) -> bool:
        """Whether the hub must have given them their role: their provider's word is not enough."""
        return self.role == "administrator"

    def as_dict(self) -> dict[str, str]:
        """For ``demo.json`` and the provider's page."""
        return {
            "subject": self.subject,
            "name": self.name,
            "role": self.role,
            "organisation": NAMES[self.ods_code],
        }


ORGANISATIONS = (
    CastOrganisation(
        "DEMOCS", "Westmarch Council children’s services", "childrens-services", "s11"
    ),
    CastOrganisation("DEMOSCH", "Harbour Schools Trust", "education", "s16E"),
    CastOrganisation("DEMOSC2", "Moorland Academies Trust", "education", "s16E"),
    CastOrganisation("DEMONHS", "Westmarch Children’s Hospital", "health", "s11"),
    CastOrganisation("DEMOGPF", "Westmarch GP Federation", "health", "s11"),
    CastOrganisation("DEMOPOL", "Westmarch Police", "police", "s11"),
)

HUB_TEAM = CastOrganisation("DEMOHUB", "Westmarch Partnership Office", "supplier", "other")
"""Who runs the hub: it shares nothing, and no agreement names it."""

NAMES = {one.ods_code: one.name for one in (*ORGANISATIONS, HUB_TEAM)}


@dataclass(frozen=True, slots=True)
class CastCustodian:
    """An agency's node: which of the region's files it has, and what it answers for.

    ``half`` is which half of the schools a trust runs. ``setting``, ``practice`` and ``authority``
    are what the agency knows of itself and its files do not say.
    """

    ods_code: str
    agency: str
    system: str
    system_name: str
    record_types: tuple[str, ...]
    contact: str
    telephone: str
    numbers: str = "to-verify"
    half: int | None = None
    setting: str = ""
    practice: str = ""
    authority: str = ""

    @property
    def client_id(self) -> str:
        """Its node's machine client."""
        return f"{self.ods_code.lower()}-node"

    @property
    def email(self) -> str:
        """Whom to write to."""
        return f"safeguarding@{self.ods_code.lower()}.example"


_EDUCATION = ("personal.details", "education.details")
_HEALTH = ("personal.details", "health.details")

CUSTODIANS = (
    CastCustodian(
        "DEMOCS", "childrens_services", "cms", "Case management",
        ("personal.details", "childrens-services.details", "placement.details"), "Duty desk",
        "0113 496 0100", authority="Westmarch Council",
    ),
    CastCustodian(
        "DEMOSCH", "schools", "mis", "Pupil records", _EDUCATION, "Safeguarding lead",
        "0113 496 0200", half=0,
    ),
    CastCustodian(
        "DEMOSC2", "schools", "mis", "Pupil records", _EDUCATION, "Safeguarding lead",
        "0113 496 0210", half=1,
    ),
    # Hospitals and practices trace their numbers with the PDS themselves.
    CastCustodian(
        "DEMONHS", "health", "pas", "Patient administration", _HEALTH, "Safeguarding nurse",
        "0113 496 0300", numbers="verified", setting="Hospital",
    ),
    CastCustodian(
        "DEMOGPF", "gp", "gp", "Practice records", _HEALTH, "Safeguarding administrator",
        "0113 496 0310", numbers="verified", setting="GP", practice="Westmarch GP Federation",
    ),
    CastCustodian(
        "DEMOPOL", "police", "occurrences", "Occurrences",
        ("personal.details", "crime-justice.details"), "Child protection unit", "0113 496 0400",
    ),
)  # fmt: skip

NODE_SCOPES = (
    "get-an-identifier.read", "register.write", "work-item.read", "work-item.write", "audit",
)  # fmt: skip
NODE_PURPOSE = "Knowing our children by one number, and answering for our records"

AGREEMENT_REFERENCE = "WSP-2026"
AGREEMENT_NAME = "Westmarch safeguarding partnership"
_NOT_SHARED_FOR = frozenset({"identifier", "register"})  # purposes of our own records alone


def agreement(purposes: Iterable[str]) -> dict[str, object]:
    """What the agencies agreed: all share with all, for the purposes that the law knows.

    The law's catalogue limits it further: who may ask, in which role, and how deep.
    """
    codes = [one.ods_code for one in ORGANISATIONS]
    return {
        "reference": AGREEMENT_REFERENCE,
        "name": AGREEMENT_NAME,
        "document": "Invented for the demo",
        "valid_from": "2026-01-01",
        "rules": [
            {
                "sources": codes,
                "destinations": codes,
                "record_types": sorted({kind for one in CUSTODIANS for kind in one.record_types}),
                "purposes": sorted(set(purposes) - _NOT_SHARED_FOR),
                "depth": "content",
            }
        ],
    }


PERSONAS = (
    Persona("amina.yusuf", "Amina Yusuf", "social-worker", "DEMOCS"),
    Persona("tom.okafor", "Tom Okafor", "safeguarding-lead", "DEMOSCH"),
    Persona("grace.lindqvist", "Grace Lindqvist", "nurse", "DEMONHS"),
    Persona("raj.pemberton", "Raj Pemberton", "police-sergeant", "DEMOPOL"),
    Persona("helen.ashdown", "Helen Ashdown", "information-governance-lead", "DEMOCS"),
    Persona("priya.raman", "Priya Raman", "data-officer", "DEMOCS"),
    # A shield is confirmed by two who did not ask for it; the hub's own desk sees all of them.
    Persona("nadia.bello", "Nadia Bello", "shield-reviewer", "DEMOCS"),
    Persona("owen.hartley", "Owen Hartley", "shield-reviewer", "DEMOHUB"),
    Persona("ada.whitlock", "Ada Whitlock", "administrator", "DEMOHUB"),
    Persona("joe.mensah", "Joe Mensah", "administrator", "DEMOHUB"),
)


def persona(subject: str) -> Persona:
    """The persona of that name."""
    return next(one for one in PERSONAS if one.subject == subject)


WORKER = "amina.yusuf"  # who has a caseload, and asked for a shield
SHIELD_REASON = "Invented for the demo: moved to a refuge with her mother"

ASKER = "raj.pemberton"  # who asked children's services, and waits
REQUEST_PURPOSE = "missing"
REQUEST_CASE = "MISPER-118"
REQUEST_REASON = "Reported missing on Saturday evening. Who works with the family, and since when?"
REQUEST_ITEMS = (
    ("childrens-services.details", "keyWorker"),
    ("childrens-services.details", "teamInvolvement"),
)

MACHINE_CLIENT = "westmarch-case-system"
MACHINE_CLIENT_NAME = "Westmarch case management system"
MACHINE_CLIENT_ORGANISATION = "DEMOCS"
MACHINE_CLIENT_PURPOSE = "Finding the NHS numbers of children known to children’s services"
