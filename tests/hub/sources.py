"""Sources of truth that answer as a test wants."""

from dataclasses import dataclass, field

from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.pds.search import Answer, Found, NotFound, Search, Unavailable

CHILD = {
    "given": "Rowan",
    "family": "Testerton",
    "birthDate": "2014-03-27",
    "gender": "female",
    "addressPostalCode": "LS1 4AP",
}
NUMBER = "9990548609"

PATIENT = PdsPatient(
    nhs_number=NUMBER,
    security=Security.UNRESTRICTED,
    names=(PdsName("usual", ("Rowan",), "Testerton"),),
    birth_date="2014-03-27",
    gender="female",
    addresses=(PdsAddress("home", ("1 Invented Row", "Leeds"), "LS1 4AP"),),
)
FOUND = Found(PATIENT, 1.0)
NOBODY = NotFound()
SILENT = Unavailable("the service took too long")


@dataclass
class Always:
    """Gives the same answer to every question."""

    answer: Answer
    asked: list[object] = field(default_factory=list)

    def search(self, search: Search) -> Answer:
        self.asked.append(search)
        return self.answer

    def read(self, nhs_number: str) -> Answer:
        self.asked.append(nhs_number)
        return self.answer
