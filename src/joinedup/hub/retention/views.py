"""The archive: asking to open what was known of a grown-up, and reading it once two agreed."""

import uuid

from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from joinedup.hub.approvals.changes import propose
from joinedup.hub.approvals.models import ProposedChange, Status
from joinedup.hub.ledger.writing import note, record
from joinedup.hub.organisations.models import Membership, Role
from joinedup.hub.pages.actor import in_role, needs_step_up
from joinedup.hub.pages.forms import error_list
from joinedup.hub.retention import box
from joinedup.hub.retention.archiving import OPEN_FOR
from joinedup.hub.retention.changes import OPEN_ARCHIVE, purposes
from joinedup.hub.retention.models import Archived
from joinedup.hub.shields.forms import NumberField
from joinedup.hub.watching.forms import sentence

_leads = in_role(Role.INFORMATION_GOVERNANCE_LEAD)


class OpenForm(forms.Form):
    """Whose archive, for which purpose, and why."""

    sui = NumberField()
    purpose = forms.ChoiceField(error_messages={"required": "Select the purpose"})
    why = sentence("Say why, in a sentence that does not name the person")

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["purpose"].choices = purposes()  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@_leads
@needs_step_up
def ask(request: HttpRequest) -> HttpResponse:
    """Ask to open what is archived of one person; another must agree."""
    membership = _membership(request)
    note(action="archive.ask")
    form = OpenForm(request.POST) if request.method == "POST" else OpenForm()
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        note(subject=given["sui"], purpose=given["purpose"])
        found = Archived.objects.filter(about=box.about(given["sui"])).first()
        if found is None or not _concerns(found, membership):
            form.add_error("sui", "Nothing is archived under this number that you answer for")
        else:
            what = {
                "archived": str(found.pk),
                "purpose": given["purpose"],
                "whose": membership.organisation.ods_code,
            }
            propose(OPEN_ARCHIVE, what, membership, given["why"])
            return redirect("archive")
    own = ProposedChange.objects.filter(kind=OPEN_ARCHIVE, proposed_by__person=membership.person)[
        :20
    ]
    asked = [{"change": each, "open": _is_open(each)} for each in own]
    found_errors = error_list(form) if form.is_bound else []
    context = {"form": form, "errors": found_errors, "asked": asked}
    return render(request, "archive-ask.html", context)


@require_GET
@_leads
@needs_step_up
def show(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """What is archived, to whoever asked, for half an hour after another agreed."""
    membership = _membership(request)
    change = ProposedChange.objects.filter(
        pk=change_id, kind=OPEN_ARCHIVE, proposed_by__person=membership.person
    ).first()
    if change is None or not _is_open(change):
        raise Http404
    row = Archived.objects.filter(pk=change.what["archived"]).first()
    if row is None or not _concerns(row, membership):
        raise Http404
    content = box.opened(row)
    with transaction.atomic():
        record(
            action="archive.read", subject=content.sui, purpose=change.what["purpose"],
            case_reference=f"change {change.pk}", results=len(content.pointers),
        )  # fmt: skip
    return render(request, "archive.html", {"content": content, "purge_on": row.purge_on})


def _is_open(change: ProposedChange) -> bool:
    until = change.decided_at and change.decided_at + OPEN_FOR
    return change.status == Status.APPLIED and until is not None and timezone.now() < until


def _concerns(row: Archived, membership: Membership) -> bool:
    own = membership.organisation
    return own.runs_hub or own.ods_code in row.organisations


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
