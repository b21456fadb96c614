"""The forms of the subject access workspace."""

from typing import Any

from django import forms

from joinedup.hub.pages.forms import DayField
from joinedup.hub.shields.forms import NumberField
from joinedup.hub.subject_access.authority import EVIDENCE_WORDS, WORDS, Asker, Evidence
from joinedup.hub.subject_access.exemptions import LAW, Exemption
from joinedup.hub.subject_access.models import Mark
from joinedup.hub.subject_access.parts import CONCERN_WORDS, Concern, Part
from joinedup.hub.watching.forms import sentence

EVIDENCE = [(each.value, EVIDENCE_WORDS[each]) for each in Evidence]


class TakeForm(forms.Form):
    """Who asks, about whom, on what evidence."""

    asker = forms.ChoiceField(
        choices=[(each.value, WORDS[each]) for each in Asker],
        error_messages={"required": "Select who asks"},
    )
    name = forms.CharField(max_length=200, error_messages={"required": "Enter who asks"})
    sui = NumberField()
    age = forms.IntegerField(
        min_value=0, max_value=120,
        error_messages={"required": "Enter the child’s age in years", "invalid": "Enter a number"},
    )  # fmt: skip
    received = DayField("Enter the day on which the request came in")
    evidence = forms.MultipleChoiceField(choices=EVIDENCE, required=False)
    child_view = forms.CharField(max_length=1000, required=False)


class SeenForm(forms.Form):
    """What was seen and searched since."""

    evidence = forms.MultipleChoiceField(choices=EVIDENCE, required=False)
    child_view = forms.CharField(max_length=1000, required=False)
    searched = forms.CharField(max_length=1000, required=False)


class MarkForm(forms.Form):
    """What is done with an item; ``give-N`` and ``text-N`` are its parts."""

    mark = forms.ChoiceField(
        choices=[(each.value, each.label) for each in Mark if each],
        error_messages={"required": "Select what is done with it"},
    )
    exemption = forms.ChoiceField(
        choices=[("", "None"), *((each.value, LAW[each]) for each in Exemption)], required=False
    )
    others_agreed = forms.CharField(max_length=500, required=False)
    why = sentence("Say why, for the file")

    def clean(self) -> dict[str, Any]:
        """Withholding needs its law."""
        found = super().clean() or {}
        if found.get("mark") == Mark.WITHHOLD and not found.get("exemption"):
            self.add_error("exemption", "Select the law under which it is withheld")
        if found.get("mark") == Mark.DISCLOSE:
            found["exemption"] = ""
        return found


class DocumentForm(forms.Form):
    """A document from the organisation's own files, taken apart."""

    title = forms.CharField(max_length=200, error_messages={"required": "Enter its title and date"})
    child = forms.CharField(required=False, max_length=10_000)
    words = forms.CharField(required=False, max_length=10_000)
    third_party = forms.CharField(required=False, max_length=10_000)
    whereabouts = forms.CharField(required=False, max_length=2_000)
    protected = forms.CharField(required=False, max_length=2_000)

    LABELS = (
        ("child", Concern.CHILD), ("words", Concern.WORDS), ("third_party", Concern.THIRD_PARTY),
        ("whereabouts", Concern.WHEREABOUTS), ("protected", Concern.PROTECTED),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Something must be in it."""
        found = super().clean() or {}
        if not any(found.get(name) for name, _ in self.LABELS):
            self.add_error("child", "Enter what the document says")
        return found

    def parts(self) -> list[Part]:
        """Give what it says, part by part; hidden ones line by line."""
        made = []
        for name, concern in self.LABELS:
            text = self.cleaned_data.get(name) or ""
            lines = text.splitlines() if concern is not Concern.WORDS else [text]
            label = CONCERN_WORDS[concern].partition(":")[0]
            made += [Part(label, line.strip(), concern) for line in lines if line.strip()]
        return made


class SignForm(forms.Form):
    """A practitioner's word on the harm test."""

    agrees = forms.ChoiceField(
        choices=[("yes", "Yes, it would be likely to cause serious harm"), ("no", "No")],
        error_messages={"required": "Select yes or no"},
    )
    why = sentence("Say why, in a sentence")


class ComplaintForm(forms.Form):
    """A complaint."""

    name = forms.CharField(max_length=200, error_messages={"required": "Enter who complains"})
    received = DayField("Enter the day on which it came in")
    what = sentence("Say what it is about")


class ConcludeForm(forms.Form):
    """What was answered to a complaint."""

    said = sentence("Say what was answered")
