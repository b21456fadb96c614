"""Records side by side for a reviewer: what agrees, said in words, and no more than is needed.

Names, birth date and sex are shown. Where somebody lives, their contacts and their numbers are
only said to agree or to differ: a record may be of a child whose whereabouts are protected.
"""

from collections.abc import Sequence
from typing import NamedTuple

from joinedup.linkage.record import LinkRecord

SHOWN = {
    "given": "Given name",
    "given_words": "All given names",
    "family": "Family name",
    "family_words": "All family names",
    "birth_date": "Date of birth",
    "gender": "Sex",
}
MASKED = {
    "homes": "Home",
    "postcodes": "Postcodes",
    "phone": "Phone number",
    "email": "Email address",
    "upns": "UPN",
    "nhs_numbers": "NHS number",
}
GONE = "No longer here"


class Row(NamedTuple):
    """One detail: its name, what each record has, and how they compare in words."""

    label: str
    values: tuple[str, ...]
    said: str


def side_by_side(records: Sequence[LinkRecord | None]) -> list[Row]:
    """Compare records detail by detail; ``None`` stands for one that is gone."""
    rows = []
    for column, label in {**SHOWN, **MASKED}.items():
        values = [None if each is None else getattr(each, column) for each in records]
        if not any(values) or (column.endswith("_words") and not _more_than_one(values)):
            continue
        rows.append(
            Row(
                label,
                tuple(
                    GONE if record is None else _shown(column, value)
                    for record, value in zip(records, values, strict=True)
                ),
                _said(values),
            )
        )
    return rows


def _more_than_one(values: Sequence[str | tuple[str, ...] | None]) -> bool:
    return any(value is not None and len(value) > 1 for value in values)


def _shown(column: str, value: str | tuple[str, ...] | None) -> str:
    if not value:
        return "Not known"
    if column in MASKED:
        return "Known"
    if column == "birth_date":
        year, month, day = str(value).split("-")
        return f"{int(day)}/{int(month)}/{year}"
    return ", ".join(map(str.capitalize, value)) if isinstance(value, tuple) else value.capitalize()


def _said(values: Sequence[str | tuple[str, ...] | None]) -> str:
    if not all(values):
        return "Not known in all"
    if isinstance(values[0], tuple):
        sets = [set(value or ()) for value in values]
        if all(each == sets[0] for each in sets):
            return "The same"
        return "Some the same" if set.intersection(*sets) else "Different"
    return "The same" if len(set(values)) == 1 else "Different"
