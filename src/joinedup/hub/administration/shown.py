"""A change as its page shows it: every value as it will be applied, nothing that hides."""

import json
import unicodedata
from collections.abc import Iterable
from typing import Any, cast

from django.forms import ChoiceField, Field

from joinedup.hub.approvals.changes import handler_of, out_of_date
from joinedup.hub.approvals.models import ProposedChange, Status
from joinedup.hub.organisations.forms import FORMS


def title(change: ProposedChange) -> str:
    """What kind of change it is, in words."""
    return handler_of(change.kind).title


def rows(change: ProposedChange) -> list[dict[str, str]]:
    """Each part of the payload with its label; a part without a label keeps its own name."""
    form = FORMS.get(change.kind)
    fields = form().fields if form else {}
    return [
        {
            "label": str(fields[name].label) if name in fields else name,
            "value": visible(_said(fields.get(name), value)),
        }
        for name, value in change.what.items()
    ]


def _said(field: Field | None, value: Any) -> str:
    """A value as it is applied; one of a list of choices with its words."""
    if not isinstance(value, str):
        return json.dumps(value, indent=2)
    words = ""
    if isinstance(field, ChoiceField):
        words = dict(cast(Iterable[tuple[str, str]], field.choices)).get(value, "")
    return f"{words} ({value})" if words else value


def visible(text: str) -> str:
    """The text with each character that shows nothing, or turns text round, as its code."""
    return "".join(
        f"[U+{ord(character):04X}]"
        if unicodedata.category(character).startswith("C") and character not in "\r\n"
        else character
        for character in text
    )


def line(change: ProposedChange) -> dict[str, Any]:
    """A change as a line of a list."""
    said = zip(rows(change), change.what.values(), strict=True)
    first = next((row["value"] for row, value in said if isinstance(value, str)), "")
    return {
        "id": change.id,
        "title": title(change),
        "about": first,
        "status": status(change),
        "proposed_by": str(change.proposed_by.person) if change.proposed_by else "Command line",
        "proposed_at": change.proposed_at,
        "decided_by": str(change.decided_by.person) if change.decided_by else "",
        "decided_at": change.decided_at,
    }


def status(change: ProposedChange) -> str:
    """Where the change is, in words."""
    if change.status == Status.WAITING and change.proposed_by is None:
        return "Waiting for somebody to put it forward"
    if change.status == Status.WAITING and out_of_date(change):
        return Status.STALE.label
    return str(Status(change.status).label)
