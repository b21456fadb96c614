"""What the API takes and gives, as types; the OpenAPI description is made from them."""

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from joinedup.people.checked import Quality

Text = Annotated[str, StringConstraints(max_length=500)]
PlainId = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Strict(Schema):
    """A body that may hold nothing but what is described."""

    model_config = ConfigDict(extra="forbid")


class PersonSpecification(Strict):
    """What is known of the child. Given name, family name and birth date are the minimum."""

    given: Text | None = Field(None, description="Given names, separated by spaces")
    family: Text | None = None
    birthDate: Text | None = Field(None, description="yyyy-mm-dd, dd/mm/yyyy or yyyymmdd")
    gender: Text | None = Field(None, description="male, female, other, unknown; 1, 2, 0, 9; M, F")
    phone: Text | None = None
    email: Text | None = None
    addressPostalCode: Text | None = None
    nhsNumber: Text | None = Field(None, description="A number already held, to be confirmed")


class RecordReference(Strict):
    """A record of the caller's own that the identifier is for."""

    recordType: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9.-]*$")] = (
        Field(examples=["childrens-services.details"])
    )
    systemId: PlainId
    recordId: PlainId


class IdentifierQuestion(Strict):
    """A child, and optionally the records that will carry the identifier."""

    personSpecification: PersonSpecification
    metadata: list[RecordReference] = Field(default_factory=list, max_length=100)


class FieldQuality(Schema):
    """Whether a field could be used, and if not why not."""

    quality: Quality
    reason: str = ""


class IdentifierAnswer(Schema):
    """The outcome. ``nhsNumber`` is there for ``Match`` and for nothing else."""

    requestId: str = Field(description="Names this request in the hub's record")
    status: Literal[
        "Match", "PotentialMatch", "LowConfidenceMatch", "ManyMatch", "NoMatch", "Invalid"
    ]
    nhsNumber: str | None = Field(None, description="For Match alone")
    score: float | None = Field(None, description="Confidence in the best candidate, 0 to 1")
    reasons: list[str]
    advice: str
    dataQuality: dict[str, FieldQuality]
    calls: int = Field(description="Calls that this took at the source of truth")


class Review(Schema):
    """The review case that a request waits for, or waited for."""

    caseId: str
    status: Literal["open", "decided", "undone"]
    decision: Literal["same", "not-same", "cannot-tell", ""]
    decidedAt: str | None = Field(None, description="RFC 3339")


class IdentifierState(Schema):
    """What has come of a request by now: the outcome it had, or Match once a person found it."""

    requestId: str
    status: Literal[
        "Match",
        "PotentialMatch",
        "LowConfidenceMatch",
        "ManyMatch",
        "NoMatch",
        "Invalid",
        "Unavailable",
    ]
    nhsNumber: str | None = Field(None, description="For Match alone")
    review: Review | None = Field(None, description="None for a request that needed no review")


class FieldProblem(Schema):
    """What is wrong, and where; the value that was sent is not repeated."""

    pointer: str = Field(description="JSON Pointer into the body")
    detail: str


class ProblemDetails(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    correlationId: str
    errors: list[FieldProblem] | None = None
    outcome: Literal["Unavailable"] | None = None
    requestId: str | None = None


class Token(Schema):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class TokenError(Schema):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


def form_body(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """An OpenAPI request body for a form."""
    return {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": required, "properties": properties}
            }
        },
    }
