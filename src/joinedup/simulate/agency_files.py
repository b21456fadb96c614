"""The agencies' files: each one's columns, date style and codes, and how a row is written."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from joinedup.simulate.people import Person

# The field each column holds, and the agency's name for it (design, contract 5.1: all recognised).
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "childrens_services": {
        "id": "LAchildID", "given": "GivenName", "family": "Surname", "birth_date": "DOB",
        "gender": "Gender", "postcode": "PostCode", "upn": "UPN", "nhs_number": "NhsNumber",
        "email": "Email", "phone": "Phone", "address_history": "AddressHistory",
    },
    "schools": {
        "id": "Id", "upn": "UPN", "family": "Surname", "given": "Forename",
        "birth_date": "DateOfBirth", "gender": "Sex", "postcode": "PostCode",
        "nhs_number": "NhsNumber", "email": "Email", "phone": "PhoneNumber",
        "address_history": "AddressHistory",
    },
    "health": {
        "id": "RecordId", "nhs_number": "NHSNo", "family": "FamilyName", "given": "GivenName",
        "birth_date": "BirthDate", "gender": "Gender", "postcode": "PostalCode", "upn": "UPN",
        "email": "Email", "phone": "Phone", "address_history": "AddressHistory",
    },
    "police": {
        "id": "Id", "given": "FirstName", "family": "LastName", "birth_date": "DOB",
        "gender": "Sex", "postcode": "PostCode", "upn": "UPN", "nhs_number": "NhsNumber",
        "email": "Email", "phone": "Phone", "address_history": "AddressHistory",
    },
    "gp": {
        "id": "Record ID", "nhs_number": "NHS Number", "family": "Family Name",
        "given": "Given Name", "birth_date": "Date of Birth", "gender": "Sex",
        "postcode": "Post Code", "phone": "Phone Number", "email": "Email", "upn": "UPN",
        "address_history": "Address History",
    },
}  # fmt: skip
# Months are in English: nothing here sets a locale.
DATE_STYLES = {
    "childrens_services": "%d/%m/%Y", "schools": "%Y-%m-%d",
    "health": "%Y%m%d", "police": "%d/%m/%Y", "gp": "%d-%b-%Y",
}  # fmt: skip
GENDERS = {
    "childrens_services": {"male": "1", "female": "2", "": "0"},
    "schools": {"male": "M", "female": "F", "": ""},
    "health": {"male": "1", "female": "2", "": "9"},
    "police": {"male": "Male", "female": "Female", "": "Unknown"},
    "gp": {"male": "Male", "female": "Female", "": "Not known"},
}


@dataclass(slots=True)
class Row:
    """One row of an agency's file: its text by field, and what is wrong with it.

    ``lines`` are those of the home on file, as ``Place`` has them: the plain table leaves them out.
    """

    source: str
    id: str
    person: Person
    values: dict[str, str]
    mistakes: list[str]
    lines: tuple[str, ...] = ()


def header(agency: str) -> str:
    """The first line of an agency's file."""
    return _csv([list(COLUMNS[agency].values())])


def lines(agency: str, rows: list[Row]) -> str:
    """The rows of an agency's file, in its own order of columns."""
    fields = list(COLUMNS[agency])
    return _csv([[row.values[field] for field in fields] for row in rows])


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
