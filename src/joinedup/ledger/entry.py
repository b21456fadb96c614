"""One entry of the ledger: who did what, why, about whom, and what was revealed.

An entry has two parts. What is open goes into the log for good. What is personal is sealed under
a key of the child's own, and the log holds only a salted commitment to it: when the key is
destroyed the part is gone, and the log still proves itself.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from joinedup.ledger.canonical import canonical

VERSION = 1
"""Of the form of a leaf's content: a reader that does not know it must say so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down about one act.

    Open: ``at`` (aware), ``action`` (``identifier.look-up``, ``record.find``...), ``outcome``
    (``allowed``, ``refused``, ``failed``, or the match outcome), HTTP ``status`` where there was
    one, the organisation's ODS code, ``client`` or a reference to the person, their role, purpose,
    legal basis, the custodians concerned (``holders``, ODS codes), ``record_types``, the names of
    the ``fields`` revealed (never values), how many results, the policy's version, whether it was
    an emergency, and the ids that tie one journey together.

    Sealed: ``subject`` (the child's SUI or identity), the ``reason`` in their words, the
    ``case_reference``, the ``person`` (who, by the hub's own id), and the ``relationship`` to the
    child by which it was decided (``policy.Relationship``), where the policy asks for one. Sealed,
    because in whose caseload a child is is about the child; absent where nothing is said.

    Neither: ``others``, children beside the subject whom the same answer named. They are not
    written down, but the entry is found by each of them (a blind index). ``held_back`` says why
    the family is not shown the entry when it asks who looked (a code, open); ``withheld`` how many
    entries an answer about who looked left out.
    """

    at: datetime
    action: str
    outcome: str
    organisation: str = ""
    client: str = ""
    person: str = ""
    role: str = ""
    purpose: str = ""
    legal_basis: str = ""
    reason: str = ""
    case_reference: str = ""
    subject: str = ""
    holders: tuple[str, ...] = ()
    record_types: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    results: int | None = None
    status: int | None = None
    policy_version: str = ""
    emergency: bool = False
    correlation_id: UUID | None = None
    trace_id: str = ""
    others: tuple[str, ...] = ()
    held_back: str = ""
    withheld: int | None = None
    relationship: str = ""

    @property
    def has_personal_part(self) -> bool:
        """Whether there is anything to seal."""
        return bool(self.subject or self.reason or self.case_reference or self.person)

    def personal_part(self) -> bytes:
        """Give what is to be sealed, as canonical JSON."""
        said = {name: _clean(getattr(self, name)) for name in SEALED}
        return canonical({name: text for name, text in said.items() if text or name in _ALWAYS})

    def content(self, id: UUID, commitment: bytes | None) -> bytes:
        """Give the leaf's content: the open part, and the commitment to the sealed one.

        Raises ``ValueError`` for a fact without a canonical form.
        """
        return canonical(
            {
                "v": VERSION,
                "id": str(id),
                "at": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "action": _clean(self.action),
                "outcome": _clean(self.outcome),
                "status": self.status,
                "organisation": _clean(self.organisation),
                "client": _clean(self.client),
                "role": _clean(self.role),
                "purpose": _clean(self.purpose),
                "legal_basis": _clean(self.legal_basis),
                "holders": [_clean(one) for one in self.holders],
                "record_types": [_clean(one) for one in self.record_types],
                "fields": [_clean(one) for one in self.fields],
                "results": self.results,
                "policy_version": _clean(self.policy_version),
                "emergency": self.emergency,
                "held_back": _clean(self.held_back),
                "withheld": self.withheld,
                "correlation_id": str(self.correlation_id) if self.correlation_id else "",
                "trace_id": _clean(self.trace_id),
                "commitment": commitment.hex() if commitment else "",
            }
        )


_ALWAYS = ("subject", "reason", "case_reference", "person")
SEALED = (*_ALWAYS, "relationship")


def read_content(content: bytes) -> dict[str, Any]:
    """Read a leaf's content; raises ``ValueError`` for one that this version does not know."""
    read = json.loads(content)
    if not isinstance(read, dict) or read.get("v") != VERSION:
        raise ValueError(f"this is not an entry of version {VERSION}")
    return read


def _clean(text: str) -> str:
    """Half a character (a lone surrogate, which JSON lets through) has no bytes: mark it."""
    return text.encode("utf-8", "replace").decode()
