"""What discovery's API takes and gives, as types."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AliasChoices, Field, StringConstraints

from joinedup.hub.api.schemas import PlainId, Strict
from joinedup.hub.register.endpoint import Day, RecordType

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
Sui = Annotated[str, StringConstraints(max_length=20)]
Words = Annotated[str, StringConstraints(max_length=2000)]


class OnBehalfOf(Strict):
    """The person for whom a system asks, by the system's own id, and in which role."""

    person: PlainId
    role: Code


class SearchQuestion(Strict):
    """About whom, why, and under which law."""

    sui: Sui = Field(validation_alias=AliasChoices("sui", "suid"))
    purpose: Code
    legalBasis: Code
    reason: Words = ""
    recordTypes: list[RecordType] = Field(
        default_factory=list, max_length=20, description="All that are published, when empty"
    )
    caseReference: Annotated[str, StringConstraints(max_length=60)] = ""
    emergency: bool = False
    onBehalfOf: OnBehalfOf | None = None


class Link(Schema):
    href: str
    method: Literal["GET"] = "GET"


class SearchLinks(Schema):
    self: Link
    results: Link


class SearchBegun(Schema):
    """A search that was sent out. ``workItemId`` is its id under the national draft's name."""

    searchId: str
    workItemId: str
    suid: str
    createdAt: datetime
    expiresAt: datetime
    status: Literal["running", "completed"]
    links: SearchLinks = Field(serialization_alias="_links")


SearchStatus = Literal["running", "completed", "cancelled", "expired"]
CustodianStatus = Literal[
    "waiting",
    "claimed",
    "hasRecords",
    "noRecords",
    "temporaryError",
    "permanentError",
    "notAsked",
    "expired",
]


class CustodianState(Schema):
    """How a custodian stands. Its code is empty where saying who it is would say too much."""

    custodian: str
    custodianName: str
    recordType: str
    status: CustodianStatus
    answeredAt: datetime | None = None


class SearchState(Schema):
    """A search as it stands. The percentage is never 100 while an answer is missing or failed."""

    searchId: str
    workItemId: str
    suid: str
    createdAt: datetime
    expiresAt: datetime
    status: SearchStatus
    completenessPercentage: int
    custodians: list[CustodianState]
    notAskedCount: int = Field(description="All that were not asked; 100 of them are named")
    restricted: bool = Field(description="The child's whereabouts are withheld")
    suidReplaced: bool = Field(
        False, description="The source of truth has another number for the child: get it anew"
    )


class FoundItem(Schema):
    """A record that a custodian holds. What is provisional is the register's word alone."""

    custodian: str
    custodianName: str
    systemId: str
    recordType: str
    recordId: str | None = None
    recordUrl: str | None = None
    fetchId: str | None = Field(None, description="Good for an hour, and for you alone")
    provisional: bool
    masked: bool
    firstSeen: date | None = None
    lastSeen: date | None = None
    otherNumber: bool = Field(
        False, description="Held under another number of the child: one replaced the other"
    )


class SearchResults(SearchState):
    items: list[FoundItem]


class WorkQuestion(Strict):
    """Which work to take; any, when empty."""

    recordTypes: list[RecordType] = Field(default_factory=list, max_length=20)
    kinds: list[Literal["find", "fetch"]] = Field(default_factory=list, max_length=2)


class SearcherNamed(Schema):
    code: str
    name: str


class PersonsDecision(Schema):
    """What your own people decided at the hub about this record and this searcher."""

    answer: Literal["share", "detriment", "not-relevant", "not-held", "other-legal-bar"]
    items: list[str] = Field(description="What to share of it; empty for all that is asked for")
    decidedAt: datetime
    decidedBy: str


class ClaimedWork(Schema):
    """A work item under a lease. Answer it, or renew the lease, before it ends."""

    workItemId: str
    kind: Literal["find", "fetch"]
    leaseToken: str
    leaseExpiresAt: datetime
    expiresAt: datetime
    correlationId: str
    traceparent: str | None = Field(None, description="W3C trace context of the search")
    sui: str
    recordType: str
    searcher: SearcherNamed
    purpose: str
    legalBasis: str
    reason: str
    emergency: bool
    systemId: str | None = None
    recordId: str | None = None
    publicKey: dict[str, str] | None = None
    items: list[str] | None = None
    duties: list[str] | None = Field(
        None, description="mask-location: leave out where the child is"
    )
    decision: PersonsDecision | None = None


class LeaseQuestion(Strict):
    workItemId: UUID
    leaseToken: Annotated[str, StringConstraints(max_length=64)]


class Lease(Schema):
    leaseExpiresAt: datetime


class FoundRecordGiven(Strict):
    """A record that the custodian holds."""

    systemId: PlainId
    recordId: PlainId
    recordType: RecordType
    firstSeen: Day = None
    lastSeen: Day = None


class WorkResult(LeaseQuestion):
    """A result. ``content`` is a JWE in compact form, closed to the searcher's key."""

    outcome: Literal[
        "hasRecords", "noRecords", "temporaryError", "permanentError", "shared", "withheld"
    ]
    reason: Literal["detriment", "not-relevant", "not-held", "other-legal-bar", "ask-us"] | None = (
        None
    )
    records: list[FoundRecordGiven] = Field(default_factory=list)
    content: str = ""


class ResultTaken(Schema):
    entryId: str = Field(
        description="The ledger's entry; its receipt: /api/v1/ledger/receipts/{id}"
    )


class RecordQuestion(Strict):
    """What of the record is wanted, and the public key (EC P-256 or X25519) to close it with."""

    publicKey: dict[str, Any]
    items: list[PlainId] = Field(default_factory=list, max_length=200)
    reason: Words = ""


class SealedRecord(Schema):
    """A record that nobody between the custodian and the caller can read."""

    content: str = Field(description="JWE, compact")
    custodian: str
    custodianName: str
    recordType: str
    systemId: str
    recordId: str
    entryId: str = Field(description="The ledger's entry of this delivery")
    sharedEntryId: str | None = Field(None, description="The ledger's entry of the custodian's act")
    receipt: dict[str, Any] | None = Field(
        None, description="Proof that the custodian's act is in the log, once that is signed"
    )


class SubscriptionQuestion(Strict):
    url: Annotated[str, StringConstraints(max_length=500)]


class Subscribed(Schema):
    event: str
    url: str
    secret: str = Field(description="Signs what is sent (HMAC-SHA256). Shown this once")


BODIES = (
    SearchQuestion, OnBehalfOf, WorkQuestion, LeaseQuestion, FoundRecordGiven, WorkResult,
    RecordQuestion, SubscriptionQuestion,
)  # fmt: skip
