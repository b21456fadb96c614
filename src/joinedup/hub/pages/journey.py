"""Look up one child: a reason, the child's details, the outcome.

Answers travel by POST and are kept in the session, on the server: no address ever holds a
personal detail. The last question and outcome are forgotten at sign-out, after 20 idle minutes,
or when the next child is begun.
"""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from joinedup.hub.identifiers.asking import (
    NUMBER,
    Answered,
    Asker,
    NoRecordNoAnswer,
    TooOften,
    ask,
)
from joinedup.hub.identifiers.permission import MayNotLookUp
from joinedup.hub.identifiers.permission import may_look_up as check_policy
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import errors, purposes
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.child_header import CHILD
from joinedup.hub.pages.forms import ChildForm, ReasonForm, error_list
from joinedup.hub.pages.outcome_words import FIELD_WORDS, OUTCOME_WORDS, grouped
from joinedup.hub.reconciliation import cases
from joinedup.hub.shields import same_time
from joinedup.hub.shields.levels import told
from joinedup.identify.outcome import Outcome, Status

REASON, QUESTION, RESULT = "reason", "question", "result"


@require_http_methods(["GET", "POST"])
@may_look_up
def reason(request: HttpRequest) -> HttpResponse:
    """Why: asked anew for each child."""
    offered = purposes.reasons(request.membership)  # type: ignore[attr-defined]
    if request.method == "POST":
        form = ReasonForm(offered, request.POST)
        if form.is_valid():
            for kept in (QUESTION, RESULT, CHILD):
                request.session.pop(kept, None)
            request.session[REASON] = form.cleaned_data
            return redirect("find-child")
    else:
        form = ReasonForm(offered)
    return _page(request, "reason.html", form, reasons=offered)


@require_http_methods(["GET", "POST"])
@may_look_up
def child(request: HttpRequest) -> HttpResponse:
    """Which child; only once there is a reason."""
    if REASON not in request.session:
        return redirect("find-reason")
    if request.method == "POST":
        form = ChildForm(request.POST)
        if form.is_valid():
            request.session[QUESTION] = form.cleaned_data
            return _look_up(request, form.cleaned_data)
    else:
        form = ChildForm(initial=request.session.get(QUESTION))
    may_find = purposes.finds(request.session[REASON]["reason"])
    return _page(request, "child.html", form, may_find=may_find)


@require_POST
@may_look_up
def again(request: HttpRequest) -> HttpResponse:
    """Ask the same question once more, after the source of truth did not answer."""
    if REASON not in request.session or QUESTION not in request.session:
        return redirect("find-reason")
    return _look_up(request, request.session[QUESTION])


@require_GET
@may_look_up
def result(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """The outcome of this session's last question; anyone else's, or an older one, is not shown."""
    kept = request.session.get(RESULT)
    if kept is None or kept["id"] != str(request_id) or _hidden_since(kept):
        return render(request, "result-gone.html", status=404)
    why = request.session[REASON]
    membership: Membership = request.membership  # type: ignore[attr-defined]
    try:
        check_policy(membership.organisation, why["reason"], membership, why["explanation"])
    except MayNotLookUp as refusal:
        return errors.not_allowed(request, refusal.words)
    _note_shown(kept, why)
    return render(
        request,
        "result.html",
        {
            "case": cases.case_of(request_id, membership.organisation),
            "outcome": kept,
            "words": OUTCOME_WORDS[Status(kept["status"])],
            "asked": _as_asked(request.session[QUESTION]),
            "asked_at_text": _moment(kept["asked_at"]),
            "reason": purposes.name(why["reason"]),
            "may_find": purposes.finds(why["reason"]),
            "case_reference": why["case_reference"],
        },
    )


def _hidden_since(kept: dict[str, Any]) -> bool:
    """Whether a number that was found is of a child who was shielded after that."""
    number = kept["nhs_number"].replace(" ", "")
    return bool(number) and not told(number)


def _page(request: HttpRequest, template: str, form: Any, **more: Any) -> HttpResponse:
    """A form's page; with errors it is 200, as browsers and screen readers expect."""
    return render(request, template, {"form": form, "errors": error_list(form), **more})


def _look_up(request: HttpRequest, details: dict[str, Any]) -> HttpResponse:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    why = request.session[REASON]
    asker = Asker(
        organisation=membership.organisation,
        purpose=why["reason"],
        limit_per_minute=settings.LOOKUPS_PER_PERSON_PER_MINUTE,
        membership=membership,
        case_reference=why["case_reference"],
        reason=why["explanation"],
    )
    # All questions after one reason are about one child: a later one answers the earlier.
    before = request.session.get(RESULT)
    case = cases.own_case(before["id"], membership) if before else None
    since = same_time.began()
    try:
        answered = ask(asker, ChildForm.given_text(details), case=case)
    except MayNotLookUp as refusal:
        return errors.not_allowed(request, refusal.words)
    except TooOften as refusal:
        return render(
            request,
            "too-often.html",
            {"seconds": refusal.seconds, "held": refusal.held},
            status=429,
        )
    except NoRecordNoAnswer:
        return errors.failed(request, 503)
    if answered.outcome.nhs_number is None:
        same_time.hold(since, same_time.WHEN_SOURCE_ASKED)
    request.session[RESULT] = _kept(answered)
    return redirect("find-result", request_id=answered.request.id)


def _kept(answered: Answered) -> dict[str, Any]:
    """The outcome as the session keeps it until the page is left."""
    outcome: Outcome = answered.outcome
    return {
        "id": str(answered.request.id),
        "asked_at": answered.request.asked_at.isoformat(),
        "status": outcome.status.value,
        "nhs_number": grouped(outcome.nhs_number) if outcome.nhs_number else "",
        "reasons": [_sentence(text) for text in outcome.reasons],
        "advice": outcome.advice,
        "score": outcome.score,
        "calls": outcome.calls,
        "notes": [
            f"{FIELD_WORDS[field]} {reason}"
            for field, (_, reason) in outcome.data_quality.items()
            if reason and field in FIELD_WORDS
        ],
    }


def _note_shown(kept: dict[str, Any], why: dict[str, Any]) -> None:
    """What this page reveals, for the ledger; it is shown again each time the page is loaded."""
    number = kept["nhs_number"].replace(" ", "")
    note(
        action="identifier.show",
        outcome=kept["status"],
        purpose=why["reason"],
        reason=why["explanation"],
        case_reference=why["case_reference"],
        subject=number,
        fields=(NUMBER,) if number else (),
        results=1 if number else 0,
    )


def _moment(text: str) -> str:
    """When the question was asked, as a practitioner writes it."""
    moment = timezone.localtime(datetime.fromisoformat(text))
    return f"{moment.day} {moment:%B %Y at %H:%M}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _as_asked(details: dict[str, Any]) -> list[dict[str, str]]:
    """What the person entered, in words, leaving out what they left out."""
    rows = {
        "Given names": details["given"],
        "Family name": details["family"],
        "Date of birth": f"{details['day']}/{details['month']}/{details['year']}",
        "Postcode": details["postcode"].upper(),
        "Gender": details["gender"].capitalize(),
        "Phone number": details["phone"],
        "NHS number already held": details["nhs_number"],
    }
    return [{"label": label, "value": value} for label, value in rows.items() if value]
