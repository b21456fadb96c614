"""From the PDS's FHIR JSON to the few fields we read.

A tolerant reader: whatever it does not know it passes over, and an optional field in an odd shape
counts as absent. What may not be guessed (whose record it is, how protected it is) must be
right, or the whole answer is a :class:`MalformedAnswer`.
"""

from collections.abc import Iterator

from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.pds.related import RelatedPerson
from joinedup.people.nhs_number import well_formed

_NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"

# MATCHED_NHS_NO of the batch service: "no match" and "several", both with a right check digit
# (MPS handbook). A record must never carry one.
_SENTINELS = frozenset({"0000000000", "9999999999"})

_MOST_CAREFUL_FIRST = (Security.VERY_RESTRICTED, Security.RESTRICTED, Security.UNRESTRICTED)


class MalformedAnswer(ValueError):
    """The PDS sent something that cannot be read. The text holds nothing of what was sent."""


def parse_patient(resource: object) -> PdsPatient:
    """Read a FHIR ``Patient``. Raises :class:`MalformedAnswer` and nothing else."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        raise MalformedAnswer("not a Patient")
    nhs_number = _text(resource.get("id"))
    if nhs_number is None or not is_nhs_number(nhs_number):
        raise MalformedAnswer("a Patient without a valid NHS number")
    meta = _object(resource.get("meta"))
    return PdsPatient(
        nhs_number=nhs_number,
        security=_security(meta),
        names=_names(resource.get("name")),
        birth_date=_text(resource.get("birthDate")),
        gender=_text(resource.get("gender")),
        addresses=tuple(_address(item) for item in _objects(resource.get("address"))),
        phones=_contacts(resource.get("telecom"), "phone"),
        emails=_contacts(resource.get("telecom"), "email"),
        gp_ods=_general_practice(resource.get("generalPractitioner")),
        multiple_birth=_whole(resource.get("multipleBirthInteger")),
        deceased=_deceased(resource),
        version=_text(meta.get("versionId")),
    )


def parse_related_person(resource: object, asked: str) -> RelatedPerson:
    """Read a FHIR ``RelatedPerson`` of the patient ``asked``; raises :class:`MalformedAnswer`."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "RelatedPerson":
        raise MalformedAnswer("not a RelatedPerson")
    period = _object(resource.get("period"))
    own = _referenced_number(_object(resource.get("patient")))
    return RelatedPerson(
        nhs_number=own if own != asked else None,
        relationships=tuple(
            code
            for concept in _objects(resource.get("relationship"))
            for coding in _objects(concept.get("coding"))
            if (code := _text(coding.get("code")))
        ),
        names=_names(resource.get("name")),
        phones=_contacts(resource.get("telecom"), "phone"),
        addresses=tuple(_address(item) for item in _objects(resource.get("address"))),
        active=resource.get("active") is not False,
        start=_text(period.get("start")),
        end=_text(period.get("end")),
    )


def is_nhs_number(text: str) -> bool:
    """Whether the PDS could have issued this number: ten digits, right check digit, no sentinel."""
    return well_formed(text) and text not in _SENTINELS


def _security(meta: dict[str, object]) -> Security:
    """The strictest label. An unknown label counts as very restricted, none at all as restricted:
    where a protected child lives must not depend on a label that we failed to understand.
    """
    codes = {_text(label.get("code")) for label in _objects(meta.get("security"))}
    if not codes:
        return Security.RESTRICTED
    if not codes <= {level.value for level in Security}:
        return Security.VERY_RESTRICTED
    return next(level for level in _MOST_CAREFUL_FIRST if level.value in codes)


def _names(value: object) -> tuple[PdsName, ...]:
    return tuple(
        PdsName(
            use=_text(item.get("use")) or "usual",
            given=_texts(item.get("given")),
            family=_text(item.get("family")),
            start=_text(_object(item.get("period")).get("start")),
            end=_text(_object(item.get("period")).get("end")),
        )
        for item in _objects(value)
    )


def _address(item: dict[str, object]) -> PdsAddress:
    period = _object(item.get("period"))
    return PdsAddress(
        use=_text(item.get("use")) or "home",
        lines=_texts(item.get("line")),
        postcode=_text(item.get("postalCode")),
        start=_text(period.get("start")),
        end=_text(period.get("end")),
    )


def _contacts(value: object, system: str) -> tuple[str, ...]:
    return tuple(
        text
        for item in _objects(value)
        if item.get("system") == system and (text := _text(item.get("value")))
    )


def _general_practice(value: object) -> str | None:
    for item in _objects(value):
        code = _text(_object(item.get("identifier")).get("value"))
        if code:
            return code
    return None


def _deceased(resource: dict[str, object]) -> str | None:
    when = _text(resource.get("deceasedDateTime"))
    if when is None and resource.get("deceasedBoolean") is True:
        return "true"
    return when


def _referenced_number(reference: dict[str, object]) -> str | None:
    identifier = _object(reference.get("identifier"))
    number = (
        _text(identifier.get("value"))
        if identifier.get("system") in (None, _NHS_NUMBER_SYSTEM)
        else None
    )
    if number is None:
        number = (_text(reference.get("reference")) or "").rpartition("/")[2]
    return number if is_nhs_number(number) else None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.strip() or None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(text for item in value if (text := _text(item)))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
