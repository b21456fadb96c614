"""The forms of the notice pages."""

from collections.abc import Sequence
from typing import Any

from django import forms

from joinedup.hub.notifications.models import OF_A_CHILD, How
from joinedup.hub.notifications.quiet import LASTS, Code
from joinedup.hub.pages.forms import NumberForm
from joinedup.policy.catalogue import Purpose


class SubscriberForm(forms.Form):
    """What somebody wants to be told about their caseload, and how."""

    kinds = forms.MultipleChoiceField(
        required=False, choices=[(each.value, each.label) for each in OF_A_CHILD]
    )
    purpose = forms.ChoiceField(
        error_messages={"required": "Select why you work with these children"}
    )
    how = forms.ChoiceField(
        choices=How.choices, error_messages={"required": "Select when you want to be told"}
    )
    email = forms.EmailField(
        required=False, error_messages={"invalid": "Enter an email address like name@example.com"}
    )

    def __init__(self, offered: Sequence[Purpose], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        purposes = self.fields["purpose"]
        assert isinstance(purposes, forms.ChoiceField)
        purposes.choices = [(each.code, each.name) for each in offered]
        purposes.error_messages["invalid_choice"] = purposes.error_messages["required"]


class QuietForm(NumberForm):
    """About which child, why, and for how long nobody is told of our searches."""

    code = forms.ChoiceField(
        choices=Code.choices, error_messages={"required": "Select why nobody may be told"}
    )
    why = forms.CharField(
        min_length=10,
        max_length=500,
        error_messages={
            "required": "Say why, in a sentence",
            "min_length": "Say a little more: use 10 characters or more",
            "max_length": "Use 500 characters or fewer",
        },
    )
    lasts = forms.ChoiceField(
        choices=[(days, f"{days} days") for days in LASTS],
        error_messages={"required": "Select for how long"},
    )
