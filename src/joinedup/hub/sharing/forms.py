"""The forms of the request pages."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.pages.forms import NumberForm
from joinedup.hub.sharing import envelope
from joinedup.hub.sharing.course import Urgency, Why
from joinedup.hub.sharing.deciding import Decided
from joinedup.hub.sharing.models import ShareItem
from joinedup.policy.catalogue import Purpose

URGENCIES = [
    (Urgency.ORDINARY.value, "Within seven days"),
    (Urgency.URGENT.value, "Within a day"),
]
STANDINGS = [
    (envelope.Standing.FACT.value, "Fact: seen, measured or on record"),
    (envelope.Standing.OPINION.value, "Opinion: a professional’s view"),
    (envelope.Standing.HEARSAY.value, "Hearsay: somebody else said so"),
]
REASONS = [
    (Why.NOT_HELD.value, "We do not hold it"),
    (Why.NOT_RELEVANT.value, "It would not help with their purpose"),
    (Why.DETRIMENT.value, "Sharing would harm the child more than not sharing"),
    (Why.OTHER_LEGAL_BAR.value, "Another law forbids it"),
]
TOLD = [
    ("told", "They were told"),
    ("not-told", "They were not told"),
]
FILE_TYPES = ("application/pdf", "image/jpeg", "image/png", "text/plain", "text/csv")
LONGEST = 10_000


def words(required: str, longest: int = 1_000) -> forms.CharField:
    """A text that must be there."""
    return forms.CharField(
        max_length=longest,
        error_messages={
            "required": required,
            "max_length": f"Use {longest:,} characters or fewer",
        },
    )


class WhyForm(forms.Form):
    """Why it is asked, and how soon an answer is needed."""

    purpose = forms.ChoiceField(error_messages={"required": "Select why you need it"})
    reason = words("Say how it may help", 500)
    case_reference = forms.CharField(
        max_length=60, error_messages={"required": "Enter a case or incident reference"}
    )
    urgency = forms.ChoiceField(
        choices=URGENCIES, error_messages={"required": "Select how soon you need an answer"}
    )

    def __init__(self, offered: Sequence[Purpose], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        choose(self, "purpose", [(each.code, each.name) for each in offered])


class WhoForm(forms.Form):
    """Which organisation is asked."""

    holder = forms.ChoiceField(error_messages={"required": "Select whom to ask"})

    def __init__(self, offered: Sequence[Organisation], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        choose(self, "holder", [(each.ods_code, each.name) for each in offered])


class WhatForm(forms.Form):
    """Which items; nothing is selected beforehand, and all of a record needs a reason."""

    items = forms.MultipleChoiceField(
        error_messages={
            "required": "Select what you need to know",
            "invalid_choice": "Select from the list",
        }
    )
    whole_reason = forms.CharField(required=False, max_length=500)

    def __init__(self, offered: Sequence[str], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        choose(self, "items", [(each, each) for each in offered])

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or {})
        whole = any(each.endswith("/") for each in given.get("items", []))
        if whole and not given.get("whole_reason", "").strip():
            self.add_error("whole_reason", "Say why you need all of it, and not some of it")
        return given


class EmergencyForm(NumberForm):
    """The three inputs of an emergency."""

    holder = forms.ChoiceField(error_messages={"required": "Select whom to ask"})
    reason = words("Say what has happened", 500)

    def __init__(self, offered: Sequence[Organisation], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        choose(self, "holder", [(each.ods_code, each.name) for each in offered])


class CompleteForm(forms.Form):
    """What an emergency left out."""

    case_reference = forms.CharField(
        max_length=60, error_messages={"required": "Enter the case or incident reference"}
    )
    words = words("Say what it was about")


class MessageForm(forms.Form):
    """A message to the other side."""

    message = words("Write the message")


class CodeForm(forms.Form):
    """The code that opens what was shared."""

    code = words("Enter your reading code", 60)


class InformationForm(forms.Form):
    """One piece of information, typed or as a file: what it is, how sure, of when, from whom."""

    text = forms.CharField(required=False, max_length=LONGEST)
    file = forms.FileField(required=False)
    standing = forms.ChoiceField(
        required=False,
        choices=STANDINGS,
        error_messages={"invalid_choice": "Select how sure it is"},
    )
    day = forms.CharField(required=False, max_length=2)
    month = forms.CharField(required=False, max_length=2)
    year = forms.CharField(required=False, max_length=4)
    source = forms.CharField(required=False, max_length=200)
    protected = forms.BooleanField(required=False)

    def clean_file(self) -> UploadedFile[Any] | None:
        given: UploadedFile[Any] | None = self.cleaned_data.get("file")
        if given is None:
            return None
        if given.size is None or given.size > envelope.LARGEST_FILE:
            raise forms.ValidationError("The file must be smaller than 1 MB")
        if given.content_type not in FILE_TYPES:
            raise forms.ValidationError("The file must be a PDF, JPEG, PNG, text or CSV file")
        return given

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or {})
        given["as_at"] = day_of(self, given, "as_at")
        return given

    def need(self) -> None:
        """Say what is missing of information that is to be shared."""
        given = self.cleaned_data
        if (
            not given.get("text", "").strip()
            and not given.get("file")
            and "file" not in self.errors
        ):
            self.add_error("text", "Write what you share, or choose a file")
        if not given.get("standing") and "standing" not in self.errors:
            self.add_error("standing", "Select how sure it is")

    def item(self, sui: str) -> envelope.Item:
        """The information as it is closed. A source that is protected is not in it at all (L9)."""
        given = self.cleaned_data
        file: UploadedFile[Any] | None = given.get("file")
        as_at: date | None = given.get("as_at")
        return envelope.Item(
            sui=sui,
            text=given["text"],
            standing=given["standing"],
            as_at=as_at.isoformat() if as_at else "",
            source="" if given["protected"] else given["source"],
            file_name=file.name or "file" if file else "",
            file_type=file.content_type or "" if file else "",
            file=base64.b64encode(file.read()).decode() if file else "",
        )


class ItemForm(InformationForm):
    """The decision on one item: share it or withhold it. Nothing is selected beforehand."""

    decision = forms.ChoiceField(
        choices=[("share", "Share"), ("withhold", "Do not share")],
        error_messages={"required": "Select whether you share this"},
    )
    why = forms.ChoiceField(required=False, choices=REASONS)

    def __init__(self, asked: ShareItem, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix=f"item{asked.place}")
        self.asked = asked

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("decision") == "share":
            self.need()
        elif given.get("decision") == "withhold" and not given.get("why"):
            self.add_error("why", "Select why you do not share this")
        return given

    def decided(self, sui: str) -> envelope.Item | Why:
        """The content, or why not."""
        if self.cleaned_data["decision"] == "share":
            return self.item(sui)
        return Why(self.cleaned_data["why"])


class AnswerForm(forms.Form):
    """What belongs to a decision as a whole."""

    words = words("Say why you decide so")
    told = forms.ChoiceField(required=False, choices=TOLD)
    why_not_told = forms.CharField(required=False, max_length=500)
    legal_bar = forms.CharField(required=False, max_length=200)
    review_day = forms.CharField(required=False, max_length=2)
    review_month = forms.CharField(required=False, max_length=2)
    review_year = forms.CharField(required=False, max_length=4)

    def complete(self, items: Sequence[ItemForm]) -> None:
        """Say what is missing, given the decisions on the items."""
        given = self.cleaned_data
        decisions = [each.cleaned_data.get("decision") for each in items]
        whys = {each.cleaned_data.get("why") for each in items}
        if "share" in decisions:
            told_or_error(self, given)
        if Why.OTHER_LEGAL_BAR.value in whys and not given.get("legal_bar", "").strip():
            self.add_error("legal_bar", "Name the law that forbids it")
        if "withhold" in decisions and whys - {Why.NOT_HELD.value, "", None}:
            review = day_of(self, given, "review_by", "review_")
            if review is None and "review_day" not in self.errors:
                self.add_error("review_day", "Enter the date on which to look at this again")
            elif review is not None and not in_a_year(review):
                self.add_error("review_day", "The date must be within the next year")
            given["review_by"] = review

    def decision(self, sui: str, items: Sequence[ItemForm]) -> Decided:
        """The decision, once it is complete."""
        given = self.cleaned_data
        return Decided(
            words=given["words"],
            items={each.asked.place: each.decided(sui) for each in items},
            told=told_in_words(given),
            legal_bar=given["legal_bar"],
            review_by=given.get("review_by"),
        )


class OfferToForm(NumberForm):
    """About whom, and to whom, something is offered."""

    to = forms.ChoiceField(error_messages={"required": "Select who should know"})

    def __init__(self, offered: Sequence[Organisation], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        choose(self, "to", [(each.ods_code, each.name) for each in offered])


class OfferForm(InformationForm):
    """What somebody should know, and why."""

    about = forms.ChoiceField(error_messages={"required": "Select what it is about"})
    reason = words("Say why they should know", 500)
    told = forms.ChoiceField(required=False, choices=TOLD)
    why_not_told = forms.CharField(required=False, max_length=500)

    def __init__(self, offered: Sequence[tuple[str, str]], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choose(self, "about", offered)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self.need()
        told_or_error(self, given)
        return given


def choose(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Offer these choices in a field, and no others."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)
    field.error_messages.setdefault("invalid_choice", field.error_messages["required"])


def told_or_error(form: forms.Form, given: Mapping[str, Any]) -> None:
    """Whether the family was told is said, and why not; nothing waits for consent (L8)."""
    if not given.get("told"):
        form.add_error("told", "Select whether the child or family was told")
    elif given["told"] == "not-told" and not given.get("why_not_told", "").strip():
        form.add_error("why_not_told", "Say why they were not told")


def told_in_words(given: Mapping[str, Any]) -> str:
    """The same as it is kept."""
    if given.get("told") == "told":
        return "Told"
    return f"Not told. {given.get('why_not_told', '')}" if given.get("told") else ""


def in_a_year(day: date) -> bool:
    """Whether it is a day to come, and not far off."""
    today = timezone.localdate()
    return today < day <= today + timedelta(days=366)


def day_of(form: forms.Form, given: Mapping[str, Any], name: str, prefix: str = "") -> date | None:
    """A date from its three fields; says what is wrong with it beside the first."""
    parts = [str(given.get(f"{prefix}{part}", "") or "") for part in ("year", "month", "day")]
    if not any(parts):
        return None
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        form.add_error(f"{prefix}day", "Enter a real date, with day, month and year")
        return None
