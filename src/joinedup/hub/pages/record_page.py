"""A record as its page shows it: every statement with its nature, its source and its dates."""

from dataclasses import dataclass
from typing import Any

from joinedup.chronology.fields import Nature
from joinedup.chronology.statement import Fetched, Statement, When, statements
from joinedup.hub.pages import record_words

NATURE_WORDS = {
    Nature.FACT: "Recorded fact",
    Nature.OPINION: "Professional judgement",
    Nature.REPORTED: "As told to the agency",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A record's details, its dated events (newest first), and whom to ask about it."""

    details: list[Statement]
    events: list[Statement]
    contacts: list[dict[str, Any]]
    links: list[dict[str, str]]
    system: str
    as_at: str


def shown(record: dict[str, Any], fetched: Fetched) -> Shown:
    """Take a record apart for its page."""
    said = list(statements(fetched, record_words.titles()))
    dated = [one for one in said if one.when]
    as_at = said[0].source.as_at if said else None
    return Shown(
        details=[one for one in said if not one.when],
        events=sorted(dated, key=lambda one: (one.when, one.label), reverse=True),
        contacts=list(record.get("contactDetails", ())),
        links=list(record.get("recordLinks", ())),
        system=str(record.get("sourceSystem", "")),
        as_at=f"{as_at.day} {as_at:%B %Y}" if as_at else "",
    )


def when_words(when: When | None) -> str:
    """A day, or a time, in words."""
    if when is None:
        return ""
    last = f"{when.last.day} {when.last:%B %Y}"
    return last if when.first == when.last else f"{when.first:%B %Y} to {when.last:%B %Y}"
