"""Who may ask for what is held about a child, and what must be seen first. Pure.

UK GDPR Art. 12(6) and 15; a child's rights are the child's own (Gillick v West Norfolk [1986] AC
112; there is no age in English law, the ICO takes 12 as a guide). Parental responsibility: Children
Act 1989 s.3. A solicitor's authority is confirmed with the client by a way that the letter does not
give (A24: a forged consent). Our reading.
"""

from collections.abc import Collection
from enum import StrEnum

UNDERSTANDS_FROM = 12


class Asker(StrEnum):
    """Who asks."""

    CHILD = "child"
    PARENT = "parent"
    SOLICITOR = "solicitor"
    OTHER = "other"


WORDS = {
    Asker.CHILD: "The child, or the person as an adult",
    Asker.PARENT: "A person with parental responsibility",
    Asker.SOLICITOR: "A solicitor or another who acts for them",
    Asker.OTHER: "Somebody else with a right in law, such as an attorney or a guardian",
}


class Evidence(StrEnum):
    """What was seen or done."""

    IDENTITY = "identity"
    RESPONSIBILITY = "parental-responsibility"
    AUTHORITY = "signed-authority"
    CONFIRMED = "confirmed-with-client"
    UNDERSTANDS = "child-understands"
    CHILD_ASKED = "child-asked"
    CHILD_AGREES = "child-agrees"
    BEST_INTERESTS = "best-interests"
    COURT_ORDERS = "court-orders-checked"


EVIDENCE_WORDS = {
    Evidence.IDENTITY: "Proof of the asker’s identity was seen",
    Evidence.RESPONSIBILITY: "Proof of parental responsibility was seen",
    Evidence.COURT_ORDERS: "It was checked that no court order stands against it",
    Evidence.AUTHORITY: "Signed authority of the client was seen",
    Evidence.CONFIRMED: "The client confirmed it, reached in a way the letter did not give",
    Evidence.UNDERSTANDS: "The child understands what they ask for (a practitioner’s view)",
    Evidence.CHILD_ASKED: "The child’s view was asked",
    Evidence.CHILD_AGREES: "The child agrees",
    Evidence.BEST_INTERESTS: "It is in the child’s best interests (a practitioner’s view)",
}

_NEEDED = {
    Asker.CHILD: (Evidence.IDENTITY,),
    Asker.PARENT: (
        Evidence.IDENTITY, Evidence.RESPONSIBILITY, Evidence.COURT_ORDERS, Evidence.CHILD_ASKED,
    ),
    Asker.SOLICITOR: (Evidence.IDENTITY, Evidence.AUTHORITY, Evidence.CONFIRMED),
    Asker.OTHER: (Evidence.IDENTITY, Evidence.AUTHORITY, Evidence.COURT_ORDERS),
}  # fmt: skip


def missing(asker: Asker, age: int, seen: Collection[Evidence]) -> list[str]:
    """Give what must still be seen before anything is given out, in words; nothing when all is."""
    needed = list(_NEEDED[asker])
    if asker is Asker.CHILD and age < UNDERSTANDS_FROM:
        needed.append(Evidence.UNDERSTANDS)
    found = [EVIDENCE_WORDS[each] for each in needed if each not in seen]
    speaks_for_child = asker is Asker.PARENT and age >= UNDERSTANDS_FROM
    agreed = {Evidence.CHILD_AGREES, Evidence.BEST_INTERESTS} & set(seen)
    if speaks_for_child and not agreed:
        found.append("The child agrees, or a practitioner says that it is in their best interests")
    return found
