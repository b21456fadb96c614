"""Breaking the glass: in an emergency, one person sees what a shield hides of one child.

For half an hour, in one session, after proving again who they are, with a reason typed. The
information governance leads of both organisations are told before anything is shown. After
ContactPoint's override of shielding (Hansard, 21 April 2009). A child who is not discoverable is
not reached in this way: to such a question, to one about a child without a shield and to one about
nobody at all there is one answer.
"""

import hmac
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from joinedup.hub.agreements.asking import question
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.reconciliation import links
from joinedup.hub.rights.acting import across_organisations
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.levels import level_of
from joinedup.hub.shields.models import Alert, BreakGlass, Shield
from joinedup.identities.sealed_index import Sealed
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision, Duty
from joinedup.policy.question import Action, Child, Level
from joinedup.policy.shield import working_days_later

LASTS = timedelta(minutes=30)
SHORTEST_REASON = 20
"""Characters of a typed reason, at least."""
ACTION = "shield.break-glass"


class Emergency(models.TextChoices):
    """What is at stake: nothing less opens a shield."""

    SECTION_47 = "section-47", "Immediate risk of significant harm (section 47)"
    POLICE = "police-emergency", "Police emergency"
    MEDICAL = "medical-emergency", "Medical emergency"


_VITAL = frozenset({Emergency.POLICE, Emergency.MEDICAL})


class NothingToOpen(Exception):
    """There is nothing here that can be opened. It does not say more."""


def break_glass(
    sui: str,
    membership: Membership,
    session: str,
    *,
    emergency: Emergency,
    reason: str,
    case_reference: str,
    stepped_up: bool,
) -> BreakGlass:
    """Open the shield of one child for one person in one session, and alert both organisations.

    Gives what ``look`` then takes. Raises ``NothingToOpen`` for all else: who may not, who has not
    stepped up, a child who is not shielded, not discoverable or not known.
    """
    level = level_of(sui)
    asked = question(
        action=Action.BREAK_GLASS,
        organisation=membership.organisation,
        membership=membership,
        purpose=emergency.value,
        legal_basis="vital-interests" if emergency in _VITAL else "public-task",
        child=Child(level=level),
        reason=reason,
        emergency=emergency in _VITAL,
        stepped_up=stepped_up,
    )
    decision = decide(current_policy(), asked)
    shown = level is Level.NO_LOCATION and len(reason.strip()) >= SHORTEST_REASON and stepped_up
    facts = {
        "action": ACTION,
        "subject": sui,
        "purpose": emergency.value,
        "legal_basis": asked.legal_basis,
        "reason": reason,
        "case_reference": case_reference,
        "emergency": True,
        "policy_version": decision.policy_version,
    }
    if not decision.allowed or not shown:
        with transaction.atomic():
            record(outcome="refused", **facts)
        raise NothingToOpen
    now = timezone.now()
    with transaction.atomic():
        opened = BreakGlass(
            membership=membership,
            session=fingerprint(session),
            emergency=emergency.value,
            opened_at=now,
            ends_at=now + min(LASTS, _limit(decision)),
        )
        opened.subject = tokens().seal_text(sui, opened.pk.bytes)
        opened.save()
        told = _alert(opened, sui, membership)
        record(outcome="allowed", holders=tuple(told), **facts)
    return opened


def look(opened: BreakGlass, membership: Membership, session: str) -> list[Sealed]:
    """Give what is hidden of the child, while the glass is open, and write that it was shown.

    Raises ``NothingToOpen`` in another session, for another person, after its time, and when the
    shield has been made stronger since.
    """
    mine = opened.membership_id == membership.pk and hmac.compare_digest(
        opened.session, fingerprint(session)
    )
    if not mine or timezone.now() >= opened.ends_at:
        raise NothingToOpen
    sui = tokens().open_text(bytes(opened.subject), opened.pk.bytes)
    if level_of(sui) is Level.NOT_DISCOVERABLE:
        raise NothingToOpen
    found = [
        each
        for each in links.current().identities.shielded(sui)
        if each.level is not Level.NOT_DISCOVERABLE
    ]
    with transaction.atomic():
        BreakGlass.objects.filter(pk=opened.pk, looked_at=None).update(looked_at=timezone.now())
        record(
            action="shield.look",
            subject=sui,
            purpose=opened.emergency,
            emergency=True,
            results=len(found),
            fields=("postcode", "phone", "email"),
        )
    return found


def fingerprint(session: str) -> str:
    """Give what a session is known by here: its key itself would open it."""
    return hmac.new(settings.SECRET_KEY.encode(), session.encode(), sha256).hexdigest()


def _limit(decision: Decision) -> timedelta:
    """Give the shortest time that the policy gives such an act."""
    ends = [each.minutes for each in decision.obligations if each.duty is Duty.EXPIRE]
    return timedelta(minutes=min([each for each in ends if each is not None], default=30))


def _alert(opened: BreakGlass, sui: str, membership: Membership) -> list[str]:
    """Write to the asker's organisation and to each whose shield it is; gives their codes."""
    token = tokens().number(sui)
    shields = Shield.objects.filter(marks__token=token, level__gt=Level.OPEN)
    whose = Organisation.objects.filter(pk__in=shields.values("organisation"))
    due = working_days_later(timezone.localdate(), 1)
    told = {each.pk: each for each in (*whose, membership.organisation)}
    who = f"{membership.get_role_display()} at {membership.organisation}"
    with across_organisations():
        for organisation in told.values():
            Alert.objects.create(
                organisation=organisation,
                break_glass=opened,
                review_by=due,
                words=f"{who} opened a shield: {Emergency(opened.emergency).label}. "
                f"Look at it by {due.isoformat()}.",
            )
    return sorted(each.ods_code for each in told.values())
