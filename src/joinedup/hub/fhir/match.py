"""``POST /fhir/R4/Patient/$match``: which child that the hub knows fits, as FHIR R4 has it.

HL7 FHIR R4 Patient $match, and IHE PDQm (ITI-119). A machine is told of one certain child, or to
have a person look; candidates only when it asks for them with ``onlyCertainMatches`` false, and
then by their identity alone. No detail of a child and no NHS number leaves here: a number comes
from the source of truth (get-an-identifier).
"""

from typing import Any

from django.http import HttpRequest

from joinedup.hub.api.body import read_object
from joinedup.hub.fhir import asking, formats, known
from joinedup.hub.fhir.answers import answering, caller_of, of_type, searchset, told
from joinedup.hub.fhir.asking import Found
from joinedup.hub.fhir.known import Fit
from joinedup.hub.fhir.patients import Question, read_match
from joinedup.linkage.index import Verdict

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


@answering("POST")
def match(request: HttpRequest) -> dict[str, Any]:
    """Answer one question with a searchset Bundle."""
    caller = caller_of(request, asking.SCOPE)
    of_type(request, formats.JSON, "application/json")
    question = read_match(read_object(request.body))
    (verdict, fits), named = asking.ask(
        caller, "child.match", question.child, known.find, lambda found: chosen(question, found)
    )
    return bundle(verdict, fits, named)


def chosen(question: Question, found: Found) -> list[Fit]:
    """Those of the fits that the answer names."""
    _, fits = found
    if question.only_certain:
        return [fit for fit in fits if fit.grade == "certain"]
    return fits[: question.most]


def bundle(verdict: Verdict, fits: list[Fit], named: list[Fit]) -> dict[str, Any]:
    """The answer: whom it names, and whether a person should look."""
    entries = [entry(fit) for fit in named]
    if verdict == "possible":
        entries.append(
            told(
                "Somebody may fit, and nobody for certain: have a person look."
                if fits
                else "These details are too common to look at everybody like them: add some."
            )
        )
    return searchset(len(named), entries)


def entry(fit: Fit) -> dict[str, Any]:
    """One Patient of an answer: an identity, and how well it fits."""
    return {
        "fullUrl": f"urn:uuid:{fit.identity}",
        "resource": {"resourceType": "Patient", "id": str(fit.identity)},
        "search": {
            "extension": [{"url": MATCH_GRADE, "valueCode": fit.grade}],
            "mode": "match",
            "score": fit.score,
        },
    }
