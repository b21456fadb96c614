"""``placement.details``, made of a looked-after child's episodes in the SSDA903 return.

The record tells of the newest placement. A new episode is not always a new placement: where only
the legal status changed (reason L), the placement goes on, and began with an earlier episode.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from joinedup.custodian.children import Happened, Held
from joinedup.custodian.config import System
from joinedup.standards.schemas import schema

RECORD_TYPE: Final = "placement.details"
_SAME_PLACEMENT: Final = "L"
_OFSTED: Final = re.compile(r"(SC)?[0-9]{6,7}")
_FOR_ADOPTION: Final = frozenset({"A3", "A4", "A5", "A6"})


def placement(child: Held, system: System) -> dict[str, Any]:
    """Give the payload; nothing when the episodes do not say what such a record must have."""
    # Other files tell of episodes, too, but not who provides the placement, and what is needed.
    episodes = [
        one for one in child.of_kind("looked-after-episode") if one.start and _text(one, "RNE")
    ]
    if not episodes:
        return {}
    last, first = episodes[0], _first(episodes)
    kind, provider = _code(last, "PLACE", "placementType"), _provider(last)
    need = _code(last, "CIN", "needs", "categoryOfNeed")
    authority = _authority(system)
    if not (kind and provider and need and authority and first.start):
        return {}
    made: dict[str, Any] = {
        "status": "Ended" if last.end else "InPlace",
        "placingAuthority": authority,
        "legalStatus": _code(last, "LS", "legalStatus"),
        "needs": {"categoryOfNeed": need},
        "placementType": kind,
        "provider": provider,
        "startDate": first.start.isoformat(),
        "reasonForNewEpisode": _code(first, "RNE", "reasonForNewEpisode"),
    }
    if last.end:
        made |= {
            "endDate": last.end.isoformat(),
            "reasonEpisodeCeased": _code(last, "REC", "reasonEpisodeCeased"),
            "reasonForChange": _code(last, "REASON_PLACE_CHANGE", "reasonForChange"),
        }
        if not made["reasonEpisodeCeased"]:
            return {}
    return {name: value for name, value in made.items() if value}


def without_place(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload without what tells where the child is: a provider's number names one home."""
    kept = {
        name: value
        for name, value in payload.items()
        if name not in ("locationAuthority", "distanceFromHomeMiles", "preferredAreaMet")
    }
    if "provider" in kept:
        kept["provider"] = {"type": kept["provider"]["type"]}
    if "needs" in kept:
        needs = kept["needs"]
        kept["needs"] = {key: needs[key] for key in needs if key != "preferredArea"}
    return kept


def _first(episodes: list[Happened]) -> Happened:
    """The episode with which the newest one's placement began; ``episodes`` are newest first."""
    found = episodes[0]
    for before in episodes[1:]:
        goes_on = _text(found, "RNE") == _SAME_PLACEMENT and before.end == found.start
        if not goes_on or _text(before, "PLACE") != _text(found, "PLACE"):
            break
        found = before
    return found


def _provider(episode: Happened) -> dict[str, str]:
    kind = _code(episode, "PLACE_PROVIDER", "provider", "type")
    if not kind:
        return {}
    urn = _text(episode, "URN")
    # Where a child lives who is placed for adoption is not told to anybody.
    known = _OFSTED.fullmatch(urn) and _text(episode, "PLACE") not in _FOR_ADOPTION
    return {"type": kind, "ofstedUrn": urn} if known else {"type": kind}


def _authority(system: System) -> dict[str, str]:
    name, code = (system.names.get(one, "").strip() for one in ("authority", "authority_code"))
    if not name:
        return {}
    return {"name": name, "code": code} if code else {"name": name}


def _text(episode: Happened, column: str) -> str:
    return str(episode.facts.get(column) or "").strip().upper()


def _code(episode: Happened, column: str, *field: str) -> str:
    """A code that the schema knows; one that it does not know is left out."""
    text = _text(episode, column)
    return text if text in _codes(field) else ""


@cache
def _codes(field: tuple[str, ...]) -> frozenset[str]:
    found: Any = schema(RECORD_TYPE)
    for name in field:
        found = found["properties"][name]
    return frozenset(one["const"] for one in found["oneOf"])
