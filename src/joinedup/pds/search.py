"""What may be asked of the PDS, and what it may answer."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from joinedup.pds.patient import PdsPatient


@dataclass(frozen=True, slots=True)
class Search:
    """One ``GET /Patient`` search. Names and postcode may carry ``*`` when ``fuzzy`` is off."""

    family: str | None = None
    given: tuple[str, ...] = ()
    birth_from: date | None = None  # equal to birth_to: an exact date
    birth_to: date | None = None
    gender: str | None = None
    postcode: str | None = None
    phone: str | None = None
    email: str | None = None
    fuzzy: bool = False
    exact: bool = False
    history: bool = False

    def params(self) -> list[tuple[str, str]]:
        """The query parameters, in a fixed order, ``_max-results=1`` included."""
        out: list[tuple[str, str]] = []
        if self.family:
            out.append(("family", self.family))
        out += [("given", given) for given in self.given]
        if self.gender:
            out.append(("gender", self.gender))
        if self.birth_from and self.birth_from == self.birth_to:
            out.append(("birthdate", f"eq{self.birth_from.isoformat()}"))
        else:
            if self.birth_from:
                out.append(("birthdate", f"ge{self.birth_from.isoformat()}"))
            if self.birth_to:
                out.append(("birthdate", f"le{self.birth_to.isoformat()}"))
        if self.postcode:
            out.append(("address-postalcode", self.postcode))
        if self.phone:
            out.append(("phone", self.phone))
        if self.email:
            out.append(("email", self.email))
        out += [
            (name, "true")
            for name, on in (
                ("_fuzzy-match", self.fuzzy),
                ("_exact-match", self.exact),
                ("_history", self.history),
            )
            if on
        ]
        out.append(("_max-results", "1"))
        return out


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one person. After a read by number, a different number means it was superseded."""

    patient: PdsPatient
    score: float | None = None  # a search's score, 0 to 1; None after a read


@dataclass(frozen=True, slots=True)
class NotFound:
    """The PDS answered: nobody (an empty searchset, or 404 RESOURCE_NOT_FOUND)."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The PDS answered: more than one person fits (200 with TOO_MANY_MATCHES)."""


@dataclass(frozen=True, slots=True)
class Invalidated:
    """The number was withdrawn and nothing replaced it (404 INVALIDATED_RESOURCE)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The PDS will not carry out this request, now or later (400, 403): the fault is ours."""

    status: int
    code: str
    diagnostics: str = ""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The PDS did not answer (after the client's own retries). Never to be read as "nobody"."""

    reason: str  # for people; no personal data
    retry_after: float | None = None  # seconds


Answer = Found | NotFound | TooMany | Invalidated | Refused | Unavailable


class Source(Protocol):
    """Anything that answers as the PDS does: the HTTP client, or the emulator in-process."""

    def search(self, search: Search) -> Answer: ...

    def read(self, nhs_number: str) -> Answer: ...
