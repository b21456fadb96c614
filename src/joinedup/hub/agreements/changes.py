"""What two people must want: publishing and revoking agreements, and the day a duty begins.

An agreement that lets out the records of one organisation alone is that organisation's to decide:
two of its own people may. Everything else is for those who run the hub: one proposes what the
organisations signed, another holds it against the document and approves.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from joinedup.hub.agreements import publishing
from joinedup.hub.agreements.forms import DutyDay, PublishAgreement, RevokeAgreement
from joinedup.hub.agreements.models import Agreement, DutyBegins, Rule
from joinedup.hub.agreements.reading import AgreementError, read_agreement
from joinedup.hub.approvals.changes import CannotBeDone, What, handles
from joinedup.hub.organisations.models import Membership, Role
from joinedup.policy.catalogue import national

DECIDE = frozenset({Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD})


def _can_be_read(what: What) -> None:
    try:
        read_agreement(what)
    except AgreementError as error:
        raise CannotBeDone(str(error)) from error
    standing = Agreement.objects.filter(reference=what["reference"]).first()
    if standing is not None and _only_holder(standing.rules.all()) != _only_source(what):
        raise CannotBeDone("This reference is another agreement's. Choose one of your own.")


def _only_source(what: What) -> str:
    """Give the one organisation whose records an agreement is about; empty when there are more."""
    rules = what.get("rules")
    named = (
        {source for rule in rules for source in rule["sources"]} if isinstance(rules, list) else ()
    )
    return _one_code(named)


def _only_holder(rules: Iterable[Rule]) -> str:
    return _one_code({source for rule in rules for source in rule.sources})


def _one_code(named: Collection[str]) -> str:
    (only, *more) = [*named, ""]
    return only if more == [""] and ":" not in only else ""


def _only_source_of(what: What) -> str:
    agreement = Agreement.objects.filter(reference=what.get("reference")).first()
    return _only_holder(agreement.rules.all()) if agreement else ""


def _is_in_force(what: What) -> None:
    if not Agreement.objects.filter(reference=what.get("reference"), revoked_at=None).exists():
        raise CannotBeDone("There is no such agreement in force.")


def _has_a_day(what: What) -> None:
    if what.get("code") not in national().duties:
        raise CannotBeDone(f"The duties are {', '.join(sorted(national().duties))}.")
    try:
        begins = _day(what)
    except (TypeError, ValueError) as error:
        raise CannotBeDone("Give the day as YYYY-MM-DD, or leave it empty for none.") from error
    if begins is not None and not str(what.get("source", "")).strip():
        raise CannotBeDone("Name the regulations that set the day.")


def _agreement_now(what: What) -> Any:
    """What stands under the reference: when that changes meanwhile, the proposal is stale."""
    found = Agreement.objects.filter(reference=what.get("reference")).first()
    return [str(found.published_at), str(found.revoked_at)] if found else None


def _duty_now(what: What) -> Any:
    return list(DutyBegins.objects.filter(code=what.get("code")).values_list("begins", "source"))


def _day(what: What) -> date | None:
    return date.fromisoformat(what["begins"]) if what.get("begins") else None


@handles(
    "agreement.publish",
    title=PublishAgreement.title,
    roles=DECIDE,
    whose=_only_source,
    check=_can_be_read,
    world=_agreement_now,
)
def publish(what: What, by: Membership) -> None:
    """Put an agreement in force."""
    publishing.publish(what)


@handles(
    "agreement.revoke",
    title=RevokeAgreement.title,
    roles=DECIDE,
    whose=_only_source_of,
    check=_is_in_force,
    world=_agreement_now,
)
def revoke(what: What, by: Membership) -> None:
    """End an agreement at once."""
    publishing.revoke(what["reference"])


@handles(
    "duty.begins",
    title=DutyDay.title,
    roles=DECIDE,
    check=_has_a_day,
    world=_duty_now,
)
def duty_begins(what: What, by: Membership) -> None:
    """Set or clear the first day of a duty in law."""
    publishing.set_duty(what["code"], _day(what), str(what.get("source", "")))
