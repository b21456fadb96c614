"""Making agreements count, and making them not count: the only ways the head changes.

Each runs in the caller's transaction. Two people stand before it (``changes.py``).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from joinedup.hub.agreements.models import Agreement, DutyBegins, Head, KeptPolicy, Rule
from joinedup.hub.agreements.reading import AgreementError, read_agreement
from joinedup.policy.agreement import AgreementRule
from joinedup.policy.catalogue import national
from joinedup.policy.policy import Policy, fingerprint


def publish(what: Mapping[str, Any]) -> Agreement:
    """Put an agreement in force, in place of the one with its reference if there is one.

    Takes what ``reading.read_agreement`` takes, and raises its ``AgreementError``.
    """
    read = read_agreement(what)
    with transaction.atomic():
        now = _lock()
        agreement, _ = Agreement.objects.update_or_create(
            reference=read.reference,
            defaults={
                "name": read.name,
                "document": read.document,
                "valid_from": read.valid_from,
                "valid_to": read.valid_to,
                "published_at": now,
                "revoked_at": None,
            },
        )
        agreement.rules.all().delete()
        Rule.objects.bulk_create(
            Rule(
                agreement=agreement,
                place=place,
                effect=rule.effect.value,
                sources=sorted(rule.sources),
                destinations=sorted(rule.destinations),
                record_types=sorted(rule.record_types),
                purposes=sorted(rule.purposes),
                depth=rule.depth.name.lower(),
            )
            for place, rule in enumerate(read.rules, 1)
        )
        _renew(now)
    return agreement


def revoke(reference: str) -> Agreement:
    """End an agreement at once: the next request is decided without it.

    Raises ``AgreementError`` when there is none that is in force.
    """
    with transaction.atomic():
        now = _lock()
        agreement = Agreement.objects.filter(reference=reference, revoked_at=None).first()
        if agreement is None:
            raise AgreementError(f"No agreement {reference} is in force. Nothing was revoked.")
        agreement.revoked_at = now
        agreement.save(update_fields=["revoked_at"])
        _renew(now)
    return agreement


def set_duty(code: str, begins: date | None, source: str) -> None:
    """Say on which day a duty in law begins, or, with None, that no day is set.

    Raises ``AgreementError`` for a duty that the catalogue does not have.
    """
    if code not in national().duties:
        raise AgreementError(f"The law's catalogue has no duty {code}.")
    if begins is not None and not source.strip():
        raise AgreementError("Name the regulations that set the day.")
    with transaction.atomic():
        now = _lock()
        if begins is None:
            DutyBegins.objects.filter(code=code).delete()
        else:
            DutyBegins.objects.update_or_create(
                code=code, defaults={"begins": begins, "source": source.strip()}
            )
        _renew(now)


def begin() -> None:
    """Give a new hub its first head, and keep the policy as this edition of the program reads it.

    Only where nothing was published yet: a head that has gone missing stays missing, and denies,
    until two people publish or revoke something.
    """
    with transaction.atomic():
        now = _lock()
        head = Head.objects.first()
        if head is None and not Agreement.objects.exists() and not DutyBegins.objects.exists():
            _renew(now)
        elif head is not None and head.fingerprint == fingerprint(head.content):
            _keep(policy_of(head.content), now)


def policy_of(content: Mapping[str, Any]) -> Policy:
    """Compile what a head holds; raises KeyError, TypeError or ValueError when it is damaged."""
    return Policy(
        [AgreementRule.from_facts(facts) for facts in content["agreements"]],
        {code: date.fromisoformat(day) for code, day in content["duties"].items()},
    )


def _lock() -> datetime:
    """Let one change of the head wait for another, also when there is no head yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('joinedup.hub.agreements'))")
    return timezone.now()


def _renew(now: datetime) -> None:
    rules = [
        _rule(rule)
        for rule in Rule.objects.filter(agreement__revoked_at=None)
        .select_related("agreement")
        .order_by("agreement__reference", "place")
    ]
    policy = Policy(rules, dict(DutyBegins.objects.values_list("code", "begins")))
    whole = policy.content()
    content = {name: whole[name] for name in ("agreements", "duties")}
    Head.objects.update_or_create(
        id=1,
        defaults={
            "fingerprint": fingerprint(content),
            "content": content,
            "published_at": now,
        },
    )
    _keep(policy, now)


def _keep(policy: Policy, now: datetime) -> None:
    KeptPolicy.objects.get_or_create(
        version=policy.version, defaults={"content": policy.content(), "kept_at": now}
    )


def _rule(rule: Rule) -> AgreementRule:
    return AgreementRule.from_facts(
        {
            "agreement": rule.agreement.reference,
            "name": rule.agreement.name,
            "sources": rule.sources,
            "destinations": rule.destinations,
            "record_types": rule.record_types,
            "purposes": rule.purposes,
            "depth": rule.depth,
            "effect": rule.effect,
            "valid_from": rule.agreement.valid_from.isoformat(),
            "valid_to": rule.agreement.valid_to.isoformat() if rule.agreement.valid_to else None,
        }
    )
