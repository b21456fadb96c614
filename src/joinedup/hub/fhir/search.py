"""``POST /fhir/R4/Patient/_search``: one child by number, or by name and birth date (ITI-78).

A search tells a machine of one certain child or of none (reference, rule L13), by the identity
alone. It is by POST only: an address is written down by every machine that it passes, and these
parameters are a child's details.
"""

from typing import Any

from django.http import HttpRequest

from joinedup.hub.fhir import asking, known
from joinedup.hub.fhir.answers import answering, caller_of, of_type
from joinedup.hub.fhir.asking import Found
from joinedup.hub.fhir.known import Fit
from joinedup.hub.fhir.match import bundle
from joinedup.hub.fhir.patients import read_search

FORM = "application/x-www-form-urlencoded"


@answering("POST")
def search(request: HttpRequest) -> dict[str, Any]:
    """Answer one search with a searchset Bundle."""
    caller = caller_of(request, asking.SCOPE)
    of_type(request, FORM)
    child = read_search(request)
    (verdict, fits), named = asking.ask(caller, "child.search", child, known.search, _chosen)
    return bundle(verdict, fits, named)


def _chosen(found: Found) -> list[Fit]:
    verdict, fits = found
    return fits[:1] if verdict == "certain" else []
