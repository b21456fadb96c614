"""What the source of truth says since: a number was replaced, a flag was set or taken away."""

from functools import partial
from uuid import UUID

from django.db import transaction

from joinedup.hub.reconciliation import links
from joinedup.hub.shields.asking import Subject, put_in_force
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import ShieldMark
from joinedup.hub.shields.state import append, current, mark, on_django
from joinedup.policy.question import Level
from joinedup.policy.shield import Kind


def superseded(old: str, new: str) -> None:
    """Attach each number's shields to the other: one child has both."""
    ours = tokens()
    pair = [ours.number(old), ours.number(new)]
    shields = list(
        ShieldMark.objects.filter(token__in=pair, shield__level__gt=Level.OPEN)
        .values_list("shield_id", "shield__level")
        .distinct()
    )
    if not shields:
        return
    with transaction.atomic():
        put_in_force(Subject((old, new)), Level(max(level for _, level in shields)), None)
        for shield, _ in shields:
            mark(on_django, shield, pair, "superseded", reviewed=True)


def flagged(number: str, level: Level) -> None:
    """Keep what the source of truth's flag is now, where it is not what it was.

    A flag that was taken away leaves our own shields as they are.
    """
    own = tokens().number(number)
    shields = list(
        ShieldMark.objects.filter(token=own, shield__events__kind=Kind.SOURCE.value)
        .values_list("shield_id", flat=True)
        .distinct()
    )
    if not shields and level is Level.OPEN:
        return
    with transaction.atomic():
        changed = [each for each in shields if current(on_django, each).source is not level]
        if shields and not changed:
            return
        if level is not Level.OPEN:
            changed = [put_in_force(Subject((number,)), level, None)]
        for shield in changed:
            append(on_django, shield, Kind.SOURCE, level=level)
            if level is Level.OPEN:
                transaction.on_commit(partial(bring_to_level, shield))


def bring_to_level(shield: UUID) -> None:
    """Put back into what is searched whatever the shield hides no more.

    After the lift is committed: if this fails the child stays hidden, and it can be done again.
    """
    names = [bytes(each) for each in ShieldMark.objects.filter(shield_id=shield)
             .values_list("token", flat=True)]  # fmt: skip
    links.current().identities.relevel(names)
