"""What the PDS shows of a person: less in a search than in a read, less again if restricted.

Built from what may be shown, never by taking away what may not: a field nobody thought of stays in.
"""

from collections.abc import Callable

from joinedup.pds.emulator.problems import Json
from joinedup.pds.emulator.record import current_names, is_current, security_of

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"

_UK_CORE = "https://fhir.hl7.org.uk"
_PERSON = ("gender", "birthDate", "deceasedDateTime")
_DEATH_STATUS = "DeathNotificationStatus"
_LOCATING_EXTENSIONS = (
    "NominatedPharmacy",
    "PreferredDispenserOrganization",
    "MedicalApplianceSupplier",
    "patient-birthPlace",
)
_LABELS = {"U": "unrestricted", "R": "restricted", "V": "very restricted"}


def found(patient: Json, today: str) -> Json:
    """The resource in a search's answer: current names and home address, one extension."""
    out = _base(patient)
    restricted = security_of(patient) != "U"
    _names(out, current_names(patient.get("name") or (), today))
    _copy(patient, out, _PERSON)
    if not restricted:
        homes = [a for a in _addresses(patient, today) if a["use"] == "home"]
        _location(patient, out, homes, today)
    _extensions(patient, out, lambda url: url.endswith(_DEATH_STATUS))
    return out


def read(patient: Json, today: str) -> Json:
    """The resource in the answer to a read by number: former names and birth order too."""
    out = _base(patient)
    security = security_of(patient)
    if security == "V":
        # C13: of a very restricted record only the number, version and label are shown.
        return out
    _names(out, patient.get("name") or [])
    _copy(patient, out, (*_PERSON, "multipleBirthInteger"))
    if security == "U":
        _location(patient, out, _addresses(patient, today), today)
        _extensions(patient, out, lambda url: True)
    else:
        _extensions(patient, out, lambda url: not url.endswith(_LOCATING_EXTENSIONS))
    return out


def related(line: Json, nhs_number: str, fallback_id: str) -> Json:
    """A RelatedPerson as the PDS gives it.

    A relative whose own NHS number is held is only a reference to that number: the caller reads
    the details there.
    """
    out: Json = {"resourceType": "RelatedPerson", "id": str(line.get("id") or fallback_id)}
    own = next(
        (
            str(identifier["value"])
            for identifier in line.get("identifier") or ()
            if identifier.get("system") == NHS_NUMBER_SYSTEM and identifier.get("value")
        ),
        None,
    )
    out["patient"] = {
        "type": "Patient",
        "identifier": {"system": NHS_NUMBER_SYSTEM, "value": own or nhs_number},
    }
    _copy(line, out, ("active", "relationship", "period"))
    if own is None:
        _copy(line, out, ("name", "telecom", "gender", "birthDate", "address", "extension"))
    return out


def _base(patient: Json) -> Json:
    security = security_of(patient)
    meta = patient.get("meta") or {}
    number = str(patient["id"])
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [_identifier(patient, number)],
        "meta": {
            "versionId": str(meta.get("versionId") or "1"),
            "security": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                    "code": security,
                    "display": _LABELS[security],
                }
            ],
        },
    }


def _identifier(patient: Json, number: str) -> Json:
    for identifier in patient.get("identifier") or ():
        if identifier.get("system") == NHS_NUMBER_SYSTEM and identifier.get("extension"):
            return {
                "system": NHS_NUMBER_SYSTEM,
                "value": number,
                "extension": identifier["extension"],
            }
    return {
        "system": NHS_NUMBER_SYSTEM,
        "value": number,
        "extension": [
            {
                "url": f"{_UK_CORE}/StructureDefinition/"
                "Extension-UKCore-NHSNumberVerificationStatus",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": f"{_UK_CORE}/CodeSystem/UKCore-NHSNumberVerificationStatus",
                            "version": "1.0.0",
                            "code": "01",
                            "display": "Number present and verified",
                        }
                    ]
                },
            }
        ],
    }


def _names(out: Json, names: list[Json]) -> None:
    shown = [
        # PDS never says "official"; a name without a use is the usual one.
        {**name, "use": "usual"} if name.get("use") in (None, "official", "anonymous") else name
        for name in names
    ]
    if shown:
        out["name"] = shown


def _addresses(patient: Json, today: str) -> list[Json]:
    """Current addresses: former ones are searched but never shown (C26)."""
    return [
        {**address, "use": address.get("use") or "home"}
        for address in patient.get("address") or ()
        if is_current(address, today)
    ]


def _location(patient: Json, out: Json, addresses: list[Json], today: str) -> None:
    _copy(patient, out, ("contact", "generalPractitioner", "managingOrganization"))
    telecom = [held for held in patient.get("telecom") or () if is_current(held, today)]
    if addresses:
        out["address"] = addresses
    if telecom:
        out["telecom"] = telecom


def _extensions(patient: Json, out: Json, shown: Callable[[str], bool]) -> None:
    kept = [held for held in patient.get("extension") or () if shown(str(held.get("url", "")))]
    if kept:
        out["extension"] = kept


def _copy(source: Json, out: Json, names: tuple[str, ...]) -> None:
    for name in names:
        if source.get(name) not in (None, [], ""):
            out[name] = source[name]
