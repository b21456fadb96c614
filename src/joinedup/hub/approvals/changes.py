"""Two people for every change that matters (OWASP ASVS 5 V2.3.5; reference 2.9, the rule of two).

A capability registers how its kind of change is applied::

    @handles("agreement.revoke", roles={Role.ADMINISTRATOR}, whose=lambda what: what["custodian"])
    def apply(what: dict[str, Any], by: Membership) -> None: ...

One person proposes it, another approves it. The handler runs in the transaction in which the
change is marked as applied and its ledger entry is written: all of it happens, or nothing. Modules
with handlers must be imported when Django starts (from ``AppConfig.ready``).
"""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from joinedup.hub.approvals.models import ProposedChange, Status
from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership, Role

WAITS_FOR = timedelta(days=14)

What = dict[str, Any]
Apply = Callable[[What, Membership], None]


class SamePerson(Exception):
    """Whoever proposed a change, or gains by it, cannot be the second person."""


class NotYours(Exception):
    """The person's role or organisation does not decide this kind of change."""


class Stale(Exception):
    """The change was decided already, waited too long, or no longer fits what it was made for."""


class CannotBeDone(Exception):
    """What is proposed cannot be applied; the text says why, and what to put right."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of change is checked, shown and applied."""

    kind: str
    title: str
    apply: Apply
    roles: frozenset[str]
    whose: Callable[[What], str] | None
    check: Callable[[What], None]
    world: Callable[[What], Any]
    about: Callable[[What], tuple[str, str] | None]


_handlers: dict[str, Handler] = {}


def handles(
    kind: str,
    *,
    title: str = "",
    roles: Collection[str] = (Role.ADMINISTRATOR,),
    whose: Callable[[What], str] | None = None,
    check: Callable[[What], None] = lambda _: None,
    world: Callable[[What], Any] = lambda _: None,
    about: Callable[[What], tuple[str, str] | None] = lambda _: None,
) -> Callable[[Apply], Apply]:
    """Register how a kind of change is applied.

    ``roles`` may propose and approve it. ``whose`` gives the ODS code of the organisation whose
    people decide; without it, and besides, those of the organisation that runs the hub. ``check``
    raises ``CannotBeDone`` before anything is proposed. ``world`` gives, as JSON values, the facts
    that the change depends on: when they differ at approval it is stale. ``about`` gives the
    issuer and subject of a person who gains by it, and so may be neither of the two.
    """

    def register(apply: Apply) -> Apply:
        _handlers[kind] = Handler(
            kind, title or kind, apply, frozenset(roles), whose, check, world, about
        )
        return apply

    return register


def handler_of(kind: str) -> Handler:
    """The handler of a kind; raises ``CannotBeDone`` when there is none."""
    try:
        return _handlers[kind]
    except KeyError:
        raise CannotBeDone(f"There is no change of the kind {kind!r}.") from None


def deciding_roles() -> frozenset[str]:
    """Every role that decides some kind of change."""
    return frozenset().union(*(handler.roles for handler in _handlers.values()))


def propose(kind: str, what: What, by: Membership, why: str) -> ProposedChange:
    """Put a change to a second person. Nothing happens yet.

    Takes the kind, exactly what is to be applied (JSON values), who proposes it and why. Raises
    ``NotYours``, ``SamePerson`` and ``CannotBeDone``.
    """
    handler, what, whose = _read(kind, what, why)
    _allowed(handler, whose, what, by)
    handler.check(what)
    with transaction.atomic():
        change = _keep(handler, what, whose, by, why)
        _write("change.propose", change, by, why)
    return change


def draft(kind: str, what: What, why: str) -> ProposedChange:
    """Keep a change that the command line asks for, where nobody is signed in.

    It waits until one person puts it forward as their own (``adopt``) and another approves it, so
    that access to the machine is never enough. Raises ``CannotBeDone``.
    """
    handler, what, whose = _read(kind, what, why)
    handler.check(what)
    with transaction.atomic():
        change = _keep(handler, what, whose, None, why)
        _write("change.draft", change, None, why)
    return change


def adopt(change: ProposedChange, by: Membership) -> None:
    """Put a change from the command line forward as one's own; another person must approve it.

    Raises ``NotYours``, ``SamePerson`` and ``Stale``.
    """
    with transaction.atomic():
        held, _ = _held(change, by)
        if held.proposed_by is not None:
            raise Stale("Somebody put this change forward already.")
        held.proposed_by = by
        held.save(update_fields=["proposed_by"])
        _write("change.propose", held, by, held.why)
    change.refresh_from_db()


def approve(change: ProposedChange, by: Membership) -> None:
    """Apply the change, in one transaction with its ledger entry.

    Raises ``SamePerson``, ``NotYours``, ``Stale``, ``CannotBeDone``, and what the handler raises;
    nothing is applied then.
    """
    with transaction.atomic():
        held, handler = _held(change, by)
        if held.proposed_by is None:
            raise NotYours("Nobody has put this change forward yet.")
        stale = _why_stale(held, handler)
        if not stale:
            handler.check(held.what)
            handler.apply(held.what, by)
            _decide(held, Status.APPLIED, by, "")
            _write("change.approve", held, by, held.why)
        else:
            _decide(held, Status.STALE, by, stale)
            _write("change.approve", held, by, stale, outcome="refused")
    change.refresh_from_db()
    if stale:
        raise Stale(stale)


def reject(change: ProposedChange, by: Membership, why: str) -> None:
    """Turn the change down, or take one's own back. Raises ``NotYours`` and ``Stale``."""
    with transaction.atomic():
        held, _ = _held(change, by, may_be_own=True)
        _decide(held, Status.REJECTED, by, why.strip())
        _write("change.reject", held, by, why)
    change.refresh_from_db()


def may_decide(change: ProposedChange, by: Membership) -> bool:
    """Whether this person may see the change, and be one of the two."""
    handler = _handlers.get(change.kind)
    return handler is not None and _reaches(handler, change.whose, by)


def out_of_date(change: ProposedChange) -> str:
    """Why a waiting change could not be applied now; empty when it could."""
    return _why_stale(change, handler_of(change.kind))


def _read(kind: str, what: What, why: str) -> tuple[Handler, What, str]:
    handler = handler_of(kind)
    if not why.strip():
        raise CannotBeDone("Say why the change is needed.")
    as_kept: What = json.loads(json.dumps(what))  # so that what is checked is what is applied
    return handler, as_kept, handler.whose(as_kept) if handler.whose else ""


def _keep(
    handler: Handler, what: What, whose: str, by: Membership | None, why: str
) -> ProposedChange:
    return ProposedChange.objects.create(
        kind=handler.kind,
        what=what,
        why=why.strip(),
        whose=whose,
        world=_fingerprint(handler.world(what)),
        proposed_by=by,
        proposed_at=timezone.now(),
    )


def _held(
    change: ProposedChange, by: Membership, *, may_be_own: bool = False
) -> tuple[ProposedChange, Handler]:
    """The change, locked, once it is known that this person may decide it."""
    held = ProposedChange.objects.select_for_update().get(pk=change.pk)
    handler = handler_of(held.kind)
    own = held.proposed_by is not None and held.proposed_by.person_id == by.person_id
    if not (own and may_be_own):
        _allowed(handler, held.whose, held.what, by)
    if own and not may_be_own:
        raise SamePerson("You proposed this change. Somebody else must approve it.")
    if held.status != Status.WAITING:
        raise Stale(f"This change is no longer waiting: it was {held.status}.")
    return held, handler


def _allowed(handler: Handler, whose: str, what: What, by: Membership) -> None:
    if not _reaches(handler, whose, by):
        raise NotYours("Your role or organisation does not decide changes of this kind.")
    if handler.about(what) == (by.person.issuer, by.person.subject):
        raise SamePerson("This change is about you. Two other people must decide it.")


def _reaches(handler: Handler, whose: str, by: Membership) -> bool:
    by = Membership.objects.select_related("person", "organisation__principal").get(pk=by.pk)
    if by.role not in handler.roles or not by.is_live(timezone.localdate()):
        return False
    return by.organisation.runs_hub or (whose != "" and by.organisation.ods_code == whose)


def _why_stale(change: ProposedChange, handler: Handler) -> str:
    if timezone.now() > change.proposed_at + WAITS_FOR:
        return f"It waited for more than {WAITS_FOR.days} days."
    if change.proposed_by and not _reaches(handler, change.whose, change.proposed_by):
        return "Whoever proposed it may no longer propose such a change."
    if _fingerprint(handler.world(change.what)) != change.world:
        return "What it depends on has changed since it was proposed."
    return ""


def _decide(change: ProposedChange, status: Status, by: Membership, why: str) -> None:
    change.status = status
    change.decided_by = by
    change.decided_at = timezone.now()
    change.decided_why = why
    change.save(update_fields=["status", "decided_by", "decided_at", "decided_why"])


def _write(
    action: str, change: ProposedChange, by: Membership | None, why: str, outcome: str = "allowed"
) -> None:
    """The ledger entry; its reference is the change, whose payload is named by its fingerprint."""
    payload = _fingerprint([change.kind, change.what])
    who = (
        {"organisation": by.organisation.ods_code, "person": str(by.person_id), "role": by.role}
        if by
        else {"client": "command line"}
    )
    record(
        action=action,
        outcome=outcome,
        reason=f"{change.kind}: {why.strip()}",
        case_reference=f"change {change.id}, sha256 {payload}",
        holders=(change.whose,) if change.whose else (),
        **who,
    )


def _fingerprint(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
