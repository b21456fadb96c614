"""The pages for those who answer for the policy: the agreements, and what somebody would see."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from joinedup.hub.agreements.asking import party
from joinedup.hub.agreements.current import current_policy
from joinedup.hub.agreements.forms import PreviewForm
from joinedup.hub.agreements.models import Agreement
from joinedup.hub.agreements.preview import preview
from joinedup.hub.ledger.writing import note
from joinedup.hub.organisations.models import Membership, Organisation, Role
from joinedup.hub.pages.actor import in_role
from joinedup.hub.pages.forms import error_list
from joinedup.policy.catalogue import national
from joinedup.policy.question import Level

answers_for_policy = in_role(Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD)


@require_GET
@answers_for_policy
def agreements(request: HttpRequest) -> HttpResponse:
    """Every agreement, and the duties in law with their days."""
    policy, today = current_policy(), timezone.localdate()
    return render(
        request,
        "agreements.html",
        {
            "agreements": [(each, _state(each)) for each in Agreement.objects.all()],
            "duties": [
                (duty, policy.duties.get(duty.code), policy.in_force(duty.code, today))
                for duty in national().duties.values()
            ],
            "version": policy.version,
            "may_propose": _membership(request).role == Role.ADMINISTRATOR,
        },
    )


@require_GET
@answers_for_policy
def agreement(request: HttpRequest, number: int) -> HttpResponse:
    """One agreement with its rules."""
    found = get_object_or_404(Agreement.objects.prefetch_related("rules"), pk=number)
    names = {purpose.code: purpose.name for purpose in national().purposes.values()}
    rules = [
        (rule, [names.get(code, code) for code in rule.purposes]) for rule in found.rules.all()
    ]
    page = {"agreement": found, "state": _state(found), "rules": rules}
    return render(request, "agreement.html", page)


@require_GET
@answers_for_policy
def policy_preview(request: HttpRequest) -> HttpResponse:
    """What would a sergeant in X see, and why?"""
    note(action="policy.preview")
    asked = "organisation" in request.GET
    form = PreviewForm(request.GET if asked else None)
    page: dict[str, Any] = {"form": form, "errors": []}
    if asked and form.is_valid():
        page |= _previewed(form.cleaned_data)
    elif asked:
        page["errors"] = error_list(form)
    return render(request, "policy-preview.html", page)


def _previewed(asked: dict[str, Any]) -> dict[str, Any]:
    holders = [asked["holder"]] if asked["holder"] else list(_everybody())
    policy = current_policy()
    found = preview(
        policy,
        party(asked["organisation"]),
        asked["role"],
        asked["purpose"],
        asked["basis"],
        Level("URV".index(asked["level"])),
        asked["on"],
        [(each.name, party(each)) for each in holders],
    )
    return {
        "found": found,
        "role": Role(asked["role"]).label.lower(),
        "where": asked["organisation"].name,
        "one": bool(asked["holder"]),
        "version": policy.version,
    }


def _everybody() -> Any:
    return Organisation.objects.select_related("principal").exclude(runs_hub=True)


def _state(found: Agreement) -> str:
    today = timezone.localdate()
    if found.revoked_at is not None:
        return "Revoked"
    if today < found.valid_from:
        return "Not yet in force"
    if found.valid_to is not None and found.valid_to < today:
        return "Ended"
    return "In force"


def _membership(request: HttpRequest) -> Membership:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    return membership
