"""Why something is not given to whoever asked: a closed list, each with its law. Our reading."""

from enum import StrEnum


class Exemption(StrEnum):
    """The reasons that count."""

    THIRD_PARTY = "third-party"
    SERIOUS_HARM = "serious-harm"
    CHILD_ABUSE = "child-abuse-data"
    CHILDS_WISHES = "childs-wishes"
    CRIME = "crime"
    COURT = "court"
    PRIVILEGE = "legal-privilege"
    ADOPTION = "adoption"


LAW = {
    Exemption.THIRD_PARTY: (
        "It would disclose another person, who has not agreed and whom it is not reasonable to "
        "name (DPA 2018 Sch. 2 para. 16)"
    ),
    Exemption.SERIOUS_HARM: (
        "It would be likely to cause serious harm to the physical or mental health of somebody "
        "(DPA 2018 Sch. 3 paras 5, 11, 19)"
    ),
    Exemption.CHILD_ABUSE: (
        "Child abuse data, asked for by somebody other than the child, and not in the child’s "
        "best interests (DPA 2018 Sch. 3 para. 21)"
    ),
    Exemption.CHILDS_WISHES: (
        "The child gave it expecting that it would not be passed on, or wishes so "
        "(DPA 2018 Sch. 3 paras 4, 10)"
    ),
    Exemption.CRIME: "It would prejudice an investigation (DPA 2018 Sch. 2 para. 2)",
    Exemption.COURT: "A court’s papers (DPA 2018 Sch. 3 paras 3, 9, 18)",
    Exemption.PRIVILEGE: "Legal professional privilege (DPA 2018 Sch. 2 para. 19)",
    Exemption.ADOPTION: "Adoption records (DPA 2018 Sch. 4 para. 3)",
}

NEEDS_SIGNATURE = frozenset({Exemption.SERIOUS_HARM, Exemption.CHILD_ABUSE})
"""A practitioner must say that the test is met: it is not for the data officer to judge."""
