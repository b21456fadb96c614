"""A custodian's people decide: share, share in part, withhold for a reason, or hand it on.

Item by item, and nothing is selected for them. What is shared is closed to the asker's key before
it is stored. Both a decision to share and one to withhold say why, in words, and by whom (L3); a
decision is never changed, but a later one can take its place (L10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from joinedup.hub.ledger.writing import note, record
from joinedup.hub.notifications.models import Kind
from joinedup.hub.notifications.outbox import tell_organisation
from joinedup.hub.sharing import asking, envelope, events, permission
from joinedup.hub.sharing.course import Answer, Event, Side, Step, Why, needs_review
from joinedup.hub.sharing.events import Actor
from joinedup.hub.sharing.models import SealedItem, ShareItem, ShareRequest
from joinedup.hub.sharing.people import LEADS
from joinedup.policy.question import Level


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: for each item, by its place, its content, its closed content, or why not.

    ``closed`` has JWE that a system made itself. ``told`` says whether the child or family was told
    that information is shared, or why not: no consent is asked for, and none is needed (L8).
    """

    words: str
    items: Mapping[int, envelope.Item | str | Why]
    told: str = ""
    legal_bar: str = ""
    review_by: date | None = None


class CannotBeDecided(ValueError):
    """The decision is not complete; the message says what is missing."""


def decide(request_id: UUID, decided: Decided, by: Actor, now: datetime | None = None) -> None:
    """Take a decision. It, the closed items and its ledger entry are committed together.

    Raises ``CannotBeDecided``, ``course.NotNow``, ``permission.NotAgreed`` when nothing lets the
    asker have it any more, ``EnvelopeError`` and ``NotRecorded``; nothing has changed then.
    """
    now = now or timezone.now()
    note(action="share.decide")
    with events.held(request_id) as request:
        items = list(request.items.all())
        answers = _answers(items, decided)
        _check(answers, decided)
        shared = [item for item in items if not isinstance(decided.items[item.place], Why)]
        if shared:
            _still_agreed(request, shared)
        event = Event(
            Step.DECIDE,
            now,
            Side.HOLDER,
            answers,
            decided.review_by if needs_review(answers) else None,
        )
        events.add(request, event, by, _words(decided), lambda: _recorded(request, answers))
        _close(request, shared, decided, now)
        request.review_told_at = None
        request.save(update_fields=["review_told_at"])
        asking.tell_asker(request, Kind.ANSWER)


def hand_on(request_id: UUID, words: str, by: Actor) -> None:
    """Ask the safeguarding lead to decide; raises ``course.NotNow``."""
    with events.held(request_id) as request:
        events.add(
            request,
            Event(Step.HAND_ON, timezone.now(), Side.HOLDER),
            by,
            words,
            lambda: record(**asking.facts(request, Side.HOLDER), action="share.hand-on"),
        )
        tell_organisation(
            request.holder, LEADS, Kind.ESCALATED, actor=request.asker, reference=request.id
        )


def _answers(items: Sequence[ShareItem], decided: Decided) -> tuple[Answer, ...]:
    if set(decided.items) != {item.place for item in items}:
        raise CannotBeDecided("Decide on each item.")
    return tuple(
        Answer(place, what if isinstance(what, Why) else None)
        for place, what in sorted(decided.items.items())
    )


def _check(answers: Sequence[Answer], decided: Decided) -> None:
    if not decided.words.strip():
        raise CannotBeDecided("Say why you decide so.")
    if any(each.why is None for each in answers) and not decided.told.strip():
        raise CannotBeDecided("Say whether the child or family was told, or why not.")
    if any(each.why is Why.OTHER_LEGAL_BAR for each in answers) and not decided.legal_bar.strip():
        raise CannotBeDecided("Name the law that stands against it.")
    if needs_review(answers) and decided.review_by is None:
        raise CannotBeDecided("Give the day on which to look at this again.")


def _still_agreed(request: ShareRequest, shared: Sequence[ShareItem]) -> None:
    """As for any child: a refusal here must not tell the custodian of a shield either."""
    found = permission.now_given(request, Level.OPEN)
    if {item.record_type for item in shared} - found.duties.keys():
        raise permission.NotAgreed


def _close(
    request: ShareRequest, shared: Sequence[ShareItem], decided: Decided, now: datetime
) -> None:
    """Keep the shared items, closed; what an earlier decision gave is gone."""
    SealedItem.objects.filter(item__request=request).delete()
    for item in shared:
        what = decided.items[item.place]
        if isinstance(what, envelope.Item):
            content = envelope.close(what, request.public_key or {}, item.id)
        else:
            content = str(what)
        SealedItem.objects.create(
            item=item, key_thumbprint=request.key_thumbprint, content=content, given_at=now
        )


def _words(decided: Decided) -> str:
    parts = [decided.words.strip()]
    if decided.told:
        parts.append(f"Child or family: {decided.told.strip()}")
    if decided.legal_bar:
        parts.append(f"Law: {decided.legal_bar.strip()}")
    return "\n".join(parts)


def _recorded(request: ShareRequest, answers: Sequence[Answer]) -> UUID:
    """The entry does not say why something is withheld: the open part goes out to witnesses."""
    given = sum(each.why is None for each in answers)
    outcome = "shared" if given == len(answers) else "shared-in-part" if given else "not-shared"
    return record(
        **asking.facts(request, Side.HOLDER),
        action="share.decide",
        outcome=outcome,
        results=given,
    )
