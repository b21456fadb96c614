"""Pages for asking another organisation: a task list, check answers, and a reference."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from joinedup.hub.discovery import searching
from joinedup.hub.discovery.circle import Refused, Searcher
from joinedup.hub.ledger.writing import note
from joinedup.hub.limits import enumeration
from joinedup.hub.organisations.models import Organisation
from joinedup.hub.pages import purposes
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.forms import NumberForm, error_list
from joinedup.hub.pages.involved import membership_of
from joinedup.hub.pages.outcome_words import grouped
from joinedup.hub.sharing import asking, reading_keys
from joinedup.hub.sharing.asking import CannotBeAsked, Wanted
from joinedup.hub.sharing.draft import Draft, emergency, emergency_holders
from joinedup.hub.sharing.forms import (
    URGENCIES,
    CodeForm,
    EmergencyForm,
    WhatForm,
    WhoForm,
    WhyForm,
)
from joinedup.hub.sharing.models import ReadingKey
from joinedup.hub.sharing.permission import NotAgreed

TASKS = (
    ("why", "Why you ask", "request-why"),
    ("child", "The child", "request-child"),
    ("who", "Whom to ask", "request-who"),
    ("what", "What you need", "request-what"),
)


@require_http_methods(["GET", "POST"])
@may_look_up
def new(request: HttpRequest) -> HttpResponse:
    """The task list; a POST begins anew."""
    draft = Draft(request.session, membership_of(request))
    if request.method == "POST":
        draft.forget()
        return redirect("request-new")
    ready = {
        "why": True,
        "child": "why" in draft.parts,
        "who": "why" in draft.parts,
        "what": "who" in draft.parts,
    }
    tasks = [
        {"title": title, "address": address, "done": part in draft.parts, "ready": ready[part]}
        for part, title, address in TASKS
    ]
    return render(request, "sharing-tasks.html", {"tasks": tasks, "is_complete": draft.is_complete})


@require_http_methods(["GET", "POST"])
@may_look_up
def why(request: HttpRequest) -> HttpResponse:
    """Why it is asked."""
    draft = Draft(request.session, membership_of(request))
    offered = [each for each in purposes.reasons(draft.membership) if purposes.finds(each.code)]
    form = WhyForm(offered, request.POST or None, initial=draft.parts.get("why"))
    return _part(request, draft, "why", form, "sharing-why.html")


@require_http_methods(["GET", "POST"])
@may_look_up
def child(request: HttpRequest) -> HttpResponse:
    """About which child."""
    draft = Draft(request.session, membership_of(request))
    if "why" not in draft.parts:
        return redirect("request-why")
    before = {"nhs_number": draft.parts.get("child", {}).get("sui", "")}
    form = NumberForm(request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        draft.keep("child", {"sui": form.cleaned_data["nhs_number"]})
        return redirect("request-new")
    return _page(request, "sharing-child.html", form)


@require_http_methods(["GET", "POST"])
@may_look_up
def who(request: HttpRequest) -> HttpResponse:
    """Whom to ask: those whom the policy lets be asked for this reason."""
    draft = Draft(request.session, membership_of(request))
    if "why" not in draft.parts:
        return redirect("request-why")
    form = WhoForm(draft.holders(), request.POST or None, initial=draft.parts.get("who"))
    return _part(request, draft, "who", form, "sharing-who.html")


@require_http_methods(["GET", "POST"])
@may_look_up
def what(request: HttpRequest) -> HttpResponse:
    """Which items."""
    draft = Draft(request.session, membership_of(request))
    if "who" not in draft.parts:
        return redirect("request-who")
    groups = draft.items()
    offered = [each.value for group in groups.values() for each in group]
    form = WhatForm(offered, request.POST or None, initial=draft.parts.get("what"))
    return _part(request, draft, "what", form, "sharing-what.html", groups=groups)


@require_http_methods(["GET", "POST"])
@may_look_up
def check(request: HttpRequest) -> HttpResponse:
    """Check the answers, and send."""
    draft = Draft(request.session, membership_of(request))
    if not draft.is_complete:
        return redirect("request-new")
    if request.method == "POST":
        key = _key(request)
        answer = _send(request, draft.wanted(key.row.public_key), key)
        if answer.status_code == 200:
            draft.forget()
        return answer
    labels = {each.value: each.label for group in draft.items().values() for each in group}
    why = draft.parts["why"]
    holder = draft.holder
    context = {
        "draft": draft.parts,
        "number": grouped(draft.parts["child"]["sui"]),
        "purpose": purposes.name(why["purpose"]),
        "urgency": dict(URGENCIES)[why["urgency"]],
        "holder": holder.name if holder else "",
        "items": [labels[each] for each in draft.parts["what"]["items"]],
    }
    note(action="share.check", subject=draft.parts["child"]["sui"], purpose=why["purpose"])
    return render(request, "sharing-check.html", context)


@require_http_methods(["GET", "POST"])
@may_look_up
def in_emergency(request: HttpRequest) -> HttpResponse:
    """An emergency: the child, whom to ask, and what has happened. The rest within a day."""
    membership = membership_of(request)
    holders = emergency_holders(membership)
    form = EmergencyForm(holders, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        holder = Organisation.objects.select_related("principal").get(ods_code=given["holder"])
        key = _key(request)
        wanted = emergency(
            membership, given["nhs_number"], holder, given["reason"], key.row.public_key
        )
        if wanted is not None:
            return _send(request, wanted, key)
        form.add_error("holder", "Select whom to ask")
    return _page(request, "sharing-emergency.html", form, holders=holders)


@require_http_methods(["GET", "POST"])
@may_look_up
def reading_code(request: HttpRequest) -> HttpResponse:
    """Make a reading key, or enter the code of the one there is in another browser."""
    membership = membership_of(request)
    has_key = ReadingKey.objects.filter(membership=membership).exists()
    form = CodeForm(request.POST) if request.POST.get("act") == "code" else CodeForm()
    if request.POST.get("act") == "new":
        note(action="share.key")
        made = reading_keys.made(membership)
        page = render(request, "sharing-code.html", {"code": reading_keys.shown(made.code)})
        return reading_keys.remember(page, made)
    if form.is_bound and form.is_valid():
        try:
            opened = reading_keys.with_code(membership, form.cleaned_data["code"])
        except reading_keys.WrongCode:
            form.add_error("code", "This is not your reading code")
        else:
            return reading_keys.remember(redirect("requests"), opened)
    is_open = reading_keys.of(request, membership) is not None
    return _page(request, "sharing-key.html", form, has_key=has_key, is_open=is_open)


def _key(request: HttpRequest) -> reading_keys.Opened:
    """The person's key; made now where they have none, or where this browser cannot open it."""
    membership = membership_of(request)
    found = reading_keys.of(request, membership)
    if found is None:
        found = reading_keys.made(membership)
        request.session["new_reading_code"] = True
    return found


def _send(request: HttpRequest, wanted: Wanted, key: reading_keys.Opened) -> HttpResponse:
    membership = membership_of(request)
    searcher = Searcher(membership.organisation, membership=membership)
    try:
        searching.check_limits(searcher, wanted.sui)
        sent = asking.ask(searcher, wanted)
    except enumeration.Held as held:
        context = {"seconds": held.seconds, "held": True}
        return render(request, "too-often.html", context, status=429)
    except (NotAgreed, Refused, CannotBeAsked) as refusal:
        words = getattr(refusal, "words", "") or str(refusal)
        return render(request, "sharing-refused.html", {"words": words}, status=409)
    is_new = request.session.pop("new_reading_code", False)
    page = render(
        request,
        "sharing-sent.html",
        {"sent": sent, "code": reading_keys.shown(key.code) if is_new else ""},
    )
    return reading_keys.remember(page, key)


def _part(
    request: HttpRequest, draft: Draft, part: str, form: Any, template: str, **more: Any
) -> HttpResponse:
    """A part of the task list: shown, or kept."""
    if request.method == "POST" and form.is_valid():
        draft.keep(part, form.cleaned_data)
        return redirect("request-new")
    return _page(request, template, form, **more)


def _page(request: HttpRequest, template: str, form: Any, **more: Any) -> HttpResponse:
    """A form's page; with errors it is 200, as browsers and screen readers expect."""
    errors = error_list(form) if form.is_bound else []
    return render(request, template, {"form": form, "errors": errors, **more})
