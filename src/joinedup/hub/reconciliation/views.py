"""The review pages: what waits, one case with its evidence, the decision, and taking it back."""

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from markupsafe import Markup
from psycopg import Error as DatabaseFailure
from psycopg_pool import PoolTimeout

from joinedup.hub.identifiers.asking import Asker, HeldRecord, NoRecordNoAnswer, TooOften, ask
from joinedup.hub.identifiers.permission import PURPOSE, MayNotLookUp
from joinedup.hub.identifiers.permission import may_look_up as check_policy
from joinedup.hub.ledger.writing import NotRecorded, note
from joinedup.hub.organisations.models import Membership
from joinedup.hub.pages import errors
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.forms import ChildForm, error_list
from joinedup.hub.pages.outcome_words import FIELD_WORDS, OUTCOME_WORDS, grouped
from joinedup.hub.reconciliation import cases, deciding, links
from joinedup.hub.reconciliation.comparing import side_by_side
from joinedup.hub.reconciliation.forms import DecisionForm, choices
from joinedup.hub.reconciliation.matched import RECORD_TYPE
from joinedup.hub.reconciliation.models import (
    WAITING,
    Action,
    CaseEntry,
    Kind,
    ReviewCase,
    Status,
)
from joinedup.identify.outcome import Status as Result
from joinedup.linkage.constraints import Ref
from joinedup.linkage.explain import explain, percent, signed, summary, waterfall_svg
from joinedup.people.demographics import Demographics
from joinedup.policy.catalogue import national

PAGE = 50
SHOWN = ("waiting", "decided", "mine")
_MOST_EVIDENCE = 5  # pairs that are drawn on one page


@require_GET
@may_look_up
def queue(request: HttpRequest) -> HttpResponse:
    """The organisation's cases, oldest first."""
    membership = _membership(request)
    cases.forget(timezone.now())
    kind = request.GET.get("kind", "")
    show = request.GET.get("show", "waiting")
    kind = kind if kind in Kind.values else ""
    show = show if show in SHOWN else "waiting"
    found = _of(membership)
    if kind:
        found = found.filter(kind=kind)
    if show == "mine":
        found = found.filter(questions__request__person=membership.person).distinct()
    elif show == "decided":
        found = found.filter(status=Status.DECIDED)
    else:
        found = found.filter(status__in=WAITING)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "review-cases.html",
        {
            "cases": [_line(case) for case in page],
            "page": page,
            "kind": kind,
            "show": show,
            "kinds": Kind.choices,
        },
    )


@require_GET
@may_look_up
def show(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case, with its evidence; that it was seen is written first."""
    case = _case(request, case_id)
    return _case_page(request, case)


@require_POST
@may_look_up
def decide(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Take a decision, once it has been confirmed."""
    case = _case(request, case_id)
    form = DecisionForm(case, request.POST)
    if not form.is_valid():
        return _case_page(request, case, decision=form)
    if request.POST.get("confirmed") != "yes":
        said = dict(choices(case))[form.cleaned_data["choice"]]
        return render(request, "review-confirm.html", {"case": case, "said": said, "form": form})
    chosen = form.cleaned_data
    try:
        deciding.decide(
            case, chosen["decision"], chosen["note"], _membership(request), chosen["other"]
        )
    except (deciding.AlreadyDecided, deciding.CannotBeDone) as refusal:
        return _refused(request, case, refusal)
    except (DatabaseFailure, PoolTimeout, NotRecorded):
        return errors.failed(request, 503)
    return redirect("review-case", case_id=case.id)


@require_POST
@may_look_up
def undo(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Take a decision back."""
    case = _case(request, case_id)
    try:
        deciding.undo(case, _membership(request))
    except (deciding.AlreadyDecided, deciding.CannotBeDone) as refusal:
        return _refused(request, case, refusal)
    except (DatabaseFailure, PoolTimeout, NotRecorded):
        return errors.failed(request, 503)
    return redirect("review-case", case_id=case.id)


@require_POST
@may_look_up
def ask_again(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Ask the source of truth with corrected details; a Match answers everybody who asked."""
    case = _case(request, case_id)
    if case.kind != Kind.IDENTIFIER:
        raise Http404
    if not case.is_waiting:
        return _refused(request, case, deciding.AlreadyDecided())
    form = ChildForm(request.POST)
    if not form.is_valid():
        return _case_page(request, case, child=form)
    membership = _membership(request)
    questions = list(case.questions.select_related("request"))
    first = questions[0].request if questions else None
    asker = Asker(
        organisation=membership.organisation,
        purpose=_purpose(case),
        limit_per_minute=settings.LOOKUPS_PER_PERSON_PER_MINUTE,
        membership=membership,
        case_reference=first.case_reference if first else "",
        reason=_reason(case),
    )
    # What the form does not ask for stays as it was asked.
    given = {**(case.details or {}), **ChildForm.given_text(form.cleaned_data)}
    held = [HeldRecord(**record) for each in questions for record in each.records]
    held += [HeldRecord(RECORD_TYPE, source, id) for source, id in case.records]
    try:
        ask(asker, given, list(dict.fromkeys(held)), case)
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
    return redirect("review-case", case_id=case.id)


def waiting(membership: Membership) -> int:
    """Count the cases that an organisation has to decide."""
    return _of(membership).filter(status__in=WAITING).count()


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership


def _of(membership: Membership) -> QuerySet[ReviewCase]:
    """Give an organisation's cases; one that names a shielded record is for the shield desk."""
    return ReviewCase.objects.filter(organisation=membership.organisation, hidden=None)


def _case(request: HttpRequest, case_id: uuid.UUID) -> ReviewCase:
    """Give a case of the signed-in person's organisation; anybody else's does not exist."""
    found = _of(_membership(request)).select_related("answered_by", "decided_by")
    case = found.filter(pk=case_id).first()
    if case is None:
        raise Http404
    return case


def _purpose(case: ReviewCase) -> str:
    """What the child's number is looked up for: what it was first, as far as the policy knows it.

    A system's own words are no purpose of the catalogue, and a file of children has none.
    """
    first = case.questions.select_related("request").first()
    given = first.request.purpose if first else ""
    return given if given in national().purposes else PURPOSE


def _reason(case: ReviewCase) -> str:
    return f"Review case {case.id}"


def _refused(request: HttpRequest, case: ReviewCase, refusal: Exception) -> HttpResponse:
    already = isinstance(refusal, deciding.AlreadyDecided)
    return render(request, "review-refused.html", {"case": case, "already": already}, status=409)


def _case_page(
    request: HttpRequest,
    case: ReviewCase,
    decision: DecisionForm | None = None,
    child: ChildForm | None = None,
) -> HttpResponse:
    evidence: list[dict[str, Any]] = []
    rows = []
    if case.kind != Kind.IDENTIFIER:
        try:
            records = links.current().records([Ref(*record) for record in case.records])
        except (DatabaseFailure, PoolTimeout):
            return errors.failed(request, 503)
        rows = side_by_side(records)
        first, *others = records
        for at, other in enumerate(others[:_MOST_EVIDENCE], 1):
            if first is not None and other is not None:
                evidence.append(_evidence(case, at, explain(links.current().scorer, first, other)))
    if case.nhs_number:
        membership = _membership(request)
        try:
            check_policy(membership.organisation, _purpose(case), membership, _reason(case))
        except MayNotLookUp as refusal:
            return errors.not_allowed(request, refusal.words)
    cases.seen(case, _membership(request))
    note(
        action="review.show",
        **deciding.about(case),
        fields=(("nhs_number",) if case.nhs_number else ())
        + (("details",) if case.details else ())
        + (("records",) if case.records else ()),
    )
    form = decision or DecisionForm(case)
    details = child or ChildForm(initial=_initial(case.details or {}))
    wrong = error_list(form) if decision else error_list(details) if child else []
    return render(
        request,
        "review-case.html",
        {
            "case": case,
            "names": [" ".join(record) for record in case.records],
            "rows": rows,
            "evidence": evidence,
            "asked": _asked(case.details or {}),
            "outcome": OUTCOME_WORDS[Result(case.outcome)] if case.outcome else None,
            "number": grouped(case.nhs_number) if case.nhs_number else "",
            "choices": choices(case),
            "decision": form,
            "form": details,
            "errors": wrong,
            "history": _history(case),
            "opened": _day(case.opened_at),
        },
    )


def _evidence(case: ReviewCase, at: int, found: Any) -> dict[str, Any]:
    return {
        "of": f"{' '.join(case.records[0])} and {' '.join(case.records[at])}",
        "summary": summary(found),
        "chance": percent(found.probability),
        "picture": Markup(waterfall_svg(found, f"evidence-{at}")),  # noqa: S704 - it escapes
        "steps": [
            {"words": step.words, "bits": signed(step.bits), "total": signed(step.total)}
            for step in found.steps
        ],
        "silent": ", ".join(found.not_compared),
    }


def _line(case: ReviewCase) -> dict[str, Any]:
    """A case in the list: nothing that names the child."""
    if case.records:
        what = ", ".join(" ".join(record) for record in case.records)
    else:
        first = case.questions.select_related("request__person", "request__client").first()
        asker = first.request.person or first.request.client if first else None
        named = [record["record_id"] for record in first.records] if first else []
        reference = first.request.case_reference if first else ""
        what = ", ".join(
            filter(None, [reference, *named, f"asked by {asker.name}" if asker else ""])
        )
    days = (timezone.now() - case.opened_at).days
    return {
        "id": case.id,
        "kind": case.get_kind_display(),
        "what": what,
        "reason": case.reason,
        "status": case.get_status_display(),
        "decision": case.get_decision_display() if case.decision else "",
        "opened": _day(case.opened_at),
        "age": "today" if days == 0 else "1 day" if days == 1 else f"{days} days",
    }


def _history(case: ReviewCase) -> list[dict[str, str]]:
    """What was done with the case; who looked at it is on record, and not shown here."""
    entries = CaseEntry.objects.filter(case=case).exclude(action=Action.SEEN)
    return [
        {
            "at": f"{_day(entry.at)} at {timezone.localtime(entry.at):%H:%M}",
            "what": entry.get_action_display()
            + (f": {entry.get_decision_display().lower()}" if entry.decision else ""),
            "who": entry.person.name
            if entry.person
            else entry.client.name
            if entry.client
            else "the hub",
            "note": entry.note,
        }
        for entry in entries.select_related("person", "client")
    ]


def _asked(details: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "label": FIELD_WORDS.get(field, field.replace("_", " ").capitalize()),
            "value": _told(value),
        }
        for field, value in details.items()
    ]


def _told(value: str) -> str:
    """What was asked, as it was given; a day that was given as a system writes it, in words."""
    try:
        born = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{born.day} {born:%B %Y}"


def _initial(details: dict[str, str]) -> dict[str, str]:
    """Put what was asked into the form for asking again."""
    read = Demographics.read(details)
    born = read.birth_date.value
    date = {"day": str(born.day), "month": str(born.month), "year": str(born.year)} if born else {}
    return {**details, **date, "gender": str(read.gender.value) if read.gender.value else ""}


def _day(moment: Any) -> str:
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}"
