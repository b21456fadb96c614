"""What is filled in: an agreement to publish or revoke, the day of a duty, a preview."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from joinedup.chronology.fields import described
from joinedup.hub.agreements.models import DepthChoice, EffectChoice
from joinedup.hub.organisations.forms import ChangeForm
from joinedup.hub.organisations.models import Organisation, Role
from joinedup.hub.pages.forms import DayField
from joinedup.policy.catalogue import national
from joinedup.policy.question import Level

WHICHEVER = ""
_LAW = national()


def _named(record_type: str) -> str:
    """A record type in words, with its code, which the agreement itself names."""
    known = described().get(record_type)
    name = record_type.removesuffix(".details").replace("-", " ").capitalize()
    return f"{known.name if known else name} ({record_type})"


class Names(forms.CharField):
    """Organisations, by ODS code, ``kind:`` or ``class:``, with commas between them."""

    def clean(self, value: Any) -> list[str]:
        """Give the names, each once, in their order."""
        text = str(super().clean(value))
        return list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))


class PublishAgreement(ChangeForm):
    """An agreement of one rule."""

    kind: ClassVar[str] = "agreement.publish"
    title: ClassVar[str] = "Publish a data sharing agreement"
    _OF_THE_RULE: ClassVar = (
        "effect", "sources", "destinations", "record_types", "purposes", "depth",
    )  # fmt: skip

    reference = forms.CharField(label="Reference", max_length=40)
    name = forms.CharField(label="Name", max_length=200)
    document = forms.CharField(
        label="Where the signed agreement and its DPIA are kept", max_length=300
    )
    valid_from = DayField(label="First day", help_text=DayField.EXAMPLE)
    valid_to = DayField(label="Last day", required=False, help_text="Leave empty if it has none")
    effect = forms.ChoiceField(
        label="What it does", choices=EffectChoice.choices, initial=EffectChoice.ALLOW
    )
    sources = Names(
        label="Who holds the records",
        help_text="ODS codes, kind:health or class:s11, with commas between them",
    )
    destinations = Names(label="Who asks", help_text="In the same way")
    record_types = forms.MultipleChoiceField(
        label="Record types", choices=[(each, _named(each)) for each in _LAW.record_types]
    )
    purposes = forms.MultipleChoiceField(
        label="Purposes", choices=[(each.code, each.name) for each in _LAW.purposes.values()]
    )
    depth = forms.ChoiceField(label="How much", choices=DepthChoice.choices)

    def what(self) -> dict[str, Any]:
        """Give the agreement as ``reading.read_agreement`` takes it."""
        answers = super().what()
        rule = {name: answers.pop(name) for name in self._OF_THE_RULE}
        return {**answers, "rules": [rule]}


class RevokeAgreement(ChangeForm):
    """An agreement that ends at once."""

    kind: ClassVar[str] = "agreement.revoke"
    title: ClassVar[str] = "Revoke a data sharing agreement"

    reference = forms.CharField(label="Reference", max_length=40)


class DutyDay(ChangeForm):
    """The day on which a duty in law begins."""

    kind: ClassVar[str] = "duty.begins"
    title: ClassVar[str] = "Set the day on which a duty begins"

    code = forms.ChoiceField(
        label="Duty", choices=[(each.code, each.name) for each in _LAW.duties.values()]
    )
    begins = DayField(
        label="First day",
        required=False,
        help_text=f"{DayField.EXAMPLE}. Leave empty for no day",
    )
    source = forms.CharField(
        label="The regulations that name the day", max_length=200, required=False
    )


FORMS = {form.kind: form for form in (PublishAgreement, RevokeAgreement, DutyDay)}


class PreviewForm(forms.Form):
    """Whose eyes the policy is looked at through."""

    organisation = forms.ModelChoiceField(
        Organisation.objects.all(), to_field_name="ods_code", label="Organisation"
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices)
    purpose = forms.ChoiceField(
        label="Purpose", choices=[(each.code, each.name) for each in _LAW.purposes.values()]
    )
    basis = forms.ChoiceField(
        label="Legal basis",
        required=False,
        choices=[
            (WHICHEVER, "Whichever fits"),
            *((each.code, f"{each.name}: {each.article_6}") for each in _LAW.bases.values()),
        ],
    )
    level = forms.ChoiceField(
        label="The child’s shield",
        choices=[
            (Level.OPEN.letter, "None"),
            (Level.NO_LOCATION.letter, "Where the child is, is hidden (R)"),
            (Level.NOT_DISCOVERABLE.letter, "The child may not be found (V)"),
        ],
        initial=Level.OPEN.letter,
    )
    holder = forms.ModelChoiceField(
        Organisation.objects.all(),
        to_field_name="ods_code",
        label="Who holds the records",
        required=False,
        empty_label="Everybody",
    )
    on = DayField(label="Day", initial=timezone.localdate)
