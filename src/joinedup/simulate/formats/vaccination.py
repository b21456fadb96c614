"""The list of children that a school-age vaccination team is sent: a cohort upload (CSV)."""

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import iso
from joinedup.simulate.formats.form import Setting, csv_form, csv_lines
from joinedup.simulate.formats.schooling import Schools, year_group

PATH = "health/vaccination_cohort.csv"
# The service's columns, and CHILD_ID, so that each row can be held against the truth.
_COLUMNS = (
    "CHILD_SCHOOL_URN", "PARENT_1_NAME", "PARENT_1_RELATIONSHIP", "PARENT_1_EMAIL",
    "PARENT_1_PHONE", "PARENT_2_NAME", "PARENT_2_RELATIONSHIP", "PARENT_2_EMAIL", "PARENT_2_PHONE",
    "CHILD_FIRST_NAME", "CHILD_LAST_NAME", "CHILD_PREFERRED_GIVEN_NAME", "CHILD_DATE_OF_BIRTH",
    "CHILD_YEAR_GROUP", "CHILD_ADDRESS_LINE_1", "CHILD_ADDRESS_LINE_2", "CHILD_TOWN",
    "CHILD_POSTCODE", "CHILD_NHS_NUMBER", "CHILD_GENDER", "CHILD_ID",
)  # fmt: skip
FORM = csv_form(PATH, _COLUMNS)
_GENDERS = {"1": "Male", "2": "Female", "9": "Not known"}
_YEARS = range(12)  # reception to year 11


def in_cohort(setting: Setting, row: Row) -> bool:
    """Whether the row is of a child of school age."""
    return year_group(row.person.born, setting.lives.of(row.person).until) in _YEARS


def render(setting: Setting, schools: Schools) -> bytes:
    """A block's children of school age, as health has them."""
    rows = [row for row in setting.rows["health"] if in_cohort(setting, row)]
    return csv_lines(_line(setting, schools, row) for row in rows) if rows else b""


def _line(setting: Setting, schools: Schools, row: Row) -> list[object]:
    values, person = row.values, row.person
    year = year_group(person.born, setting.rates.as_at)
    born, number = iso(row), values["nhs_number"]
    if row.id[-1] in "05" and born:
        born = "/".join(reversed(born.split("-")))  # lists come in both styles
    if number and row.id[-1] in "36":
        number = f"{number[:3]} {number[3:6]} {number[6:]}"
    flat, street, locality, town, _ = row.lines or ("",) * 5
    # No agency here keeps who the parents are.
    return [
        schools.school_of(row, year).urn, "", "", "", "", "", "", "", "", values["given"],
        values["family"], "", born,
        year if year > 0 else "", f"{flat}, {street}" if flat else street, locality, town,
        values["postcode"], number,
        _GENDERS[values["gender"]], row.id,
    ]  # fmt: skip
