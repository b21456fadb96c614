"""The forms of the journey: why someone asks, which child, and what of a record."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics
from joinedup.people.nhs_number import is_plain_nhs_number
from joinedup.policy.catalogue import Purpose


class ReasonForm(forms.Form):
    """Why the person looks up this child; all three answers go into the record."""

    reason = forms.ChoiceField(
        error_messages={
            "required": "Select why you need to look up this child",
            "invalid_choice": "Select why you need to look up this child",
        },
    )
    case_reference = forms.CharField(
        max_length=60,
        error_messages={
            "required": "Enter a case or incident reference",
            "max_length": "The case or incident reference must be 60 characters or fewer",
        },
    )
    explanation = forms.CharField(
        min_length=10,
        max_length=500,
        error_messages={
            "required": "Say in a sentence why you need to look up this child",
            "min_length": "Say a little more: use 10 characters or more",
            "max_length": "The explanation must be 500 characters or fewer",
        },
    )

    def __init__(self, reasons: Sequence[Purpose], data: Mapping[str, Any] | None = None) -> None:
        """Offer these purposes, and no others."""
        super().__init__(data)
        offered = self.fields["reason"]
        assert isinstance(offered, forms.ChoiceField)
        offered.choices = [(purpose.code, purpose.name) for purpose in reasons]


class NumberForm(forms.Form):
    """A child's NHS number, which the person has already."""

    nhs_number = forms.CharField(
        max_length=20, error_messages={"required": "Enter the child’s NHS number"}
    )

    def clean_nhs_number(self) -> str:
        """Ten digits that belong together; a slip of the pen is found by the check digit."""
        given = re.sub(r"[\s-]", "", str(self.cleaned_data["nhs_number"]))
        if not is_plain_nhs_number(given):
            raise forms.ValidationError(
                "This is not an NHS number: check each of its 10 digits, such as 999 123 4567"
            )
        return given


class AskForm(forms.Form):
    """What of a record is needed, and why; nothing is chosen beforehand (trust rule L2)."""

    items = forms.MultipleChoiceField(
        error_messages={
            "required": "Select what you need from this record",
            "invalid_choice": "Select what you need from this record",
        }
    )
    why = forms.CharField(
        min_length=10,
        max_length=500,
        error_messages={
            "required": "Say why you need it",
            "min_length": "Say a little more: use 10 characters or more",
            "max_length": "The reason must be 500 characters or fewer",
        },
    )
    EVERYTHING: ClassVar[str] = "everything"

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        data: Any = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """Offer these fields of the record, by name and words."""
        super().__init__(data, initial=dict(initial or {}))
        offered = self.fields["items"]
        assert isinstance(offered, forms.MultipleChoiceField)
        offered.choices = [*fields, (self.EVERYTHING, "Everything in this record")]

    def wanted(self) -> list[str]:
        """The names of the fields; none for everything, as the hub's contract has it."""
        chosen: list[str] = self.cleaned_data["items"]
        return [] if self.EVERYTHING in chosen else chosen


class DayField(forms.DateField):
    """A day, as people write it, or as a machine does; ``missing`` is said when there is none."""

    EXAMPLE = "For example, 27/3/2027"

    def __init__(self, missing: str = "Enter a date", **options: Any) -> None:
        super().__init__(
            input_formats=["%d/%m/%Y", "%d %m %Y", "%d %B %Y", "%Y-%m-%d"],
            error_messages={"required": missing, "invalid": "Enter a date, such as 27/3/2027"},
            **options,
        )


class FilterForm(forms.Form):
    """Which part of a chronology to show; nothing personal goes into its address."""

    about = forms.ChoiceField(required=False)
    agency = forms.ChoiceField(required=False)
    since = DayField(required=False)
    until = DayField(required=False)

    def __init__(
        self,
        types: Sequence[tuple[str, str]],
        agencies: Sequence[tuple[str, str]],
        data: Any = None,
    ) -> None:
        """Offer these record types and agencies."""
        super().__init__(data)
        for name, choices in (("about", types), ("agency", agencies)):
            offered = self.fields[name]
            assert isinstance(offered, forms.ChoiceField)
            offered.choices = [("", "All"), *choices]


def _text(max_length: int = 100) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=max_length,
        error_messages={"max_length": f"Use {max_length} characters or fewer"},
    )


class ChildForm(forms.Form):
    """The child's details, read by the same rules as a file's (``people.Demographics``)."""

    given = _text()
    family = _text()
    day = _text(10)
    month = _text(10)
    year = _text(10)
    postcode = _text(20)
    gender = forms.ChoiceField(
        required=False,
        choices=[
            ("female", "Female"),
            ("male", "Male"),
            ("other", "Other"),
            ("unknown", "Not known"),
        ],
    )
    phone = _text(40)
    nhs_number = _text(20)

    MISSING: ClassVar[Mapping[str, str]] = {
        "given": "Enter the child’s given name",
        "family": "Enter the child’s family name",
        "birth_date": "Enter the child’s date of birth",
    }
    CHECKED: ClassVar[Mapping[str, str]] = {
        "given": "Given name",
        "family": "Family name",
        "birth_date": "Date of birth",
        "postcode": "Postcode",
        "phone": "Phone number",
        "nhs_number": "NHS number",
    }

    def clean(self) -> dict[str, Any]:
        """Say beside each field what ``people`` makes of it."""
        cleaned = dict(super().clean() or {})
        parts = [cleaned.get(part, "") for part in ("year", "month", "day")]
        if any(parts) and not all(parts):
            self.add_error("day", "The date of birth must include a day, a month and a year")
        checks = Demographics.read(self.given_text(cleaned)).checks()
        for field, label in self.CHECKED.items():
            shown_at = "day" if field == "birth_date" else field
            check = checks[field]
            if shown_at in self.errors:
                continue
            if check.quality is Quality.NOT_PROVIDED and field in self.MISSING:
                self.add_error(shown_at, self.MISSING[field])
            elif check.quality is Quality.INVALID:
                self.add_error(shown_at, f"{label} {check.reason}")
        return cleaned

    @staticmethod
    def given_text(cleaned: Mapping[str, Any]) -> dict[str, str | None]:
        """The answers as raw text, keyed as ``people.demographics.FIELDS``."""
        year, month, day = (cleaned.get(part, "") for part in ("year", "month", "day"))
        date = f"{year}-{month.zfill(2)}-{day.zfill(2)}" if year and month and day else ""
        return {
            "given": cleaned.get("given"),
            "family": cleaned.get("family"),
            "birth_date": date,
            "gender": cleaned.get("gender"),
            "postcode": cleaned.get("postcode"),
            "phone": cleaned.get("phone"),
            "nhs_number": cleaned.get("nhs_number"),
        }


def error_list(form: forms.Form) -> list[dict[str, str]]:
    """The form's errors for a GOV.UK error summary, in the order of the fields."""
    return [
        {"text": str(form.errors[name][0]), "href": f"#{name}"}
        for name in form.fields
        if name in form.errors
    ]
