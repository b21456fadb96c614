"""How far a child is shielded, asked anew each time: a shield holds from the next request on."""

from collections.abc import Iterable

from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import ShieldMark
from joinedup.policy.question import Level


def level_of(sui: str) -> Level:
    """Give the level of the child with this number: our shields' or the source of truth's flag.

    Follows supersession, merges and whatever resembled the child, because a shield is attached to
    every number that was ever found to be theirs. Raises Django's ``DatabaseError`` when it cannot
    be known, which is never "not shielded".
    """
    return levels_of([sui])[sui]


def levels_of(suis: Iterable[str]) -> dict[str, Level]:
    """Give the level of each of these, in one query."""
    numbers = set(suis)
    if not numbers:
        return {}
    ours = tokens()
    by_token = {ours.number(number): number for number in numbers}
    found = dict.fromkeys(numbers, Level.OPEN)
    marks = ShieldMark.objects.filter(token__in=list(by_token), shield__level__gt=Level.OPEN)
    for token, level in marks.values_list("token", "shield__level"):
        number = by_token[bytes(token)]
        found[number] = max(found[number], Level(level))
    return found


def told(sui: str) -> str:
    """Give the number back when it may be told to an outsider, else nothing.

    For what was found before a shield was asked for and is only shown now.
    """
    if not sui or level_of(sui) is Level.NOT_DISCOVERABLE:
        return ""
    return sui
