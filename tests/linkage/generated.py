"""Generated children for tests of linking: few values, so that pairs agree in every way."""

from datetime import date

import pyarrow as pa
from hypothesis import strategies as st

from joinedup.linkage import LinkRecord
from joinedup.linkage.prepare import to_table
from joinedup.people.demographics import Demographics

GIVEN = [
    "Valentina", "Valemtina", "Muhammad Omar", "Muhammad Ali", "Muhammad", "Omar", "William",
    "Bill", "Ann-Marie", "Marie", "Ann", "A", "Seren Amanda", "Amanda (Mandy)", "Khadija",
    "Hadija", None,
]  # fmt: skip
FAMILY = [
    "Smith", "Smyth", "Smith-Jones", "Jones", "Khan", "Singh", "Kaur", "Omar", "William", "Marie",
    "Butler", "Butcher", "O'Neil", "Featherstonehaugh", None,
]  # fmt: skip
DATES = [
    date(2010, 4, 5), date(2010, 5, 4), date(2010, 4, 6), date(2010, 4, 15), date(2011, 4, 5),
    date(2012, 4, 5), date(2010, 12, 25), None,
]  # fmt: skip
POSTCODES = ["LU1 0XA", "LU1 0XB", "LU1 0YZ", "M14 9AJ", None]
HISTORIES = [
    None, "1~7 Dove Terrace~Luton~Beds~LU1 0XA",
    "1~7 Dove Terrace~Luton~Beds~LU1 0XA|2~9 Hill Road~Luton~Beds~M14 9AJ",
]  # fmt: skip
NUMBERS = ["999 000 0018", "999 000 0026", None]


def _text(born: date | None) -> str | None:
    return born.isoformat() if born else None


children = st.fixed_dictionaries(
    {
        "given": st.sampled_from(GIVEN),
        "family": st.sampled_from(FAMILY),
        "birth_date": st.sampled_from(DATES).map(_text),
        "gender": st.sampled_from(["1", "2", "0", None]),
        "postcode": st.sampled_from(POSTCODES),
        "address_history": st.sampled_from(HISTORIES),
        "phone": st.sampled_from(["0131 496 0781", "0191 498 0252", None]),
        "email": st.sampled_from(["a@example.com", "b@example.com", None]),
        "nhs_number": st.sampled_from(NUMBERS),
        "upn": st.sampled_from(["U990100016001", "X990100015002", None]),
    }
)


def records(raw: list[dict[str, str | None]]) -> list[LinkRecord]:
    return [
        LinkRecord.of("schools" if at % 2 else "health", f"R{at:03d}", Demographics.read(row))
        for at, row in enumerate(raw)
    ]


def table(made: list[LinkRecord]) -> pa.Table:
    return to_table(made)
