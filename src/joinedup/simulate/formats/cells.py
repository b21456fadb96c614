"""What an agency's row holds, in the shape that a standard wants it."""

from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.form import Setting


def iso(row: Row) -> str:
    """The birth date on file as year-month-day, "" when there is none."""
    text = row.values["birth_date"]
    if "/" in text:
        day, month, year = text.split("/")
        return f"{year}-{month}-{day}"
    if len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def ethnicity(setting: Setting, row: Row) -> str:
    """The DfE code that the agency recorded."""
    rng = Random(f"{setting.seed} ethnicity {row.person.id}")  # noqa: S311 - invented people
    if rng.random() < setting.rates.happenings["all"]["ethnicity_unknown"]:
        return "NOBT" if rng.random() < 0.6 else "REFU"
    return setting.rates.ethnicity[row.person.group]
