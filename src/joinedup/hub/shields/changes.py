"""What two people decide about shields: a lift, and a pair that is never to be joined."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from joinedup.hub.approvals.changes import CannotBeDone, handles
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.reconciliation import links
from joinedup.hub.shields.asking import acting, hide_cases_of_both
from joinedup.hub.shields.following import bring_to_level
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import SealedPair, Shield, ShieldEvent
from joinedup.hub.shields.reviewing import LIFT
from joinedup.hub.shields.state import append, current, on_django
from joinedup.identities.linking_index import Side
from joinedup.identities.store import Refused
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind, may_lift

KEEP_APART = "shield.keep-apart"

What = dict[str, Any]


def _whose(what: What) -> str:
    shield = Shield.objects.filter(pk=what["shield"]).select_related("organisation").first()
    return shield.organisation.ods_code if shield and shield.organisation else ""


def _events(what: What) -> Any:
    """A lift that was asked for before something else happened to the shield is stale."""
    last = ShieldEvent.objects.filter(shield=what["shield"]).last()
    return last.number if last else None


@handles(LIFT, title="Lift a shield", roles={Role.SHIELD_REVIEWER}, whose=_whose, world=_events)
def lift(what: What, by: Membership) -> None:
    """Lower a shield to what was asked for."""
    shield, to = UUID(what["shield"]), Level(what["to"])
    if not may_lift(current(on_django, shield), acting(by), to):
        raise CannotBeDone("A shield is lifted by two people, and as far as both say.")
    append(on_django, shield, Kind.LIFT, by=acting(by), level=to)
    transaction.on_commit(partial(bring_to_level, shield))


@handles(KEEP_APART, title="Keep two records apart", roles={Role.SHIELD_REVIEWER})
def keep_apart(what: What, by: Membership) -> None:
    """Seal a pair that is never to be joined, and forget what it was."""
    pair = SealedPair.objects.filter(pk=what["pair"]).first()
    if pair is None:
        raise CannotBeDone("What was to be kept apart is gone: propose it again.")
    sides = json.loads(tokens().open_text(bytes(pair.box), pair.pk.bytes))
    try:
        links.current().identities.forbid(*(Side(tuple(numbers)) for numbers in sides))
    except Refused as refusal:
        raise CannotBeDone(str(refusal)) from None
    hide_cases_of_both()
    pair.delete()
