"""The head of every page about a child: who it is, as far as that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from joinedup.hub.discovery.models import Search
from joinedup.hub.pages.outcome_words import grouped
from joinedup.hub.shields.levels import level_of
from joinedup.policy.question import Level

CHILD = "child"
"""In the session: the name and birth date that were entered for the child who was found."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the head shows. ``name`` and ``born`` are empty where they are not known here."""

    number: str
    name: str
    born: str
    age: str
    name_from: str
    differs: bool
    restricted: bool


def remember_child(request: HttpRequest, sui: str, asked: dict[str, Any]) -> None:
    """Keep what was entered about a child who was found, for the head of the next pages."""
    request.session[CHILD] = {
        "sui": sui,
        "name": f"{asked['given']} {asked['family']}".strip(),
        "born": f"{asked['year']}-{asked['month'].zfill(2)}-{asked['day'].zfill(2)}",
    }


def header(
    request: HttpRequest, search: Search, records: Sequence[Mapping[str, Any]] = ()
) -> Header:
    """Make the head for a search's child.

    ``records`` are personal records that are open for this request: where they do not agree on the
    birth date, none is picked. Without one, the name is what the person entered themselves, if
    that is how the child was found.
    """
    name = born = came_from = ""
    births = {each["payload"].get("dateOfBirth", "") for each in records}
    if records:
        payload = records[-1]["payload"]
        name = f"{payload.get('firstName', '')} {payload.get('lastName', '')}".strip()
        born, came_from = payload.get("dateOfBirth", ""), "as an agency has it"
    elif (kept := request.session.get(CHILD)) and kept["sui"] == search.sui:
        name, born, came_from = kept["name"], kept["born"], "as you entered it"
    day = _day(born) if len(births) < 2 else None
    return Header(
        number=grouped(search.sui),
        name=name,
        born=f"{day.day} {day:%B %Y}" if day else "",
        age=_age(day, timezone.localdate()) if day else "",
        name_from=came_from,
        differs=len(births) > 1,
        restricted=level_of(search.sui) is Level.NO_LOCATION,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _age(born: date, on: date) -> str:
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 0:
        return "not born yet"
    if years >= 2:
        return f"aged {years}"
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    return f"aged {months} month{'' if months == 1 else 's'}"
