"""A small source of truth for tests that count, fail and kill; people are invented."""

import csv
import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import orjson

from joinedup.pds.patient import PdsAddress, PdsName, PdsPatient, Security
from joinedup.pds.search import Answer, Found, NotFound, Search, Unavailable

GIVEN = ("Amelia", "Bartholomew", "Clementine", "Dashiell", "Evangeline", "Fitzgerald", "Guinevere")
FAMILY = ("Featherstone", "Ramsbottom", "Okonkwo", "Abercrombie", "Szymanski", "Throckmorton")


def nhs_number(serial: int) -> str:
    """The serial-th number of the 999 test range with a right check digit."""
    while True:
        digits = f"9991{serial % 100_000:05d}"
        check = 11 - sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return digits + str(check % 11)
        serial += 50_000  # a serial without a check digit borrows one from afar


class Child:
    """The i-th invented child; no two share a surname."""

    def __init__(self, i: int) -> None:
        self.given = GIVEN[i % 7]
        # A surname of the child's own, so that a log of surnames tells who was asked about.
        self.family = FAMILY[i % 6] + "".join(chr(97 + i // 26**k % 26) for k in range(3))
        self.birth = date.fromordinal(date(2008, 1, 2).toordinal() + i % 4000)
        self.postcode = f"LS{1 + i % 9} {i % 10}AB"
        self.nhs = nhs_number(i)

    def row(self) -> list[str]:
        return [self.given, self.family, self.birth.isoformat(), self.postcode]

    def patient(self) -> PdsPatient:
        return PdsPatient(
            nhs_number=self.nhs,
            security=Security.UNRESTRICTED,
            names=(PdsName("usual", (self.given,), self.family),),
            birth_date=self.birth.isoformat(),
            gender="female",
            addresses=(PdsAddress("home", ("1 Test Street",), self.postcode),),
        )

    def fhir(self) -> dict[str, object]:
        return {
            "resourceType": "Patient",
            "id": self.nhs,
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": self.nhs}],
            "meta": {
                "versionId": "1",
                "security": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                        "code": "U",
                        "display": "unrestricted",
                    }
                ],
            },
            "name": [{"use": "usual", "given": [self.given], "family": self.family}],
            "gender": "female",
            "birthDate": self.birth.isoformat(),
            "address": [{"use": "home", "line": ["1 Test Street"], "postalCode": self.postcode}],
        }


def write_people(path: Path, count: int) -> Path:
    path.write_bytes(b"\n".join(orjson.dumps(Child(i).fhir()) for i in range(count)))
    return path


HEADINGS = ["Given", "Family", "DOB", "PostCode"]


def write_children(path: Path, indexes: Sequence[int]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*HEADINGS, "Id"])
        writer.writerows([*Child(i).row(), str(i)] for i in indexes)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


class FakeSource:
    """Answers as the PDS would for the first ``count`` children; counts what it is asked."""

    def __init__(self, count: int, *, delay: float = 0.0) -> None:
        self._people = {
            (c.family.upper(), c.given.upper(), c.birth): c.patient()
            for c in map(Child, range(count))
        }
        self._numbers = {p.nhs_number: p for p in self._people.values()}
        self._lock = threading.Lock()
        self.delay = delay
        self.asked: list[tuple[str, ...]] = []
        self.down = False
        self.down_for: set[str] = set()  # family names

    def _answered(self, *what: str) -> bool:
        with self._lock:
            self.asked.append(what)
        if self.delay:
            time.sleep(self.delay)
        return not self.down

    def search(self, search: Search) -> Answer:
        family = (search.family or "").upper()
        given = (search.given or ("",))[0].upper()
        if not self._answered(family, given) or family in self.down_for:
            return Unavailable("it did not answer in time")
        person = search.birth_from and self._people.get((family, given, search.birth_from))
        return Found(person, 1.0) if person else NotFound()

    def read(self, nhs_number: str) -> Answer:
        if not self._answered(nhs_number):
            return Unavailable("it did not answer in time")
        person = self._numbers.get(nhs_number)
        return Found(person) if person else NotFound()

    @property
    def children_asked(self) -> set[tuple[str, ...]]:
        return set(self.asked)
