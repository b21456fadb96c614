"""The two forms of the journey: why someone asks, and which child."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.db import models

from joinedup.people.checked import Quality
from joinedup.people.demographics import Demographics


class Reason(models.TextChoices):
    """Reasons for access that the page offers."""

    SECTION_47 = "section-47", "Safeguarding enquiry (section 47)"
    SECTION_17 = "section-17", "Assessment of a child in need (section 17)"
    LOOKED_AFTER = "looked-after", "A child we look after"
    MISSING = "missing", "A missing child"
    URGENT_CARE = "urgent-care", "A child in urgent or emergency care"
    CONCERN = "concern", "A safeguarding concern in school or nursery"
    OTHER = "other", "Something else"


class ReasonForm(forms.Form):
    """Why the person looks up this child; all three answers go into the record."""

    reason = forms.ChoiceField(
        choices=Reason.choices,
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
            "required": "Say in a sentence why you need this child’s NHS number",
            "min_length": "Say a little more: use 10 characters or more",
            "max_length": "The explanation must be 500 characters or fewer",
        },
    )


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
