"""What can be proposed about organisations, their systems and clients: one form a kind of change.

The same form reads the page, the command line's proposal, and the payload once more when a second
person approves it, so that the three can never differ in what they allow.
"""

import json
import re
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from joinedup.hub.api.tokens import SCOPES
from joinedup.hub.approvals.changes import CannotBeDone
from joinedup.hub.organisations.jwks import UnsafeAddress, safe_address
from joinedup.hub.organisations.lookalike import alike, not_plain
from joinedup.hub.organisations.models import (
    GRANTED_ROLES,
    ClientKey,
    Grant,
    Kind,
    LegalClass,
    MachineClient,
    Organisation,
    Person,
    Role,
    System,
    only_public,
    thumbprint,
)
from joinedup.hub.pages.forms import DayField

LONGEST_LIFE = timedelta(days=2 * 366)
"""How far away a client's or a key's end may be."""

ODS_CODE = re.compile(r"[A-Z0-9]{2,12}")
CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")


class ChangeForm(forms.Form):
    """A kind of change. ``what()`` is its payload, as JSON values."""

    kind: ClassVar[str]
    title: ClassVar[str]

    def what(self) -> dict[str, Any]:
        """What will be applied."""
        return {name: _as_json(value) for name, value in self.cleaned_data.items()}

    @classmethod
    def check(cls, what: dict[str, Any]) -> None:
        """Check a payload; raises ``CannotBeDone`` with what to put right."""
        read = cls(what)
        unknown = what.keys() - read.fields.keys()
        if unknown:
            raise CannotBeDone(f"There is no field {', '.join(sorted(unknown))}.")
        if not read.is_valid():
            raise CannotBeDone(" ".join(_sentences(read)))


def _sentences(form: forms.Form) -> list[str]:
    return [
        f"{form.fields[name].label}: {text}" if name in form.fields else str(text)
        for name, errors in form.errors.items()
        for text in errors
    ]


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _day(label: str, *, required: bool = True, help_text: str = "") -> DayField:
    example = DayField.EXAMPLE if required else "Leave empty if it has no end"
    return DayField(label=label, required=required, help_text=help_text or example)


class KeyField(forms.CharField):
    """A public key as a JWK; a private half, or a shared secret, never gets further than here."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            found = json.loads(value) if isinstance(value, str) else value
            if not isinstance(found, dict) or not isinstance(found.get("kid"), str):
                raise forms.ValidationError("Enter one key as JSON, with its kid.")
            public = only_public(found)
        except (ValueError, KeyError, TypeError) as fault:
            raise forms.ValidationError(
                f"This is not a public key as JSON (a JWK). {fault}"
            ) from None
        if found.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}:
            raise forms.ValidationError(
                "This is a private key. Whoever sent it must make a new one; send the public half."
            )
        return public


class OrganisationForm(ChangeForm):
    """An organisation, whole."""

    ods_code = forms.CharField(label="ODS code", max_length=12)
    name = forms.CharField(label="Name", max_length=200)
    resembles = forms.CharField(
        label="Codes of organisations with a name like it",
        required=False,
        help_text="Leave empty unless you are told that the name looks like another's.",
    )
    kind_of_work = forms.ChoiceField(label="What it does for children", choices=Kind.choices)
    legal_class = forms.ChoiceField(label="Legal class", choices=LegalClass.choices)
    evidence = forms.CharField(
        label="Evidence",
        max_length=200,
        help_text="Where the legal class is shown: a register entry or a contract.",
    )
    principal = forms.CharField(
        label="For a contractor: ODS code of the body whose functions it carries out",
        required=False,
        max_length=12,
    )
    valid_from = _day("First day")
    valid_to = _day("Last day", required=False)

    def clean_ods_code(self) -> str:
        code = str(self.cleaned_data["ods_code"]).upper()
        if not ODS_CODE.fullmatch(code):
            raise forms.ValidationError("An ODS code has 2 to 12 letters and digits.")
        return code

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if fault := not_plain(name):
            raise forms.ValidationError(fault)
        return name

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("name") and found.get("ods_code"):
            self._name_is_its_own(found)
        code, legal_class = found.get("principal"), found.get("legal_class")
        if legal_class == LegalClass.CONTRACTOR:
            principal = Organisation.objects.filter(ods_code=code).first()
            if principal is None or not principal.may_ask(timezone.localdate()):
                self.add_error("principal", "Enter the code of a body that may ask today.")
        elif code:
            self.add_error("principal", "Only a contractor acts for another body.")
        begins, ends = found.get("valid_from"), found.get("valid_to")
        if begins and ends and ends < begins:
            self.add_error("valid_to", "The last day is before the first.")
        return found

    def _name_is_its_own(self, found: dict[str, Any]) -> None:
        others = alike(found["name"], besides=found["ods_code"])
        codes = sorted(each.ods_code for each in others)
        said = sorted(re.split(r"[\s,]+", found.get("resembles", "").strip().upper()))
        if [code for code in said if code] != codes:
            named = ", ".join(f"{each.name} ({each.ods_code})" for each in others)
            self.add_error(
                "resembles",
                f"This name looks like {named}. If it is truly another organisation, enter the "
                f"codes here: {' '.join(codes)}."
                if others
                else "No name looks like this one. Leave this empty.",
            )
        found["resembles"] = " ".join(codes)


class OpenOrganisation(OrganisationForm):
    kind = "organisation.open"
    title = "Open an organisation"

    def clean_ods_code(self) -> str:
        code = super().clean_ods_code()
        if Organisation.objects.filter(ods_code=code).exists():
            raise forms.ValidationError("An organisation with this code is here already.")
        return code


class ChangeOrganisation(OrganisationForm):
    kind = "organisation.change"
    title = "Change an organisation"

    def clean_ods_code(self) -> str:
        return _known_organisation(super().clean_ods_code())


class CloseOrganisation(ChangeForm):
    kind = "organisation.close"
    title = "Close an organisation"

    ods_code = forms.CharField(label="ODS code", max_length=12)
    last_day = _day("Last day")

    def clean_ods_code(self) -> str:
        return _known_organisation(self.cleaned_data["ods_code"])


class OpenSystem(ChangeForm):
    kind = "system.open"
    title = "Add a system"

    organisation = forms.CharField(label="ODS code of the organisation", max_length=12)
    code = forms.CharField(
        label="Code", max_length=128, help_text="As the API’s systemId will say it."
    )
    name = forms.CharField(label="Name", max_length=200)

    def clean_organisation(self) -> str:
        return _known_organisation(self.cleaned_data["organisation"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if System.objects.filter(
            organisation__ods_code=found.get("organisation"), code=found.get("code")
        ).exists():
            self.add_error("code", "The organisation has a system with this code already.")
        return found


class CloseSystem(ChangeForm):
    kind = "system.close"
    title = "Close a system"

    organisation = forms.CharField(label="ODS code of the organisation", max_length=12)
    code = forms.CharField(label="Code", max_length=128)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not System.objects.filter(
            organisation__ods_code=found.get("organisation"),
            code=found.get("code"),
            closed_at=None,
        ).exists():
            self.add_error("code", "The organisation has no open system with this code.")
        return found


class ClientForm(ChangeForm):
    """A machine client, whole but for its keys."""

    client_id = forms.CharField(label="Client id", max_length=64)
    name = forms.CharField(label="Name", max_length=200)
    scopes = forms.MultipleChoiceField(label="Scopes", choices=sorted(SCOPES.items()))
    purpose = forms.CharField(
        label="Purpose",
        max_length=200,
        help_text="Why this system asks. It is copied to the record of each request.",
    )
    requests_per_minute = forms.IntegerField(
        label="Requests a minute", min_value=1, max_value=6000, initial=600
    )
    expires_on = _day("Ends on")
    jwks_uri = forms.CharField(
        label="Address of its keys",
        required=False,
        max_length=300,
        help_text="An https address of a JWKS. Leave empty to register keys one by one.",
    )

    def clean_client_id(self) -> str:
        if not CLIENT_ID.fullmatch(self.cleaned_data["client_id"]):
            raise forms.ValidationError("Use 3 to 64 small letters, digits and hyphens.")
        return str(self.cleaned_data["client_id"])

    def clean_scopes(self) -> list[str]:
        return sorted(self.cleaned_data["scopes"])

    def clean_expires_on(self) -> date:
        return _soon_enough(self.cleaned_data["expires_on"])

    def clean_jwks_uri(self) -> str:
        uri = str(self.cleaned_data["jwks_uri"])
        if uri:
            try:
                safe_address(uri)
            except UnsafeAddress as fault:
                raise forms.ValidationError(str(fault)) from None
        return uri


class OpenClient(ClientForm):
    kind = "client.open"
    title = "Add a machine client"

    organisation = forms.CharField(label="ODS code of the organisation", max_length=12)
    key = KeyField(
        label="Public key",
        required=False,
        widget=forms.Textarea,
        help_text="As a JWK, with its kid. Needed unless its keys have an address.",
    )

    def clean_client_id(self) -> str:
        client_id = super().clean_client_id()
        if MachineClient.objects.filter(client_id=client_id).exists():
            raise forms.ValidationError("A client with this id is here already.")
        return client_id

    def clean_organisation(self) -> str:
        return _known_organisation(self.cleaned_data["organisation"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("key") and not found.get("jwks_uri") and not self.errors:
            self.add_error("key", "Enter a public key, or the address of its keys.")
        if found.get("key"):
            _not_of_another(self, found["key"], found.get("client_id", ""))
        return found


class ChangeClient(ClientForm):
    kind = "client.change"
    title = "Change a machine client"

    def clean_client_id(self) -> str:
        return _known_client(super().clean_client_id())


class AddKey(ChangeForm):
    kind = "client.key"
    title = "Add a key to a machine client"

    client_id = forms.CharField(label="Client id", max_length=64)
    key = KeyField(
        label="Public key", widget=forms.Textarea, help_text="As a JWK, with a kid of its own."
    )
    expires_on = _day("Ends on")
    older_end_on = _day(
        "Day on which its other keys end",
        required=False,
        help_text="Leave empty to leave them as they are.",
    )

    def clean_client_id(self) -> str:
        return _known_client(self.cleaned_data["client_id"])

    def clean_expires_on(self) -> date:
        return _soon_enough(self.cleaned_data["expires_on"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        key, client_id = found.get("key"), found.get("client_id")
        if key and client_id:
            _not_of_another(self, key, client_id)
            if ClientKey.objects.filter(client__client_id=client_id, kid=key["kid"]).exists():
                self.add_error("key", "The client has had a key with this kid. Give it a new one.")
        return found


class LetInClient(ChangeForm):
    kind = "client.let-in"
    title = "Let a stopped client in again"

    client_id = forms.CharField(label="Client id", max_length=64)

    def clean_client_id(self) -> str:
        client_id = str(self.cleaned_data["client_id"])
        if not MachineClient.objects.filter(client_id=client_id, revoked_at__isnull=False).exists():
            raise forms.ValidationError("There is no stopped client with this id.")
        return client_id


class LetInKey(ChangeForm):
    kind = "client.key.let-in"
    title = "Let a stopped key in again"

    client_id = forms.CharField(label="Client id", max_length=64)
    kid = forms.CharField(label="Key (kid)", max_length=128)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        stopped = ClientKey.objects.filter(
            client__client_id=found.get("client_id"), kid=found.get("kid"), revoked_at__isnull=False
        ).first()
        if stopped is None:
            self.add_error("kid", "The client has no stopped key with this kid.")
        elif stopped.expires_at <= timezone.now():
            self.add_error("kid", "This key has ended meanwhile. Add a new one.")
        return found


class LetInPerson(ChangeForm):
    kind = "person.let-in"
    title = "Let a stopped person in again"

    person = forms.ChoiceField(label="Person")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        stopped = (
            Person.objects.exclude(blocked_at=None)
            .prefetch_related("memberships__organisation")
            .order_by("name")
        )
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        person.choices = [(str(each.pk), _stopped(each)) for each in stopped]
        person.help_text = "" if person.choices else "Nobody is stopped."
        person.error_messages["invalid_choice"] = "This person is not stopped."


def _stopped(person: Person) -> str:
    day = timezone.localtime(person.blocked_at)
    worked = sorted({str(each.organisation) for each in person.memberships.all()})
    return f"{person.name} ({', '.join(worked)}), stopped on {day.day} {day:%B %Y}"


class GrantForm(ChangeForm):
    """A role for a person, who is known by what the sign-in provider calls them."""

    organisation = forms.CharField(label="ODS code of the organisation", max_length=12)
    role = forms.ChoiceField(
        label="Role", choices=[(role.value, role.label) for role in Role if role in GRANTED_ROLES]
    )
    issuer = forms.CharField(
        label="Issuer", max_length=255, help_text="The address of the sign-in provider."
    )
    subject = forms.CharField(
        label="Subject", max_length=255, help_text="What the provider calls the person (sub)."
    )

    def clean_organisation(self) -> str:
        return _known_organisation(self.cleaned_data["organisation"])

    def _has_it(self, found: dict[str, Any]) -> bool:
        return Grant.objects.filter(
            organisation__ods_code=found.get("organisation"),
            role=found.get("role"),
            issuer=found.get("issuer"),
            subject=found.get("subject"),
            ended_at=None,
        ).exists()


class GiveRole(GrantForm):
    kind = "role.give"
    title = "Give a person a role"

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if self._has_it(found):
            self.add_error("subject", "This person has the role already.")
        return found


class EndRole(GrantForm):
    kind = "role.end"
    title = "End a person’s role"

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self._has_it(found):
            self.add_error("subject", "This person does not have the role.")
        return found


FORMS: dict[str, type[ChangeForm]] = {
    form.kind: form
    for form in (
        OpenOrganisation, ChangeOrganisation, CloseOrganisation, OpenSystem, CloseSystem,
        OpenClient, ChangeClient, AddKey, GiveRole, EndRole,
        LetInClient, LetInKey, LetInPerson,
    )
}  # fmt: skip


def _known_organisation(code: str) -> str:
    if not Organisation.objects.filter(ods_code=code).exists():
        raise forms.ValidationError("There is no organisation with this code.")
    return code


def _known_client(client_id: str) -> str:
    if not MachineClient.objects.filter(client_id=client_id, revoked_at=None).exists():
        raise forms.ValidationError("There is no live client with this id.")
    return client_id


def _soon_enough(day: date) -> date:
    today = timezone.localdate()
    if not today < day <= today + LONGEST_LIFE:
        raise forms.ValidationError("Choose a day within the next two years.")
    return day


def _not_of_another(form: ChangeForm, key: dict[str, Any], client_id: str) -> None:
    """One key, one client: whoever brings a key that another registered is not who they say."""
    others = ClientKey.objects.filter(thumbprint=thumbprint(key)).exclude(
        client__client_id=client_id
    )
    if others.exists():
        form.add_error("key", "This key belongs to another client. Each client needs its own.")
