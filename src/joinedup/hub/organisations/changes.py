"""How changes to organisations, systems, clients and granted roles are applied, once approved."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from joinedup.hub.approvals.changes import Apply, handles
from joinedup.hub.organisations import forms
from joinedup.hub.organisations.models import (
    ClientKey,
    Grant,
    MachineClient,
    Membership,
    Organisation,
    Person,
    System,
)

What = dict[str, Any]


def _applies(form: type[forms.ChangeForm], **options: Any) -> Callable[[Apply], Apply]:
    """Register a handler for the form's kind of change."""

    def register(apply: Apply) -> Apply:
        return handles(form.kind, title=form.title, check=form.check, **options)(apply)

    return register


def _organisation_as_it_is(what: What) -> Any:
    """All of an organisation: a change made to another state than this one is stale."""
    code = what.get("ods_code") or what.get("organisation")
    return list(Organisation.objects.filter(ods_code=code).values())


def _client_as_it_is(what: What) -> Any:
    found = MachineClient.objects.filter(client_id=what["client_id"])
    keys = [
        list(client.keys.order_by("pk").values_list("kid", "expires_at", "revoked_at"))
        for client in found
    ]
    return [list(found.values()), keys]


def _its_own(what: What) -> str:
    """A client's own organisation."""
    client = MachineClient.objects.filter(client_id=what.get("client_id")).first()
    return client.organisation.ods_code if client else ""


def _person(what: What) -> tuple[str, str]:
    return what["issuer"], what["subject"]


@_applies(forms.OpenOrganisation, world=_organisation_as_it_is)
def open_organisation(what: What, by: Membership) -> None:
    Organisation.objects.create(ods_code=what["ods_code"], **_columns(what))


@_applies(forms.ChangeOrganisation, world=_organisation_as_it_is)
def change_organisation(what: What, by: Membership) -> None:
    Organisation.objects.filter(ods_code=what["ods_code"]).update(**_columns(what))


def _columns(what: What) -> dict[str, Any]:
    principal = what["principal"]
    return {
        "name": what["name"],
        "kind": what["kind_of_work"],
        "legal_class": what["legal_class"],
        "evidence": what["evidence"],
        "principal": Organisation.objects.get(ods_code=principal) if principal else None,
        "valid_from": what["valid_from"],
        "valid_to": what["valid_to"],
    }


@_applies(forms.CloseOrganisation, world=_organisation_as_it_is)
def close_organisation(what: What, by: Membership) -> None:
    Organisation.objects.filter(ods_code=what["ods_code"]).update(valid_to=what["last_day"])


@_applies(
    forms.OpenSystem, whose=lambda what: str(what["organisation"]), world=_organisation_as_it_is
)
def open_system(what: What, by: Membership) -> None:
    System.objects.create(
        organisation=Organisation.objects.get(ods_code=what["organisation"]),
        code=what["code"],
        name=what["name"],
    )


@_applies(
    forms.CloseSystem, whose=lambda what: str(what["organisation"]), world=_organisation_as_it_is
)
def close_system(what: What, by: Membership) -> None:
    System.objects.filter(
        organisation__ods_code=what["organisation"], code=what["code"], closed_at=None
    ).update(closed_at=timezone.now())


@_applies(forms.OpenClient, world=_client_as_it_is)
def open_client(what: What, by: Membership) -> None:
    client = MachineClient.objects.create(
        client_id=what["client_id"],
        organisation=Organisation.objects.get(ods_code=what["organisation"]),
        **_client_columns(what),
    )
    if what["key"]:
        client.add_key(what["key"], client.expires_at)


@_applies(forms.ChangeClient, world=_client_as_it_is)
def change_client(what: What, by: Membership) -> None:
    MachineClient.objects.filter(client_id=what["client_id"]).update(**_client_columns(what))


def _client_columns(what: What) -> dict[str, Any]:
    return {
        "name": what["name"],
        "scopes": what["scopes"],
        "purpose": what["purpose"],
        "requests_per_minute": what["requests_per_minute"],
        "jwks_uri": what["jwks_uri"],
        "expires_at": _end_of(what["expires_on"]),
    }


@_applies(forms.AddKey, whose=_its_own, world=_client_as_it_is)
def add_key(what: What, by: Membership) -> None:
    client = MachineClient.objects.get(client_id=what["client_id"])
    if what["older_end_on"]:
        end = _end_of(what["older_end_on"])
        client.keys.filter(expires_at__gt=end).update(expires_at=end)
    client.add_key(what["key"], _end_of(what["expires_on"]))


@_applies(forms.GiveRole, about=_person)
def give_role(what: What, by: Membership) -> None:
    Grant.objects.create(
        organisation=Organisation.objects.get(ods_code=what["organisation"]),
        role=what["role"],
        issuer=what["issuer"],
        subject=what["subject"],
        granted_at=timezone.now(),
    )


@_applies(forms.EndRole, about=_person)
def end_role(what: What, by: Membership) -> None:
    now = timezone.now()
    Grant.objects.filter(
        organisation__ods_code=what["organisation"],
        role=what["role"],
        issuer=what["issuer"],
        subject=what["subject"],
        ended_at=None,
    ).update(ended_at=now)
    Membership.objects.filter(
        organisation__ods_code=what["organisation"],
        role=what["role"],
        person__issuer=what["issuer"],
        person__subject=what["subject"],
        ended_at=None,
    ).update(ended_at=now)


@_applies(forms.LetInClient, world=_client_as_it_is)
def let_in_client(what: What, by: Membership) -> None:
    MachineClient.objects.filter(client_id=what["client_id"]).update(revoked_at=None)


@_applies(forms.LetInKey, whose=_its_own, world=_client_as_it_is)
def let_in_key(what: What, by: Membership) -> None:
    ClientKey.objects.filter(client__client_id=what["client_id"], kid=what["kid"]).update(
        revoked_at=None
    )


def _person_as_they_are(what: What) -> Any:
    return list(Person.objects.filter(pk=what["person"]).values())


def _stopped_person(what: What) -> tuple[str, str] | None:
    return Person.objects.filter(pk=what["person"]).values_list("issuer", "subject").first()


@_applies(forms.LetInPerson, world=_person_as_they_are, about=_stopped_person)
def let_in_person(what: What, by: Membership) -> None:
    Person.objects.filter(pk=what["person"]).update(blocked_at=None)


def _end_of(day: str) -> datetime:
    """The last moment of a day, as people in England count it."""
    return timezone.make_aware(datetime.combine(date.fromisoformat(day), time.max))
