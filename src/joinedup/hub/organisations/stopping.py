"""Stopping a client, a key or a person at once. One person may: to let it back in takes two.

A stolen key does its harm while a second person is looked for. Stopping fails safe, takes effect
on the next request, and is in the ledger like all else.
"""

from django.db import transaction
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import ClientKey, MachineClient, Membership, Person
from joinedup.hub.pages.sessions import end_all


def revoke_client(client: MachineClient, by: Membership | None, why: str) -> None:
    """End a client and every token it has; ``by`` is None at the command line."""
    with transaction.atomic():
        MachineClient.objects.filter(pk=client.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        _record("client.revoke", f"{client.client_id}: {why}", client.organisation.ods_code, by)


def revoke_key(key: ClientKey, by: Membership | None, why: str) -> None:
    """End one key of a client, and the tokens that were got with it."""
    with transaction.atomic():
        ClientKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
        client = key.client
        _record(
            "client.revoke-key",
            f"{client.client_id}, {key.kid}: {why}",
            client.organisation.ods_code,
            by,
        )


def block_person(person: Person, organisation: str, by: Membership | None, why: str) -> None:
    """Keep a person out, from the next click; ``organisation`` is the code of where they work."""
    with transaction.atomic():
        Person.objects.filter(pk=person.pk, blocked_at=None).update(blocked_at=timezone.now())
        end_all(person)  # so that none of them lives on once the person is let in again
        _record("person.block", f"person {person.pk}: {why}", organisation, by)


def _record(action: str, reason: str, whose: str, by: Membership | None) -> None:
    who = (
        {"organisation": by.organisation.ods_code, "person": str(by.person_id), "role": by.role}
        if by
        else {"client": "command line"}
    )
    record(action=action, outcome="allowed", reason=reason, holders=(whose,), **who)
