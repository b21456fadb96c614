"""The links at the head of every page, by role: the one list that an app adds its own to.

Add a ``Link`` to ``LINKS`` and put ``{% set section = "..." %}`` into your templates. A link whose
address is not in the URL conf stops the program's tests, not a page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from joinedup.hub.organisations.models import ROLES_THAT_ASK, Membership, Role

ForWhom = Callable[[Membership], bool]


def in_roles(*roles: str) -> ForWhom:
    """For people in one of these roles."""
    return lambda membership: membership.role in roles


def who_look_up(membership: Membership) -> bool:
    """For people in a role that looks up children."""
    return membership.may_look_up


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its words, the address's name, the section whose pages mark it, who sees it."""

    text: str
    address: str
    section: str
    for_whom: ForWhom


LINKS = (
    Link("Find a child", "find-reason", "find", who_look_up),
    Link("Review cases", "review-cases", "review", who_look_up),
    Link(
        "Asked of us",
        "asked-of-us",
        "asked-of-us",
        in_roles(*ROLES_THAT_ASK, Role.DATA_OFFICER, Role.INFORMATION_GOVERNANCE_LEAD),
    ),
    Link(
        "Requests",
        "requests",
        "requests",
        in_roles(*ROLES_THAT_ASK, Role.DATA_OFFICER, Role.INFORMATION_GOVERNANCE_LEAD),
    ),
    Link("Notices", "notices", "notices", in_roles(*Role)),
    Link(
        "Administration",
        "administration",
        "administration",
        in_roles(Role.ADMINISTRATOR, Role.INFORMATION_GOVERNANCE_LEAD),
    ),
    Link("Shields", "shields", "shields", in_roles(Role.SHIELD_REVIEWER)),
    Link(
        "Looks to review",
        "watching",
        "watching",
        in_roles(Role.INFORMATION_GOVERNANCE_LEAD),
    ),
    Link("Who looked", "looked", "looked", in_roles(Role.INFORMATION_GOVERNANCE_LEAD)),
    Link(
        "Subject access",
        "subject-access",
        "subject-access",
        in_roles(Role.DATA_OFFICER, Role.INFORMATION_GOVERNANCE_LEAD),
    ),
)


def links(membership: Membership | None, section: str) -> list[dict[str, Any]]:
    """Give the links that somebody sees, as the GOV.UK service navigation takes them."""
    if not membership:
        return []
    return [
        {"text": link.text, "href": reverse(link.address), "active": link.section == section}
        for link in LINKS
        if link.for_whom(membership)
    ]
