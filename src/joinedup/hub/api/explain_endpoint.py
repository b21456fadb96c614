"""``POST /api/v1/links/explain``: why two records are, or are not, taken for one child.

The evidence that ``joinedup explain`` and the review page show, for details that the caller has.
Nothing that the hub holds about a child is in it.
"""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from joinedup.hub.api.bearer import BearerToken
from joinedup.hub.api.identifier_endpoint import FIELD_NAMES
from joinedup.hub.api.problems import Problem
from joinedup.hub.api.schemas import FieldQuality, PersonSpecification, ProblemDetails, Strict, Text
from joinedup.hub.ledger.writing import note
from joinedup.hub.reconciliation import links
from joinedup.linkage.explain import explain, summary, waterfall_svg
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics

SCOPE = "match"
_NAMES = {**FIELD_NAMES, "upn": "upn"}

router = Router(tags=["Linking"])


class RecordDetails(PersonSpecification):
    """What a record says of a child. The more, the better it can be weighed."""

    upn: Text | None = Field(None, description="Unique pupil number")


class PairQuestion(Strict):
    """Two records to weigh against each other."""

    one: RecordDetails
    other: RecordDetails
    picture: bool = Field(False, description="Whether to draw the steps too, as SVG")


class EvidenceStep(Schema):
    """One part of the weight: in words, in bits, and the total so far."""

    name: str
    words: str
    bits: float = Field(description="Positive bits speak for one child")
    total: float


class PairEvidence(Schema):
    """The weight of a pair taken apart. The last step's total is the weight."""

    modelVersion: str
    matchWeight: float = Field(description="Bits")
    matchProbability: Annotated[float, Field(ge=0, le=1)]
    strongestDoubt: str = Field(description="The likeliest way of not being one child")
    summary: str
    steps: list[EvidenceStep]
    notCompared: list[str] = Field(description="What is not known in one of them says nothing")
    dataQuality: list[dict[str, FieldQuality]] = Field(description="Of the one, and of the other")
    picture: str | None = Field(None, description="SVG, without any detail of a child")


@router.post(
    "/v1/links/explain",
    response={
        200: PairEvidence,
        **dict.fromkeys((400, 401, 403, 413, 415, 422, 503), ProblemDetails),
    },
    auth=BearerToken(SCOPE),
    exclude_unset=True,
    operation_id="explain_pair",
    summary="See why two records are, or are not, one child",
    description=(
        "Needs the scope match. Weighs the two with the hub's own model and says how it came to "
        "the weight, as `joinedup explain` does. Only what you send is compared; nothing is kept."
    ),
)
def explain_pair(request: HttpRequest, question: PairQuestion) -> dict[str, Any]:
    """Weigh two records and take the weight apart."""
    note(action="links.explain")
    children = [_read(each) for each in (question.one, question.other)]
    records = [LinkRecord.of("", name, child) for name, child in zip("12", children, strict=True)]
    for name, record in zip(("one", "other"), records, strict=True):
        if not any(record[2:]):
            detail = "Nothing here can be compared: give a name, a birth date or a number."
            raise Problem(
                422,
                "invalid-body",
                "The body is not as described in /api/openapi.json.",
                errors=[{"pointer": f"/{name}", "detail": detail}],
            )
    scorer = links.current().scorer
    found = explain(scorer, *records)
    told: dict[str, Any] = {
        "modelVersion": scorer.model.version,
        "matchWeight": found.weight,
        "matchProbability": found.probability,
        "strongestDoubt": found.doubt,
        "summary": summary(found),
        "steps": [step._asdict() for step in found.steps],
        "notCompared": list(found.not_compared),
        "dataQuality": [_quality(child) for child in children],
    }
    return {**told, "picture": waterfall_svg(found)} if question.picture else told


def _read(details: RecordDetails) -> Demographics:
    return Demographics.read({field: getattr(details, name) for field, name in _NAMES.items()})


def _quality(child: Demographics) -> dict[str, dict[str, str]]:
    return {
        _NAMES[field]: {"quality": check.quality.value, "reason": check.reason}
        for field, check in child.checks().items()
        if field in _NAMES
    }
