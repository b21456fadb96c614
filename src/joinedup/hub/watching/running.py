"""Judging looks, as they come in and again each night, and keeping what is to be reviewed."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from secrets import SystemRandom
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger.keys import keys
from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.writing import PERSON
from joinedup.hub.organisations.models import Organisation, Person
from joinedup.hub.watching import reading
from joinedup.hub.watching.judging import Finding, judge
from joinedup.hub.watching.models import Alert, AlertKind, Judged
from joinedup.hub.watching.rules import Rules, shipped
from joinedup.hub.watching.signs import SIGNS, by_person
from joinedup.policy.shield import working_days_later

WORKING_DAYS = 5
SAMPLE_SHARE, SAMPLE_LEAST = 0.01, 3
"""Of an organisation's unflagged looks of a day, by lot; and at least so many a week."""


def tonight() -> int:
    """Judge everybody's looks by every rule, and draw the samples; gives how many alerts are new.

    The same looks give the same alerts, and one that was closed stays closed.
    """
    now, rules = timezone.now(), shipped()
    seen = reading.looks(now, rules.limits)
    findings = judge((each.access for each in seen), rules)
    new = _keep(findings, seen, now)
    flagged = {look for finding in findings for look in finding.looks}
    yesterday = timezone.localdate(now) - timedelta(days=1)
    return new + _sample(seen, flagged, yesterday, now)


def just_now() -> int:
    """Judge the looks since last time, by the rules that need nobody else's looks."""
    now, rules = timezone.now(), _of_one_person(shipped())
    with transaction.atomic():
        Judged.objects.get_or_create(pk=1)
        judged = Judged.objects.select_for_update().get(pk=1)
        fresh = Entry.objects.filter(number__gt=judged.up_to, action__in=reading.LOOKS)
        last = fresh.order_by("-number").first()
        if last is None:
            return 0
        given = {bytes(each) for each in fresh.values_list("person", flat=True) if each}
        people = [
            person
            for person in Person.objects.all()
            if keys().index(PERSON, str(person.pk)) in given
        ]
        seen = reading.looks(now, rules.limits, people)
        newest = {each.access.id for each in seen if each.number > judged.up_to}
        findings = [
            each
            for each in judge((one.access for one in seen), rules)
            if newest.intersection(each.looks)
        ]
        new = _keep(findings, seen, now)
        judged.up_to = last.number
        judged.save()
    return new


def _of_one_person(rules: Rules) -> Rules:
    alone = tuple(
        rule for rule in rules.rules if all(SIGNS[sign].group is by_person for sign in rule.signs)
    )
    return replace(rules, rules=alone)


def _keep(findings: Iterable[Finding], seen: Sequence[reading.Seen], now: datetime) -> int:
    by_id = {each.access.id: each for each in seen}
    new = 0
    for finding in findings:
        organisation = by_id[finding.looks[0]].access.organisation
        new += _raise(
            AlertKind.RULE, finding.rule, finding.person, organisation, finding.day,
            finding.looks, now,
        )  # fmt: skip
    for each in seen:
        if each.shielded:
            look = each.access
            new += _raise(
                AlertKind.SHIELD, "", look.person, look.organisation, look.at.date(), [look.id], now
            )
    return new


def _raise(
    kind: AlertKind,
    rule: str,
    person: str,
    organisation: str,
    day: date,
    looks: Iterable[Hashable],
    now: datetime,
) -> bool:
    """Keep one alert, or add looks to one that still waits; says whether it is new."""
    whose = Organisation.objects.filter(ods_code=organisation).first()
    who = Person.objects.filter(pk=person).first()
    if whose is None or who is None:
        return False
    ids = [UUID(str(each)) for each in looks]
    with transaction.atomic():
        alert, made = Alert.objects.select_for_update().get_or_create(
            kind=kind, rule=rule, person=who, organisation=whose, day=day,
            defaults={
                "entries": ids,
                "raised_at": now,
                "due_by": working_days_later(timezone.localdate(now), WORKING_DAYS),
            },
        )  # fmt: skip
        if not made and not alert.outcome and set(ids) - set(alert.entries):
            alert.entries = list(dict.fromkeys([*alert.entries, *ids]))
            alert.save(update_fields=["entries"])
    return made


def _sample(seen: Sequence[reading.Seen], flagged: set[Hashable], day: date, now: datetime) -> int:
    """Draw from each organisation's other looks of a day, so that silence is not "all is well"."""
    lot = SystemRandom()
    by_organisation: dict[str, list[reading.Seen]] = {}
    for each in seen:
        if each.access.at.date() == day and each.access.id not in flagged:
            by_organisation.setdefault(each.access.organisation, []).append(each)
    new = 0
    for organisation, found in by_organisation.items():
        week = Alert.objects.filter(
            kind=AlertKind.SAMPLE, organisation__ods_code=organisation,
            day__gt=day - timedelta(days=7), day__lte=day,
        )  # fmt: skip
        if week.filter(day=day).exists():
            continue  # drawn already: a second run draws no second lot
        wanted = max(round(SAMPLE_SHARE * len(found)), SAMPLE_LEAST - week.count())
        for each in lot.sample(found, min(max(wanted, 0), len(found))):
            look = each.access
            new += _raise(AlertKind.SAMPLE, "", look.person, organisation, day, [look.id], now)
    return new
