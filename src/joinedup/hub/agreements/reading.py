"""Reading an agreement that somebody proposes: plain facts, checked against what exists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from joinedup.hub.organisations.models import Kind, Organisation
from joinedup.policy.agreement import AgreementRule
from joinedup.policy.catalogue import national
from joinedup.policy.footing import LEGAL_CLASSES


class AgreementError(ValueError):
    """The agreement cannot be published as it is; the text says what to put right."""


@dataclass(frozen=True, slots=True)
class ProposedAgreement:
    """An agreement as it was read."""

    reference: str
    name: str
    document: str
    valid_from: date
    valid_to: date | None
    rules: tuple[AgreementRule, ...]


def read_agreement(what: Mapping[str, Any]) -> ProposedAgreement:
    """Read an agreement from JSON values; raises ``AgreementError``.

    Takes ``reference``, ``name``, ``valid_from``, optional ``valid_to`` and ``document``, and
    ``rules``: each with ``sources``, ``destinations``, ``record_types``, ``purposes``, ``depth``
    (``existence`` or ``content``) and optional ``effect`` (``allow`` or ``deny``).
    """
    try:
        reference, name = str(what["reference"]).strip(), str(what["name"]).strip()
        begins = date.fromisoformat(what["valid_from"])
        ends = date.fromisoformat(what["valid_to"]) if what.get("valid_to") else None
        rules = tuple(
            AgreementRule.from_facts(
                {
                    "effect": "allow",
                    **rule,
                    "agreement": reference,
                    "name": name,
                    "valid_from": what["valid_from"],
                    "valid_to": what.get("valid_to"),
                }
            )
            for rule in what["rules"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AgreementError(f"The agreement cannot be read: {error!r}.") from error
    if not reference or not name:
        raise AgreementError("An agreement needs a reference and a name.")
    if ends is not None and ends < begins:
        raise AgreementError("The agreement ends before it begins. Correct its dates.")
    if not rules:
        raise AgreementError("An agreement needs a rule: without one it allows nothing.")
    for place, rule in enumerate(rules, 1):
        _check(place, rule)
    return ProposedAgreement(reference, name, str(what.get("document", "")), begins, ends, rules)


def _check(place: int, rule: AgreementRule) -> None:
    catalogue = national()
    _known(place, "record types", rule.record_types, catalogue.record_types)
    _known(place, "purposes", rule.purposes, catalogue.purposes)
    named = rule.sources | rule.destinations
    if not rule.sources or not rule.destinations:
        raise AgreementError(f"Rule {place} names no source or no destination.")
    classes = {"kind:" + kind for kind in Kind.values} | {"class:" + each for each in LEGAL_CLASSES}
    codes = {each for each in named if ":" not in each}
    found = Organisation.objects.filter(ods_code__in=codes).values_list("ods_code", flat=True)
    _known(place, "organisations", named, classes | set(found))


def _known(place: int, what: str, named: Collection[str], known: Collection[str]) -> None:
    unknown: Sequence[str] = sorted(set(named) - set(known))
    if unknown:
        raise AgreementError(
            f"Rule {place} names {what} that are not known here: {', '.join(unknown)}. "
            "Register them first, or correct the name."
        )
    if not named:
        raise AgreementError(f"Rule {place} names no {what}.")
