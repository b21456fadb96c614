"""How an outcome is said to a practitioner: words and a tag first, never a bare score."""

from dataclasses import dataclass

from joinedup.identify.outcome import Status


@dataclass(frozen=True, slots=True)
class Words:
    """A heading, a tag and its colour, and one sentence on what it means."""

    tag: str
    colour: str
    heading: str
    meaning: str


OUTCOME_WORDS = {
    Status.MATCH: Words(
        "Match",
        "green",
        "We found this child",
        "The details you entered agree with one person, and with no one else.",
    ),
    Status.POTENTIAL_MATCH: Words(
        "Not certain",
        "yellow",
        "We may have found this child, but we are not certain",
        "No number is shown, because a wrong number could open another child’s record.",
    ),
    Status.LOW_CONFIDENCE_MATCH: Words(
        "Weak",
        "orange",
        "We found someone a little like this child",
        "No number is shown. It is more likely than not to be someone else.",
    ),
    Status.MANY_MATCH: Words(
        "More than one",
        "yellow",
        "More than one person fits these details",
        "No number is shown, because we cannot tell them apart.",
    ),
    Status.NO_MATCH: Words(
        "No match",
        "grey",
        "We did not find this child",
        "The NHS has answered: nobody fits the details as you entered them.",
    ),
    Status.INVALID: Words(
        "Cannot be used",
        "red",
        "These details cannot be looked up",
        "Nothing was asked, because the details needed to find a child are missing or wrong.",
    ),
    Status.UNAVAILABLE: Words(
        "No answer",
        "red",
        "The NHS service did not answer",
        "This does not mean that the child has no NHS number. Nothing was learnt about the child.",
    ),
}

FIELD_WORDS = {
    "given": "Given name",
    "family": "Family name",
    "birth_date": "Date of birth",
    "gender": "Gender",
    "postcode": "Postcode",
    "phone": "Phone number",
    "email": "Email address",
    "nhs_number": "NHS number already held",
    "upn": "Unique pupil number",
}


def grouped(nhs_number: str) -> str:
    """An NHS number in its printed form, 3-3-4."""
    return f"{nhs_number[:3]} {nhs_number[3:6]} {nhs_number[6:]}"
