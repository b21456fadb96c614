"""One entry of the ledger: who did what, why, about whom, and what was revealed.

An entry has two parts. What is open goes into the log for good. What is personal is sealed under
a key of the child's own, and the log holds only a salted commitment to it: when the key is
destroyed the part is gone, and the log still proves itself.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
    ``case_reference``, and the ``person`` (who, by the hub's own id).
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
