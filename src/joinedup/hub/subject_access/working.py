"""Working on a request: taking it, gathering, marking, signing, and what stands in its way."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership
from joinedup.hub.subject_access import sealed
from joinedup.hub.subject_access.authority import Asker, Evidence, missing
from joinedup.hub.subject_access.clock import ENDS, Clock, Happened, Kind, clock
from joinedup.hub.subject_access.exemptions import NEEDS_SIGNATURE, Exemption
from joinedup.hub.subject_access.gathering import gather as find_all
from joinedup.hub.subject_access.models import Complaint, Item, Mark, Step, SubjectRequest
from joinedup.hub.subject_access.parts import (
    Choice,
    Line,
    Part,
    as_json,
    from_json,
    given,
    leaks,
)


class NotReady(Exception):
    """The request cannot be answered yet; ``reasons`` say what is left to do."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("not ready")
        self.reasons = reasons


class NotTheirs(Exception):
    """Whoever marked an item cannot also be the practitioner who agrees."""


@dataclass(frozen=True, slots=True)
class About:
    """Who asks, about whom, and on what evidence."""

    sui: str
    name: str
    age: int
    child_view: str = ""
    searched: str = ""
    evidence: tuple[str, ...] = field(default=())

    def seen(self) -> set[Evidence]:
        """Give what was seen."""
        return {Evidence(each) for each in self.evidence}


def of(by: Membership) -> QuerySet[SubjectRequest]:
    """Give the requests of a person's own organisation."""
    return SubjectRequest.objects.filter(organisation=by.organisation)


def about(request: SubjectRequest) -> About:
    """Give who asks and about whom; raises ``sealed.Erased``."""
    kept = sealed.opened(request, request.box, request.id)
    return About(**{**kept, "evidence": tuple(kept["evidence"])})


def take(asker: Asker, who: About, received: date, by: Membership) -> SubjectRequest:
    """Take a request; its month begins when the asker's identity is shown."""
    id = uuid.uuid4()
    request = SubjectRequest(
        id=id, organisation=by.organisation, asker=asker, officer=by, key=sealed.new_key(id)
    )
    request.box = sealed.close(request, asdict(who), id)
    with transaction.atomic():
        request.save()
        Step.objects.create(request=request, kind=Kind.RECEIVED, on=received, by=by)
        if Evidence.IDENTITY in who.seen():
            Step.objects.create(request=request, kind=Kind.IDENTITY_SHOWN, on=received, by=by)
        _record("subject-access.take", request, who.sui)
    return request


def change(request: SubjectRequest, by: Membership, today: date, **facts: Any) -> None:
    """Note what was seen or searched since; the clock begins when identity is among it."""
    who = about(request)
    changed = About(**{**asdict(who), **facts})
    with transaction.atomic():
        if Evidence.IDENTITY in changed.seen() and Evidence.IDENTITY not in who.seen():
            Step.objects.create(request=request, kind=Kind.IDENTITY_SHOWN, on=today, by=by)
        request.box = sealed.close(request, asdict(changed), request.id)
        request.save(update_fields=["box"])
        _record("subject-access.change", request, who.sui)


def step(request: SubjectRequest, kind: Kind, by: Membership, today: date) -> None:
    """Note that something happened."""
    with transaction.atomic():
        Step.objects.create(request=request, kind=kind, on=today, by=by)
        _record(f"subject-access.{kind.value}", request, about(request).sui)


def stands(request: SubjectRequest) -> Clock:
    """Give where the request stands."""
    return clock(Happened(Kind(each.kind), each.on) for each in request.steps.all())


def gather(request: SubjectRequest, by: Membership) -> int:
    """Gather what is held; what was gathered before stays as it was marked. Gives how many new."""
    who = about(request)
    new = 0
    with transaction.atomic():
        for found in find_all(who.sui, Asker(request.asker), by):
            known = request.items.filter(source=found.source, name=found.name)
            if not known.exists():
                add(request, found.source, found.name, found.parts)
                new += 1
        _record("subject-access.gather", request, who.sui, results=new)
    return new


def add(request: SubjectRequest, source: str, name: str, parts: list[Part]) -> Item:
    """Add one thing that is held."""
    item = Item(request=request, source=source, name=name)
    item.box = sealed.close(request, as_json(parts), item.id)
    item.save()
    return item


def add_document(request: SubjectRequest, title: str, parts: list[Part]) -> None:
    """Add a document from the organisation's own files, as its parts."""
    with transaction.atomic():
        add(request, "documents", uuid.uuid4().hex, [Part("Document", title), *parts])
        _record("subject-access.add", request, about(request).sui)


def parts(item: Item) -> list[Part]:
    """Give what an item says."""
    return from_json(sealed.opened(item.request, item.box, item.id))


def choice(item: Item) -> Choice:
    """Give what was decided about an item."""
    if item.decision is None:
        return Choice(item.mark)
    kept = sealed.opened(item.request, item.decision, item.id)
    texts: Mapping[int, str] = {int(place): text for place, text in kept["texts"].items()}
    return Choice(item.mark, texts, kept["others_agreed"], kept["why"])


def mark(item: Item, decided: Choice, exemption: str, by: Membership) -> None:
    """Mark an item; a practitioner's earlier signature counts no more."""
    item.mark = decided.mark
    item.exemption = exemption
    kept = {
        "texts": decided.texts, "others_agreed": decided.others_agreed, "why": decided.why,
    }  # fmt: skip
    item.decision = sealed.close(item.request, kept, item.id)
    item.marked_by, item.signed_by, item.signed_at = by, None, None
    with transaction.atomic():
        item.save()
        _record(
            "subject-access.mark", item.request, about(item.request).sui,
            outcome=decided.mark, reason=decided.why,
        )  # fmt: skip


def to_sign(by: Membership) -> list[Item]:
    """Give what waits for a practitioner of this organisation."""
    waiting = Item.objects.filter(
        request__in=of(by), exemption__in=[each.value for each in NEEDS_SIGNATURE],
        mark__in=[Mark.WITHHOLD, Mark.REDACT], signed_at=None,
    )  # fmt: skip
    return list(waiting.exclude(marked_by__person=by.person).select_related("request"))


def sign(item: Item, by: Membership, *, agrees: bool, why: str) -> None:
    """A practitioner agrees that the harm test is met, or does not: then it is marked again.

    Raises ``NotTheirs``.
    """
    if item.marked_by is None or item.marked_by.person_id == by.person_id:
        raise NotTheirs
    with transaction.atomic():
        if agrees:
            item.signed_by, item.signed_at = by, timezone.now()
        else:
            item.mark, item.exemption, item.decision = Mark.UNDECIDED, "", None
        item.save()
        _record(
            "subject-access.sign", item.request, about(item.request).sui,
            outcome="agreed" if agrees else "not-agreed", reason=why,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves: lines by source, and under which law anything was left out."""

    items: list[tuple[str, list[Line]]]
    left_out: list[Exemption]


def compose(request: SubjectRequest) -> Answer:
    """Put the answer together; raises ``NotReady``."""
    who = about(request)
    reasons = missing(Asker(request.asker), who.age, who.seen())
    standing = stands(request)
    if standing.waits_for and "identity" not in standing.waits_for:
        reasons.append(f"It waits for {standing.waits_for}")
    if not who.searched:
        reasons.append("Say where you searched, and why that is enough")
    items = list(request.items.all())
    if not items:
        reasons.append("Gather what is held")
    undecided = sum(not item.mark for item in items)
    if undecided:
        reasons.append(f"{undecided} of {len(items)} items are not marked yet")
    unsigned = sum(item.exemption in NEEDS_SIGNATURE and not item.signed_at for item in items)
    if unsigned:
        reasons.append(f"{unsigned} items wait for a practitioner")
    said = [(item, parts(item)) for item in items]
    lines = [given(each, choice(item)) for item, each in said]
    listed = [(each, own) for (_, each), own in zip(said, lines, strict=True)]
    for number, label in leaks(listed):
        place = f"{items[number].source} {number + 1}"
        reasons.append(f"“{label}” of item {place} repeats something that is not to be given")
    if reasons:
        raise NotReady(reasons)
    left_out = sorted({Exemption(item.exemption) for item in items if item.exemption})
    answer = [(item.source, own) for item, own in zip(items, lines, strict=True) if own]
    return Answer(answer, left_out)


def answer(request: SubjectRequest, by: Membership, today: date) -> Answer:
    """Compose the answer and note that it is given; raises ``NotReady`` and ``NotRecorded``."""
    found = compose(request)
    who = about(request)
    with transaction.atomic():
        if stands(request).ended not in ENDS:
            Step.objects.create(request=request, kind=Kind.ANSWERED, on=today, by=by)
        _record(
            "subject-access.answer", request, who.sui,
            results=len(found.items), withheld=request.items.count() - len(found.items),
        )  # fmt: skip
    return found


def complain(received: date, name: str, what: str, by: Membership) -> Complaint:
    """Take a complaint."""
    id = uuid.uuid4()
    made = Complaint(
        id=id, organisation=by.organisation, received_on=received, key=sealed.new_key(id)
    )
    made.box = sealed.close(made, {"name": name, "what": what, "answer": ""}, id)
    with transaction.atomic():
        made.save()
        record(action="complaint.take", case_reference=f"complaint {id}")
    return made


def acknowledge(complaint: Complaint, today: date) -> None:
    """Note that the complainant was told that it was received."""
    with transaction.atomic():
        complaint.acknowledged_on = complaint.acknowledged_on or today
        complaint.save(update_fields=["acknowledged_on"])
        record(action="complaint.acknowledge", case_reference=f"complaint {complaint.id}")


def conclude(complaint: Complaint, said: str, today: date) -> None:
    """Note what was answered."""
    kept = sealed.opened(complaint, complaint.box, complaint.id)
    with transaction.atomic():
        complaint.box = sealed.close(complaint, {**kept, "answer": said}, complaint.id)
        complaint.answered_on = today
        complaint.acknowledged_on = complaint.acknowledged_on or today
        complaint.save()
        record(action="complaint.answer", case_reference=f"complaint {complaint.id}")


def _record(action: str, request: SubjectRequest, sui: str, **facts: Any) -> None:
    record(action=action, subject=sui, case_reference=f"subject request {request.id}", **facts)
