"""The people of the region, as they truly are."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from joinedup.simulate.places import Place


class Role(StrEnum):
    CHILD = "child"
    ADULT = "adult"
    BEFORE_ADOPTION = "before_adoption"  # the identity a child had before adoption


@dataclass(frozen=True, slots=True)
class Home:
    """Where somebody lived, and when; ``place`` is None without an address."""

    start: date
    end: date | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class FormerName:
    given: tuple[str, ...]
    family: str
    start: date
    end: date


@dataclass(slots=True)
class Person:
    """One identity. An adopted child is two, which must never be joined."""

    id: str
    role: Role
    family_id: str
    group: str  # key of the name group
    sex: str
    born: date
    given: tuple[str, ...]
    family: str
    homes: list[Home]
    gp: str
    phone: str = ""
    email: str = ""
    upn: str = ""
    former: FormerName | None = None
    known_family: str = ""  # used day to day, in no register
    other_parent_family: str = ""
    multiple: int | None = None  # birth order among twins or triplets
    unnamed: bool = False  # too young to have been named
    unaccompanied: bool = False
    died: date | None = None
    security: str = "U"
    never_registered: bool = False  # with the NHS: no GP has the child, nor has the PDS
    in_pds: bool = True
    nhs_number: str = ""  # "" when not in the PDS
    superseded: str = ""  # an earlier number, merged into nhs_number
    never_join: str = ""  # id of the identity before or after adoption
    adopted_on: date | None = None
    siblings: "list[Person]" = field(default_factory=list)

    def home_on(self, day: date) -> Home | None:
        """Where the person lived on a day: the first home for days before it."""
        found = self.homes[0] if self.homes else None
        for home in self.homes:
            if home.start <= day:
                found = home
        return found
