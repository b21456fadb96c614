"""The forms of who looked, and of the reviewer's queue."""

from django import forms

from joinedup.hub.ledger.looked import HeldBack
from joinedup.hub.shields.forms import NumberField
from joinedup.hub.watching.models import Outcome
from joinedup.hub.watching.words import HELD_BACK


def sentence(required: str) -> forms.CharField:
    """A field for a sentence or more."""
    return forms.CharField(
        min_length=10,
        max_length=1000,
        error_messages={
            "required": required,
            "min_length": "Say a little more: use 10 characters or more",
            "max_length": "Use 1,000 characters or fewer",
        },
    )


SHOW = (("full", "Everything, for an investigation"), ("family", "What the family may be told"))
AS = ("csv", "print")


class LookedForm(forms.Form):
    """Which child, why it is asked, and for whom the answer is."""

    sui = NumberField()
    reason = sentence("Say why you need to see who looked")
    case_reference = forms.CharField(
        max_length=60,
        error_messages={"required": "Enter the reference of the investigation or request"},
    )
    show = forms.ChoiceField(
        choices=SHOW, error_messages={"required": "Select for whom the answer is"}
    )


class HoldForm(forms.Form):
    """Why an entry is kept from the family, or is not any more."""

    code = forms.ChoiceField(
        choices=[(each.value, HELD_BACK[each.value]) for each in HeldBack],
        error_messages={"required": "Select why"},
    )
    why = sentence("Say why, in a sentence")


class OutcomeForm(forms.Form):
    """What a reviewer found, and how they know."""

    outcome = forms.ChoiceField(
        choices=Outcome.choices, error_messages={"required": "Select what you found"}
    )
    note = sentence("Say how you know: what you looked at and whom you asked")
