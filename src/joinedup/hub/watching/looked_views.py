"""Who looked: for the information governance lead in full, for the family without staff names."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from joinedup.hub.administration.shown import visible
from joinedup.hub.ledger.looked import (
    HeldBack,
    Looked,
    Told,
    hold_back,
    show_again,
    who_looked,
    who_looked_for_family,
)
from joinedup.hub.ledger.models import Entry
from joinedup.hub.ledger.opening import opened
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership, Person, Role
from joinedup.hub.pages.actor import in_role, needs_step_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.pages.outcome_words import grouped
from joinedup.hub.watching import scope
from joinedup.hub.watching.exports import csv_file, page_file
from joinedup.hub.watching.forms import AS, HoldForm, LookedForm
from joinedup.hub.watching.words import HELD_BACK, Words

HEADINGS = ("When", "What was done", "Organisation", "Role", "Purpose", "Legal basis", "Result")
MARK = "Who looked. Written for the family by {organisation} on {day}. Contains personal data."


@require_http_methods(["GET", "POST"])
@in_role(Role.INFORMATION_GOVERNANCE_LEAD)
@needs_step_up
def ask(request: HttpRequest) -> HttpResponse:
    """Ask who looked at a child, with a reason of one's own; the answer, as a page or a file."""
    note(action="ledger.who-looked")
    form = LookedForm(request.POST) if request.method == "POST" else LookedForm()
    if request.method == "GET" or not form.is_valid():
        found = error_list(form) if form.is_bound else []
        return render(request, "looked-ask.html", {"form": form, "errors": found})
    given, membership = form.cleaned_data, _membership(request)
    note(reason=given["reason"], case_reference=given["case_reference"])
    words, sui = Words(), given["sui"]
    reach = scope.reach(membership, sui)
    if given["show"] == "family":
        told = who_looked_for_family(sui, *reach.others, only=reach.covers)
        return _for_family(request, [_told(each, words) for each in told], given, membership)
    seen = who_looked(sui, *reach.others, only=reach.covers)
    looks = [_full(each, words, membership, reach) for each in seen]
    context = {"looks": looks, "given": given, "shown": grouped(sui)}
    return render(request, "looked.html", context)


@require_http_methods(["GET", "POST"])
@in_role(Role.INFORMATION_GOVERNANCE_LEAD)
@needs_step_up
def hold(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """Keep one entry from the family, or let it see it again; that, and why, is recorded."""
    membership = _membership(request)
    entry = Entry.objects.filter(id=entry_id).first()
    if entry is None:
        raise Http404
    (found,) = opened([entry])
    if not scope.names_person(membership, found) or not (found.personal or {}).get("subject"):
        raise Http404
    note(action="ledger.hold-back", case_reference=f"entry {entry_id}")
    newest = entry.hold_backs.last()
    held = newest.held if newest else bool(found.facts["held_back"])
    form = HoldForm(request.POST) if request.method == "POST" else HoldForm()
    if request.method == "GET" or not form.is_valid():
        words = Words()
        context = {
            "form": form, "held": held, "entry": found, "at": words.moment(found.at),
            "what": words.action(found.facts["action"]),
            "errors": error_list(form) if form.is_bound else [],
        }  # fmt: skip
        return render(request, "looked-hold.html", context)
    change = show_again if held else hold_back
    change(entry_id, HeldBack(form.cleaned_data["code"]), form.cleaned_data["why"])
    return redirect("looked")


def _for_family(
    request: HttpRequest, rows: list[tuple[str, ...]], given: dict[str, Any], by: Membership
) -> HttpResponse:
    today = timezone.localdate()
    mark = MARK.format(organisation=by.organisation, day=f"{today.day} {today:%B %Y}")
    context: dict[str, object] = {"rows": rows, "headings": HEADINGS, "given": given, "mark": mark}
    as_file = request.POST.get("as", "")
    if as_file not in AS:
        return render(request, "looked-family.html", context)
    note(action="ledger.who-looked-for-family", fields=(f"export.{as_file}",))
    if as_file == "csv":
        return csv_file("who-looked.csv", mark, HEADINGS, rows)
    return page_file("who-looked.html", "looked-print.html", context)


def _told(told: Told, words: Words) -> tuple[str, ...]:
    return (
        words.moment(told.at),
        words.action(told.action),
        words.organisation(told.organisation),
        words.role(told.role),
        words.purpose(told.purpose),
        told.legal_basis.replace("-", " "),
        words.outcome(told.outcome),
    )


def _full(look: Looked, words: Words, membership: Membership, reach: scope.Reach) -> dict[str, Any]:
    entry, facts = look.entry, look.entry.facts
    personal = entry.personal or {}
    named = scope.names_person(membership, entry)
    return {
        "id": entry.id,
        "at": words.moment(entry.at),
        "action": words.action(facts["action"]),
        "outcome": words.outcome(facts["outcome"]),
        "organisation": words.organisation(facts["organisation"]),
        "role": words.role(facts["role"]),
        "purpose": words.purpose(facts["purpose"]),
        "who": visible(_name(personal.get("person", "")) or facts["client"]) if named else "",
        "reason": visible(personal.get("reason", "")) if named else "",
        "case": visible(personal.get("case_reference", "")) if named else "",
        "relationship": words.relationship(personal.get("relationship", "")) if named else "",
        "fields": ", ".join(map(words.field, facts["fields"])),
        "emergency": facts["emergency"],
        "other_number": look.other_name and not reach.shielded,
        "held": HELD_BACK.get(look.held_back, look.held_back),
        "may_hold": named and bool(personal.get("subject")),
        "gone": entry.personal is None and bool(facts["commitment"]),
        "damaged": entry.damaged,
    }


def _name(person: str) -> str:
    try:
        key = uuid.UUID(person)
    except ValueError:
        return person
    return Person.objects.filter(pk=key).values_list("name", flat=True).first() or person


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
