"""The national prototype's draft contract for custodians, at the same addresses as ours.

Its names become ours here and ours become its names; services, leases, limits, policy and ledger
are the same. Whoever asks in the draft's words is answered in them. What each word becomes, and
where we differ on purpose, is in docs/draft-contract.md.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Body, Schema
from pydantic import Discriminator, Field, StringConstraints, Tag

from joinedup.hub.api.schemas import PlainId, Strict
from joinedup.hub.discovery.schemas import (
    FoundRecordGiven,
    LeaseQuestion,
    SearcherNamed,
    WorkQuestion,
    WorkResult,
)
from joinedup.hub.register.endpoint import RecordType

LOOKUPS = WorkQuestion(kinds=["find"])
"""What a claim without a body asks for: all that the draft's jobs are."""


class DraftJob(Schema):
    """A work item in the draft's words, with who asks and why, which the draft left out."""

    jobId: str
    workItemId: str = Field(description="The same as jobId")
    leaseId: str
    leaseExpiresUtc: datetime
    sui: str
    recordType: str
    expiresAt: datetime
    correlationId: str
    traceparent: str | None = None
    searcher: SearcherNamed
    purpose: str
    legalBasis: str
    reason: str
    emergency: bool


class DraftLease(Strict):
    """A lease, in the draft's words."""

    jobId: UUID
    leaseId: Annotated[str, StringConstraints(max_length=64)]

    def in_ours(self) -> LeaseQuestion:
        """The same in our words."""
        return LeaseQuestion(workItemId=self.jobId, leaseToken=self.leaseId)


class DraftLeaseRenewed(Schema):
    """A lease that was renewed, in the draft's words."""

    jobId: str
    workItemId: str
    leaseId: str
    leaseExpiresUtc: datetime


class DraftRecord(Strict):
    """A record that the custodian holds, in the draft's words."""

    systemId: PlainId
    recordType: RecordType
    recordUrl: Annotated[str, StringConstraints(min_length=1, max_length=2048)] = Field(
        description="Not called, kept or passed on: it tells records apart that have no recordId"
    )
    recordId: PlainId | None = None

    def in_ours(self) -> FoundRecordGiven:
        """The same in our words.

        Without an id of its own a record is known by its whole address, so that no two become
        one, and by the address's hash, since it can say what is inside an agency.
        """
        id = self.recordId or f"url-{sha256(self.recordUrl.encode()).hexdigest()}"
        return FoundRecordGiven(systemId=self.systemId, recordType=self.recordType, recordId=id)


class DraftResult(DraftLease):
    """A result of a lookup, in the draft's words."""

    resultType: Literal["HasRecords", "NoRecords", "TemporaryError", "PermanentError"]
    records: list[DraftRecord] | None = None
    payload: dict[str, Any] | None = Field(
        None, max_length=0, description="The draft's, for jobs other than lookups: there are none"
    )

    def in_ours(self) -> WorkResult:
        """The same in our words."""
        return WorkResult.model_validate(
            {
                "workItemId": self.jobId,
                "leaseToken": self.leaseId,
                "outcome": self.resultType[0].lower() + self.resultType[1:],
                "records": [each.in_ours() for each in self.records or ()],
            }
        )


def _words(body: Any) -> str:
    """Whose words a body is in: the draft's have a jobId."""
    drafts = "jobId" in body if isinstance(body, Mapping) else isinstance(body, DraftLease)
    return "draft" if drafts else "ours"


LeaseGiven = Annotated[
    Annotated[LeaseQuestion, Tag("ours")] | Annotated[DraftLease, Tag("draft")],
    Discriminator(_words),
    Body(),
]
ResultGiven = Annotated[
    Annotated[WorkResult, Tag("ours")] | Annotated[DraftResult, Tag("draft")],
    Discriminator(_words),
    Body(),
]

BODIES = (DraftLease, DraftRecord, DraftResult)


def job(claimed: Mapping[str, Any]) -> DraftJob:
    """A claimed work item, as ours tells it, in the draft's words."""
    same = {name: claimed[name] for name in DraftJob.model_fields if name in claimed}
    return DraftJob(
        jobId=claimed["workItemId"],
        leaseId=claimed["leaseToken"],
        leaseExpiresUtc=claimed["leaseExpiresAt"],
        **same,
    )


def renewed(asked: DraftLease, until: datetime) -> DraftLeaseRenewed:
    """A renewed lease's end in the draft's words."""
    key = str(asked.jobId)
    return DraftLeaseRenewed(
        jobId=key, workItemId=key, leaseId=asked.leaseId, leaseExpiresUtc=until
    )
