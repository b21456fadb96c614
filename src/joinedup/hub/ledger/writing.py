"""Writing entries: in the transaction of what they are about, before anything is answered.

A view says what it knows as it learns it (``note``), and ``record``s where it decides, inside the
transaction of the decision. Whatever leaves without having recorded gets its entry from the
middleware. Either way each request has exactly one (design, principle 4).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID, uuid4

from django.db import Error as DatabaseFailure
from django.db import transaction
from django.utils import timezone

from joinedup.hub import tracing
from joinedup.hub.ledger.keys import keys
from joinedup.hub.prepared import rows
from joinedup.ledger.entry import Entry
from joinedup.ledger.seal import KEY, Sealed, seal

SUBJECT, PERSON = "subject", "person"
"""Whose key an entry is sealed under: the child's, or without a child the person's who acted."""

DISCLOSURES = frozenset({"record.find.read", "record.fetch"})
"""Acts that tell somebody of a custodian's records: each custodian named can find the entry."""

_FACTS = frozenset(each.name for each in fields(Entry))
_TEXTS = frozenset(each.name for each in fields(Entry) if each.type in ("str", str))


class NotRecorded(Exception):
    """The entry could not be written: nothing may be disclosed (design, principle 4)."""


@dataclass(slots=True)
class Draft:
    """What is known so far of the request being answered."""

    facts: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    """Entries whose transaction has committed."""

    def committed(self) -> None:
        """The transaction that this request's entry is in is committed."""
        self.entries += 1


_draft: ContextVar[Draft | None] = ContextVar("ledger_draft", default=None)


@contextmanager
def drafting() -> Iterator[Draft]:
    """Begin a request's entry; everything noted until the end belongs to it."""
    draft = Draft()
    token = _draft.set(draft)
    try:
        yield draft
    finally:
        _draft.reset(token)


def note(**facts: Any) -> None:
    """Add facts (fields of ``ledger.entry.Entry``) to the request's entry; later ones win.

    Does nothing outside a request. Raises ``TypeError`` for a fact that no entry has.
    """
    _check(facts)
    draft = _draft.get()
    if draft is not None:
        draft.facts.update(facts)


def record(**facts: Any) -> UUID:
    """Write the request's entry from what was noted and ``facts``, and give its id.

    Call it inside the ``transaction.atomic()`` of the decision: the entry is committed with it or
    not at all. Outside a request it is an entry of its own. Raises ``NotRecorded`` when it cannot
    be written; answer 503 and disclose nothing.
    """
    return _record(facts)


def record_with(statement: str, given: Sequence[Any], **facts: Any) -> UUID:
    """As ``record``, together with one other statement, which changes something: both or neither.

    It is for the few hot paths: outside a transaction it is one way to the database and back.
    """
    return _record(facts, statement, given)


def _record(facts: dict[str, Any], statement: str = "", given: Sequence[Any] = ()) -> UUID:
    _check(facts)
    draft = _draft.get()
    if draft is not None and draft.entries:
        raise RuntimeError("this request has its entry: a request is recorded once")
    try:
        id = _write(_entry({**(draft.facts if draft else {}), **facts}), statement, given)
    except DatabaseFailure as failure:
        raise NotRecorded from failure
    if draft is not None:
        transaction.on_commit(draft.committed)
    return id


def _check(facts: dict[str, Any]) -> None:
    unknown = facts.keys() - _FACTS
    if unknown:
        raise TypeError(f"an entry has no {', '.join(sorted(unknown))}")


def _entry(facts: dict[str, Any]) -> Entry:
    trace = tracing.current()
    known = {
        "at": timezone.now(),
        "outcome": "allowed",
        "correlation_id": trace.correlation_id,
        "trace_id": trace.trace_id,
    }
    texts = {name: str(facts[name]) for name in _TEXTS & facts.keys()}
    return Entry(**{**known, **facts, **texts})


_WRITE = "SELECT ledger_write(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


def _write(entry: Entry, statement: str, given: Sequence[Any]) -> UUID:
    """Write one entry: the subject's key first, where there is something to seal.

    A key that was made for an entry that then failed is of no harm: it has sealed nothing.
    """
    id = uuid4()
    ours = keys()
    about = ours.index(SUBJECT, entry.subject) if entry.subject else None
    person = ours.index(PERSON, entry.person) if entry.person else None
    others = [ours.index(SUBJECT, other) for other in entry.others] or None
    disclosed: list[str] | None = None
    if entry.action in DISCLOSURES and entry.status == 200:
        disclosed = sorted({each for each in entry.holders if each != entry.organisation}) or None
    key: int | None = None
    sealed: Sealed | None = None
    if entry.has_personal_part:
        owner = about or person or ours.index("", "")
        key, secret = _key(owner)
        sealed = seal(secret, entry.personal_part(), id.bytes)
    rows(
        f"WITH other AS ({statement}) {_WRITE}" if statement else _WRITE,
        [
            *given,
            id,
            entry.at,
            entry.organisation,
            entry.action,
            entry.content(id, sealed.commitment if sealed else None),
            sealed.box if sealed else None,
            key,
            about,
            others,
            person,
            entry.correlation_id,
            disclosed,
        ],
    )
    return id


def _key(owner: bytes) -> tuple[int, bytes]:
    """Give the owner's live key, made now if there is none: one question either way."""
    fresh = keys().wrap(os.urandom(KEY), owner)
    ((id, wrapped),) = rows("SELECT id, wrapped FROM ledger_key(%s, %s)", [owner, fresh])
    return id, keys().unwrap(wrapped, owner)
