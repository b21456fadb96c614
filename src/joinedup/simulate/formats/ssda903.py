"""SSDA903, the return on looked-after children: one CSV a table."""

from datetime import date

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import ethnicity
from joinedup.simulate.formats.form import Setting, csv_form, csv_lines

_COLUMNS = {
    "header": ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"),
    "episodes": (
        "CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC",
        "REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN",
    ),
    "missing": ("CHILD", "DOB", "MISSING", "MIS_START", "MIS_END"),
    "reviews": ("CHILD", "DOB", "REVIEW", "REVIEW_CODE"),
    "uasc": ("CHILD", "SEX", "DOB", "DUC"),
}  # fmt: skip
_PATH = "childrens_services/ssda903_{}.csv"
FORMS = tuple(csv_form(_PATH.format(name), columns) for name, columns in _COLUMNS.items())
# Care Planning Regulations 2010: reviewed within 20 working days, then 3 months, then 6.
_REVIEWED = (26, 110)
_REVIEWED_EVERY = 175


def render(setting: Setting) -> dict[str, bytes]:
    """A block's part of each table."""
    tables: dict[str, list[tuple[str, ...]]] = {name: [] for name in _COLUMNS}
    for row in setting.rows["childrens_services"]:
        if "duplicate" not in row.mistakes and setting.lives.of(row.person).care:
            _child(setting, row, tables)
    return {_PATH.format(name): csv_lines(rows) if rows else b"" for name, rows in tables.items()}


def _child(setting: Setting, row: Row, tables: dict[str, list[tuple[str, ...]]]) -> None:
    life, values = setting.lives.of(row.person), row.values
    born = values["birth_date"]
    sex = "" if values["gender"] == "0" else values["gender"]
    upn = values["upn"] or ("UN1" if _years(row, life.until) < 5 else "UN4")
    tables["header"].append((row.id, sex, born, ethnicity(setting, row), upn, "", ""))
    for spell in life.care:
        tables["episodes"].append(
            (
                row.id, _day(spell.start), spell.reason, spell.legal, spell.need, spell.place,
                spell.provider, _day(spell.end), spell.ceased, spell.change, values["postcode"],
                spell.postcode, "",
            )
        )  # fmt: skip
    for absence in life.missing:
        tables["missing"].append((row.id, born, "M", _day(absence.start), _day(absence.end)))
    for day in _reviews(life.care[0].start, life.care[-1].end or life.until):
        code = "PN0" if _years(row, day) < 4 else "PN1"
        tables["reviews"].append((row.id, born, _day(day), code))
    if row.person.unaccompanied:
        born_on = row.person.born
        eighteen = date(born_on.year + 18, born_on.month, min(born_on.day, 28))
        tables["uasc"].append((row.id, sex, born, _day(eighteen)))


def _years(row: Row, day: date) -> float:
    return (day - row.person.born).days / 365.25


def _reviews(start: date, last: date) -> list[date]:
    days: list[date] = []
    after = 0
    while True:
        after = _REVIEWED[len(days)] if len(days) < len(_REVIEWED) else after + _REVIEWED_EVERY
        day = date.fromordinal(start.toordinal() + after)
        if day > last:
            return days
        days.append(day)


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""
