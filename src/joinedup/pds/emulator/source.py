"""The emulator's engine as a ``Source``, without HTTP: the same checks, rules and answers."""

from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.gateway import with_one_result
from joinedup.pds.emulator.problems import Problem
from joinedup.pds.parse import parse_patient
from joinedup.pds.search import (
    Answer,
    Found,
    Invalidated,
    NotFound,
    Refused,
    Search,
    TooMany,
)


class InProcessSource:
    """Answers as the PDS client would, for comparing strategies over many thousand people."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(self, search: Search) -> Answer:
        """Carry out one search, as application-restricted access would."""
        try:
            answer = self._engine.search(with_one_result(search.params()))
        except Problem as problem:
            return _refusal(problem)
        if answer["resourceType"] == "OperationOutcome":
            return TooMany()
        if not answer["total"]:
            return NotFound()
        entry = answer["entry"][0]
        return Found(parse_patient(entry["resource"]), entry["search"]["score"])

    def read(self, nhs_number: str) -> Answer:
        """Read one person by number."""
        try:
            return Found(parse_patient(self._engine.read(nhs_number)))
        except Problem as problem:
            return _refusal(problem)


def _refusal(problem: Problem) -> Answer:
    if problem.code == "INVALIDATED_RESOURCE":
        return Invalidated()
    if problem.code == "RESOURCE_NOT_FOUND":
        return NotFound()
    # Without diagnostics: they repeat what was asked, which is about a person.
    return Refused(problem.status, problem.code)
