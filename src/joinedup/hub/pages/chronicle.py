"""The chronology of what was given, and signals in it: opened, merged and shown, and not kept."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from joinedup.chronology.fields import Nature
from joinedup.chronology.merging import Certainty, Chronology, Entry, merge
from joinedup.chronology.signals import look
from joinedup.chronology.statement import Statement
from joinedup.hub.discovery.models import Search
from joinedup.hub.pages import record_words, records
from joinedup.hub.pages.actor import may_look_up
from joinedup.hub.pages.child_header import header
from joinedup.hub.pages.forms import FilterForm, error_list
from joinedup.hub.pages.involved import day, gone, membership_of, moment, own_search
from joinedup.hub.pages.record_page import NATURE_WORDS, when_words

CERTAINTY_WORDS = {
    Certainty.AGREED: "Agencies agree",
    Certainty.SINGLE: "",
    Certainty.DIFFERS: "Agencies differ",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the pages show it."""

    when: str
    label: str
    text: str
    nature: str
    certainty: str
    said: list[str]


@require_GET
@may_look_up
def chronology(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Everything given in this session about the child, in one order, the newest first."""
    search = own_search(membership_of(request), search_id)
    if search is None:
        return gone(request)
    found, merged = _merged(request, search, "record.chronology")
    form = FilterForm(_types(merged), _agencies(merged), request.GET or None)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    entries = [entry for entry in merged.entries if _chosen(entry, chosen)]
    return render(
        request,
        "chronology.html",
        {
            "search": search,
            "child": header(request, search, _personal(found)),
            "tab": "chronology",
            "form": form,
            "errors": error_list(form) if form.is_bound else [],
            "types": _types(merged),
            "agencies": _agencies(merged),
            "entries": [_shown(entry) for entry in entries],
            "all_count": len(merged.entries),
            "differences": [
                (each.about, each.is_event, [_shown(entry) for entry in each.entries])
                for each in merged.differences
            ],
            "records": [
                (each.custodian_name, record_words.about(each.asked.record_type), each.asked.pk)
                for each in found
            ],
            "masked": any(each.masked for each in found),
        },
    )


@require_GET
@may_look_up
def signals(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """Plain rules over the chronology, each with the entries that it rests on; no scores."""
    search = own_search(membership_of(request), search_id)
    if search is None:
        return gone(request)
    found, merged = _merged(request, search, "record.signals")
    looked = look(merged, timezone.localdate())
    return render(
        request,
        "signals.html",
        {
            "search": search,
            "child": header(request, search, _personal(found)),
            "tab": "signals",
            "any_records": bool(found),
            "shown": [
                (each.signal, [_shown(entry) for entry in each.evidence]) for each in looked.shown
            ],
            "not_looked": [
                (each.signal.name, ", ".join(map(record_words.about, each.missing)))
                for each in looked.not_looked
            ],
            "not_there": [signal.name for signal in looked.not_there],
        },
    )


def _merged(
    request: HttpRequest, search: Search, action: str
) -> tuple[list[records.Opened], Chronology]:
    """Open what may be shown now, with the entry of it in the ledger, and merge it."""
    with transaction.atomic():
        found = list(records.opened(request, search))
        records.recorded(search, action, found)
    return found, merge((each.fetched() for each in found), record_words.titles())


def _personal(found: list[records.Opened]) -> list[dict[str, Any]]:
    """The personal records, for the head of the page; the newest last."""
    personal = [each for each in found if each.asked.record_type == "personal.details"]
    return [each.record for each in sorted(personal, key=lambda one: one.fetched().received_at)]


def _types(merged: Chronology) -> list[tuple[str, str]]:
    found = {one.source.record_type for entry in merged.entries for one in entry.said}
    return sorted(((each, record_words.about(each)) for each in found), key=lambda each: each[1])


def _agencies(merged: Chronology) -> list[tuple[str, str]]:
    """Agencies by code; those whose name is not told are not told apart either."""
    found = {
        (one.source.custodian, one.source.custodian_name)
        for entry in merged.entries
        for one in entry.said
        if one.source.custodian
    }
    return sorted(found, key=lambda each: each[1])


def _chosen(entry: Entry, chosen: dict[str, Any]) -> bool:
    if not chosen or entry.when is None:
        return True
    first: date | None = chosen["since"]
    last: date | None = chosen["until"]
    if (first and entry.when.last < first) or (last and entry.when.first > last):
        return False
    return any(
        chosen["about"] in ("", one.source.record_type)
        and chosen["agency"] in ("", one.source.custodian)
        for one in entry.said
    )


def _shown(entry: Entry) -> Shown:
    nature = entry.said[0].nature
    return Shown(
        when_words(entry.when),
        entry.label,
        entry.text,
        NATURE_WORDS[nature] if nature is not Nature.FACT else "",
        CERTAINTY_WORDS[entry.certainty],
        [_byline(one) for one in entry.said],
    )


def _byline(one: Statement) -> str:
    source = one.source
    parts = [source.custodian_name]
    if source.system:
        parts.append(source.system)
    if source.as_at:
        parts.append(f"as at {day(source.as_at)}")
    parts.append(f"received {moment(source.received_at)}")
    return ", ".join(parts)
