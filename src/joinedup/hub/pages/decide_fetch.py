"""A custodian's worker decides on a record that their own system left to a person.

The page shows what was asked, by whom and why. The record stays at the agency: it is not here, and
no child is named. What is decided goes to the agency's node with its next work item.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from joinedup.hub.discovery import decisions
from joinedup.hub.discovery.claiming import decision_on
from joinedup.hub.discovery.decisions import Decided
from joinedup.hub.discovery.models import FetchDecision, WorkItem
from joinedup.hub.ledger.writing import note
from joinedup.hub.pages import purposes, record_words
from joinedup.hub.pages.actor import in_role
from joinedup.hub.pages.asked_of_us import ROLES, WITHHELD_WORDS
from joinedup.hub.pages.forms import error_list
from joinedup.hub.pages.involved import membership_of, moment
from joinedup.hub.sharing.forms import REASONS, choose, words

_ALL, _PART, _NOT = "share", "part", "withhold"


class DecideForm(forms.Form):
    """Share it, a part of it, or withhold it for a reason of the closed list; and why."""

    answer = forms.ChoiceField(error_messages={"required": "Select whether you share it"})
    items = forms.MultipleChoiceField(required=False)
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *REASONS], required=False)
    words = words("Say why you decide so")

    def __init__(self, asked: Sequence[tuple[str, str]], data: Any = None) -> None:
        """``asked`` are the parts that were asked for, with their words; none: the whole record."""
        super().__init__(data)
        part = [(_PART, "Share a part of it")] if len(asked) > 1 else []
        choose(self, "answer", [(_ALL, "Share it"), *part, (_NOT, "Do not share it")])
        items = self.fields["items"]
        assert isinstance(items, forms.MultipleChoiceField)
        items.choices = list(asked)

    def clean(self) -> dict[str, Any]:
        """What belongs to the answer is there."""
        given = dict(super().clean() or {})
        if given.get("answer") == _PART and not given.get("items"):
            self.add_error("items", "Select what you share")
        if given.get("answer") == _NOT and not given.get("reason"):
            self.add_error("reason", "Choose a reason")
        return given

    def decided(self) -> Decided:
        """The decision, once the form is valid."""
        given = self.cleaned_data
        if given["answer"] == _NOT:
            return Decided(given["reason"], given["words"])
        items = given["items"] if given["answer"] == _PART else ()
        return Decided(decisions.SHARE, given["words"], items)


@require_http_methods(["GET", "POST"])
@in_role(*ROLES)
def decide(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Decide on a fetch that waits for a person, or decide again: the later decision counts."""
    membership = membership_of(request)
    note(action="work.show")
    item = (
        decisions.asked_of(membership.organisation)
        .select_related("search__organisation", "fetch")
        .filter(id=item_id)
        .first()
    )
    if item is None:
        raise Http404
    note(purpose=item.search.purpose, record_types=(item.record_type,))
    asked = _asked(item)
    form = DecideForm(asked, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        decisions.decide(item.id, form.decided(), membership)
        return redirect("decide-fetch", item_id=item.id)
    search, last = item.search, decision_on(item)
    return render(
        request,
        "decide-fetch.html",
        {
            "form": form,
            "errors": error_list(form) if form.is_bound else [],
            "who": search.organisation.name,
            "purpose": purposes.name(search.purpose),
            "emergency": search.emergency,
            "reason": item.fetch.reason or search.reason,
            "about": record_words.about(item.record_type),
            "asked": asked,
            "ours": item.fetch.record_id,
            "at": moment(search.created_at),
            "last": _said(last, dict(asked)) if last else None,
        },
    )


def _asked(item: WorkItem) -> list[tuple[str, str]]:
    labels = dict(record_words.fields(item.record_type))
    return [(name, labels.get(name, name)) for name in item.fetch.items]


def _said(last: FetchDecision, labels: dict[str, str]) -> dict[str, str]:
    if last.answer != decisions.SHARE:
        what = f"Not shared: {WITHHELD_WORDS[last.answer]}"
    elif last.items:
        what = f"Shared in part: {', '.join(labels.get(name, name) for name in last.items)}"
    else:
        what = "Shared"
    return {
        "what": what,
        "words": last.words,
        "by": last.membership.person.name,
        "at": moment(last.at),
    }
