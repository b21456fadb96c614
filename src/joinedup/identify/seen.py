"""A source that remembers what it answered, so that nothing is asked for twice."""

from joinedup.pds.patient import PdsPatient
from joinedup.pds.search import Answer, Found, Search, Source


class Seen:
    """Passes questions on and keeps whom the answers showed. For one child's question at a time.

    ``found`` has the latest record shown of each person, by NHS number; ``read_by`` what was
    answered to each read, by the number asked.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.found: dict[str, PdsPatient] = {}
        self.read_by: dict[str, Answer] = {}

    def search(self, search: Search) -> Answer:
        return self._keep(self._source.search(search))

    def read(self, nhs_number: str) -> Answer:
        answer = self.read_by[nhs_number] = self._keep(self._source.read(nhs_number))
        return answer

    def _keep(self, answer: Answer) -> Answer:
        if isinstance(answer, Found):
            self.found[answer.patient.nhs_number] = answer.patient
        return answer
