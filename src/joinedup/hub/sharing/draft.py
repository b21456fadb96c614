"""A request that somebody is putting together, in their session: which parts are done, and what
may still be chosen. The policy is asked each time, so nothing can be chosen that cannot be sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from joinedup.hub.agreements.asking import basis_of
from joinedup.hub.discovery.circle import Searcher, Why
from joinedup.hub.discovery.relationships import relationship_of
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.pages import purposes, record_words
from joinedup.hub.sharing import permission
from joinedup.hub.sharing.asking import Asked, Wanted
from joinedup.hub.sharing.course import Urgency
from joinedup.policy.catalogue import Purpose

_KEY = "share_draft"
_IN_AN_EMERGENCY = ("police-emergency", "medical-emergency", "section-47", "concern")
"""What an emergency is taken to be for, until it is completed: the first that is open to them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An item that can be asked for: its value in a form, and its words."""

    value: str
    label: str


class Draft:
    """The parts of a request: ``why``, ``child``, ``who`` and ``what``."""

    def __init__(self, session: SessionBase, membership: Membership) -> None:
        self._session = session
        self.membership = membership
        self.parts: dict[str, Any] = dict(session.get(_KEY, {}))

    def keep(self, part: str, content: Mapping[str, Any]) -> None:
        """Keep a part; what no longer fits after it is dropped."""
        self.parts[part] = dict(content)
        if self.holder is None:
            self.parts.pop("who", None)
            self.parts.pop("what", None)
        elif part == "who":
            offered = {each.value for group in self.items().values() for each in group}
            chosen = self.parts.get("what", {}).get("items", [])
            if not set(chosen) <= offered:
                self.parts.pop("what", None)
        self._session[_KEY] = self.parts

    def forget(self) -> None:
        """Begin anew."""
        self._session.pop(_KEY, None)

    @property
    def is_complete(self) -> bool:
        """Whether it can be sent."""
        return {"why", "child", "who", "what"} <= self.parts.keys() and self.holder is not None

    @property
    def holder(self) -> Organisation | None:
        """Whom to ask, while the policy lets them be asked for this reason."""
        code = self.parts.get("who", {}).get("holder")
        return next((each for each in self.holders() if each.ods_code == code), None)

    def holders(self) -> list[Organisation]:
        """Every custodian that may be asked for something for this reason."""
        keys = {place.custodian_id for place in self._places()}
        found = Organisation.objects.filter(pk__in=keys).select_related("principal")
        return [each for each in found if each.pk != self.membership.organisation_id]

    def items(self) -> dict[str, list[Choice]]:
        """What the chosen custodian may be asked for, by record type; all of it comes last."""
        holder = self.holder
        types = {
            place.record_type
            for place in self._places()
            if holder is not None and place.custodian_id == holder.pk
        }
        return {
            record_words.about(each): [
                *(Choice(f"{each}/{name}", label) for name, label in record_words.fields(each)),
                Choice(f"{each}/", f"All of {record_words.about(each).lower()}"),
            ]
            for each in sorted(types)
        }

    def wanted(self, public_key: dict[str, Any]) -> Wanted:
        """The request; ``is_complete`` says whether there is one."""
        why, what, holder = self.parts["why"], self.parts["what"], self.holder
        assert holder is not None
        return Wanted(
            sui=self.parts["child"]["sui"],
            holder=holder,
            items=asked(what["items"]),
            purpose=why["purpose"],
            legal_basis=basis_of(why["purpose"], self.membership.organisation),
            reason=why["reason"],
            public_key=public_key,
            case_reference=why["case_reference"],
            whole_reason=what["whole_reason"],
            urgency=Urgency(why["urgency"]),
        )

    def _places(self) -> Iterable[Any]:
        why = self.parts.get("why")
        if not why:
            return ()
        searcher = Searcher(self.membership.organisation, membership=self.membership)
        sui = self.parts.get("child", {}).get("sui", "")
        return permission.may_ask(
            searcher,
            Why(
                why["purpose"],
                basis_of(why["purpose"], self.membership.organisation),
                why["reason"],
                relationship=relationship_of(searcher, sui),
            ),
        )


def emergency(
    membership: Membership, sui: str, holder: Organisation, reason: str, key: dict[str, Any]
) -> Wanted | None:
    """A request made of three inputs: all that the custodian may be asked for; None when that is
    nothing.
    """
    purpose = emergency_purpose(membership)
    if purpose is None:
        return None
    code, basis = purpose.code, basis_of(purpose.code, membership.organisation)
    searcher = Searcher(membership.organisation, membership=membership)
    why = Why(code, basis, reason, purpose.emergency, relationship_of(searcher, sui))
    places = permission.may_ask(searcher, why)
    types = sorted(each.record_type for each in places if each.custodian_id == holder.pk)
    if not types:
        return None
    items = [Asked(each) for each in types]
    return Wanted(sui, holder, items, code, basis, reason, key, urgency=Urgency.EMERGENCY)


def emergency_holders(membership: Membership) -> list[Organisation]:
    """Whom this person may ask in an emergency."""
    purpose = emergency_purpose(membership)
    if purpose is None:
        return []
    why = Why(
        purpose.code,
        basis_of(purpose.code, membership.organisation),
        "An emergency",
        purpose.emergency,
    )
    places = permission.may_ask(Searcher(membership.organisation, membership=membership), why)
    found = Organisation.objects.filter(pk__in={each.custodian_id for each in places})
    return [each for each in found if each.pk != membership.organisation_id]


def emergency_purpose(membership: Membership) -> Purpose | None:
    """What an emergency is taken to be for."""
    offered = {each.code: each for each in purposes.reasons(membership)}
    codes = [code for code in _IN_AN_EMERGENCY if code in offered] or list(offered)
    return offered[codes[0]] if codes else None


def asked(values: Iterable[str]) -> list[Asked]:
    """Items as a form has them."""
    return [Asked(*value.split("/", 1)) for value in values]
