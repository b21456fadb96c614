"""The forms of the shield pages."""

from typing import Any

from django import forms

from joinedup.hub.shields.break_glass import SHORTEST_REASON, Emergency
from joinedup.hub.shields.endpoint import number
from joinedup.hub.shields.models import Criterion
from joinedup.policy.question import Level

ASKABLE = [
    (str(int(Level.NO_LOCATION)), "Hide where the child is"),
    (str(int(Level.NOT_DISCOVERABLE)), "Hide that the child is known at all"),
]
_NEEDED = {"required": "Enter an NHS number", "invalid": "Enter a valid NHS number"}


class NumberField(forms.CharField):
    """An NHS number, as it is kept."""

    def __init__(self) -> None:
        super().__init__(max_length=40, error_messages=_NEEDED)

    def clean(self, value: Any) -> str:
        """Give ten digits, or say that it is none."""
        read = number(super().clean(value))
        if not read:
            raise forms.ValidationError(_NEEDED["invalid"])
        return read


def _words(shortest: int, required: str) -> forms.CharField:
    return forms.CharField(
        min_length=shortest,
        max_length=500,
        error_messages={
            "required": required,
            "min_length": f"Say a little more: use {shortest} characters or more",
            "max_length": "Use 500 characters or fewer",
        },
    )


class AskForm(forms.Form):
    """Whom to hide, how far, and why."""

    sui = NumberField()
    level = forms.ChoiceField(choices=ASKABLE, error_messages={"required": "Select what to hide"})
    criterion = forms.ChoiceField(
        choices=Criterion.choices, error_messages={"required": "Select why the child is hidden"}
    )
    reason = _words(10, "Say why, in a sentence")


class LiftForm(forms.Form):
    """How far to lower a shield, and why it is safe."""

    to = forms.ChoiceField(
        choices=[("0", "Lift it"), ASKABLE[0]],
        error_messages={"required": "Select what is to remain"},
    )
    why = _words(10, "Say why it is safe to lift the shield")


class BreakGlassForm(forms.Form):
    """An emergency: one child, what is at stake, and why it cannot wait."""

    sui = NumberField()
    emergency = forms.ChoiceField(
        choices=Emergency.choices, error_messages={"required": "Select the emergency"}
    )
    reason = _words(SHORTEST_REASON, "Say why it cannot wait")
    case_reference = forms.CharField(max_length=60, required=False)


class ContactForm(forms.Form):
    """Whom to be connected with, and how the desk reaches whoever asks."""

    sui = NumberField()
    reason = _words(10, "Say why you need to reach them")
    call_back = forms.CharField(
        max_length=100, error_messages={"required": "Say how the desk can reach you"}
    )


class ApartForm(forms.Form):
    """Two numbers whose records are never to be joined."""

    one = NumberField()
    other = NumberField()
    why = _words(10, "Say why, in a sentence that does not name the child")

    def clean(self) -> dict[str, Any]:
        """Refuse one number given twice."""
        given = super().clean() or {}
        if given.get("one") and given.get("one") == given.get("other"):
            self.add_error("other", "Enter another number than the first")
        return given
