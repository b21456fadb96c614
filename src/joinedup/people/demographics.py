"""The one vocabulary of identity, from file reader to ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from joinedup.people.address import Address, read_address_history
from joinedup.people.checked import Checked
from joinedup.people.contact import read_email, read_phone
from joinedup.people.dates import read_birth_date
from joinedup.people.gender import Gender, read_gender
from joinedup.people.names import Name, read_family, read_given
from joinedup.people.nhs_number import read_nhs_number
from joinedup.people.postcode import read_postcode
from joinedup.people.upn import read_upn

FIELDS = (
    "given", "family", "birth_date", "gender", "postcode",
    "phone", "email", "nhs_number", "upn", "address_history",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demographics:
    """Who a child is said to be, each field normalised and checked."""

    given: Checked[Name]
    family: Checked[Name]
    birth_date: Checked[date]
    gender: Checked[Gender]
    postcode: Checked[str]
    phone: Checked[str]
    email: Checked[str]
    nhs_number: Checked[str]
    upn: Checked[str]
    address_history: Checked[tuple[Address, ...]]

    @classmethod
    def read(cls, raw: Mapping[str, str | None]) -> "Demographics":
        """Read raw text, keyed by the names in ``FIELDS``; an absent key is not provided."""
        get = raw.get
        return cls(
            given=read_given(get("given")),
            family=read_family(get("family")),
            birth_date=read_birth_date(get("birth_date")),
            gender=read_gender(get("gender")),
            postcode=read_postcode(get("postcode")),
            phone=read_phone(get("phone")),
            email=read_email(get("email")),
            nhs_number=read_nhs_number(get("nhs_number")),
            upn=read_upn(get("upn")),
            address_history=read_address_history(get("address_history")),
        )

    def checks(self) -> dict[str, Checked[object]]:
        """Every field's check, keyed by field name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
