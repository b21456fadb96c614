"""What is in the ledger in codes, in words that a family understands."""

import re
from functools import cache

from django.utils import timezone

from joinedup.chronology.fields import described
from joinedup.hub.ledger.looked import HeldBack
from joinedup.hub.organisations.models import Organisation, Role
from joinedup.policy.catalogue import national
from joinedup.policy.question import Relationship

_ACTIONS = {
    "identifier.look-up": "Looked up the NHS number",
    "identifier.show": "Saw the NHS number",
    "identifier.collect": "Collected the NHS number",
    "record.find": "Asked who holds records",
    "record.find.read": "Saw who holds records",
    "record.find.cancel": "Stopped asking who holds records",
    "record.fetch": "Asked for a record",
    "record.read": "Read a record",
    "record.list": "Saw the list of records asked for",
    "review.show": "Saw a review case",
    "review.decide": "Decided a review case",
    "review.undo": "Took back a decision",
    "shield.ask": "Asked for protection of the child’s details",
    "shield.break-glass": "Opened protected details in an emergency",
    "shield.look": "Saw protected details in an emergency",
    "shield.contact": "Asked to be put in touch with whoever works with the child",
    "work.claim": "Was asked whether it holds records",
    "work.result": "Answered whether it holds records",
    "work.decide": "Decided whether to share a record",
    "share.request": "Asked another organisation to share something",
    "share.offer": "Shared something with another organisation",
    "share.decide": "Decided what to share",
    "share.read": "Read what was shared",
    "share.message": "Wrote about what was asked for",
    "share.hand-on": "Handed a request on to the safeguarding lead",
    "ledger.who-looked": "Read who looked",
    "ledger.who-looked-for-family": "Wrote for the family who looked",
    "ledger.hold-back": "Held an entry back from the family",
    "ledger.show-again": "No longer holds an entry back",
}
_FIELDS = {
    "nhs_number": "NHS number",
    "identity": "that the child is known",
    "postcode": "postcode",
    "phone": "telephone",
    "email": "email",
}
_OUTCOMES = {"allowed": "Done", "refused": "Refused", "failed": "Failed"}
_RELATIONSHIPS = {
    Relationship.CASELOAD.value: "The child was in their caseload",
    Relationship.OPEN_REQUEST.value: "They were answering a request about the child",
    Relationship.SELF_CLAIMED.value: "By their own word: no caseload, no open request",
}
HELD_BACK = {
    HeldBack.POLICE.value: "A police investigation that it would tip off",
    HeldBack.SECTION_47.value: "Enquiries under section 47 that it would harm",
    HeldBack.SERIOUS_HARM.value: "Serious harm to somebody",
}


class Words:
    """Names of organisations are read once; a code that nobody knows stands for itself."""

    def __init__(self) -> None:
        self._organisations = dict(Organisation.objects.values_list("ods_code", "name"))

    def organisation(self, code: str) -> str:
        """Give an organisation's name."""
        return self._organisations.get(code, code)

    def action(self, code: str) -> str:
        """Give what was done."""
        return _ACTIONS.get(code, code.replace(".", ", ").replace("-", " ").capitalize())

    def outcome(self, code: str) -> str:
        """Give what came of it."""
        return _OUTCOMES.get(code, code)

    def field(self, code: str) -> str:
        """Give what was shown."""
        return (
            _labels().get(code)
            or re.sub("([a-z])([A-Z])", r"\1 \2", code).replace("_", " ").lower()
        )

    def role(self, code: str) -> str:
        """Give a role's name; a system has none."""
        return str(Role(code).label) if code in Role.values else code or "A computer system"

    def purpose(self, code: str) -> str:
        """Give a purpose's name."""
        known = national().purposes.get(code)
        return known.name if known else code

    def relationship(self, code: str) -> str:
        """Give how whoever asked was known to have to do with the child; empty when not said."""
        return _RELATIONSHIPS.get(code, code)

    def moment(self, at: object) -> str:
        """Give a moment as people write it."""
        local = timezone.localtime(at)  # type: ignore[arg-type]
        return f"{local.day} {local:%B %Y, %H:%M}"


@cache
def _labels() -> dict[str, str]:
    found = dict(_FIELDS)
    for known in described().values():
        labels = {name: each.label for name, each in known.details.items()}
        labels |= {name: each.label for name, each in known.events.items()}
        found = {name: _inside(label) for name, label in labels.items()} | found
    return found


def _inside(label: str) -> str:
    """A label inside a sentence: an abbreviation stays as it is."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
