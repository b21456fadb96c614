"""SSDA903, the return on looked-after children: one CSV a table, and all of it as one XML."""

from collections.abc import Iterator
from datetime import date

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import eighteen, ethnicity, reviews
from joinedup.simulate.formats.form import Form, Setting, csv_form, csv_lines

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
XML = "childrens_services/ssda903.xml"
FORMS = (
    *(csv_form(_PATH.format(name), columns) for name, columns in _COLUMNS.items()),
    Form(
        XML, head='<?xml version="1.0" encoding="UTF-8"?>\n<EXPSSDA903>\n', tail="</EXPSSDA903>\n"
    ),
)

_Tables = dict[str, list[tuple[str, ...]]]


def render(setting: Setting) -> dict[str, bytes]:
    """A block's part of each table, and of the XML."""
    tables: _Tables = {name: [] for name in _COLUMNS}
    xml: list[str] = []
    for row in setting.rows["childrens_services"]:
        if "duplicate" not in row.mistakes and setting.lives.of(row.person).care:
            child = _child(setting, row)
            xml += _xml(child)
            for name, found in child.items():
                tables[name] += found
    out = {_PATH.format(name): csv_lines(rows) if rows else b"" for name, rows in tables.items()}
    return {**out, XML: "".join(xml).encode()}


def _child(setting: Setting, row: Row) -> _Tables:
    """The child's rows of each table."""
    life, values = setting.lives.of(row.person), row.values
    born = values["birth_date"]
    sex = "" if values["gender"] == "0" else values["gender"]
    upn = values["upn"] or ("UN1" if _years(row, life.until) < 5 else "UN4")
    home = values["postcode"]
    return {
        "header": [(row.id, sex, born, ethnicity(setting, row), upn, "", "")],
        "episodes": [
            (
                row.id, _day(spell.start), spell.reason, spell.legal, spell.need, spell.place,
                spell.provider, _day(spell.end), spell.ceased, spell.change, home, spell.postcode,
                "",
            )
            for spell in life.care
        ],
        "missing": [
            (row.id, born, "M", _day(gone.start), _day(gone.end)) for gone in life.missing
        ],
        "reviews": [
            (row.id, born, _day(day), "PN0" if _years(row, day) < 4 else "PN1")
            for day in reviews(life.care[0].start, life.care[-1].end or life.until)
        ],
        "uasc": (
            [(row.id, sex, born, _day(eighteen(row.person.born)))]
            if row.person.unaccompanied else []
        ),
    }  # fmt: skip


def _xml(child: _Tables) -> Iterator[str]:
    """The same child as the XML nests it; codes, dates and postcodes, so nothing to escape."""
    key, sex, born, code, upn, *_ = child["header"][0]
    yield f"<CHILD><HEADER><CHILDID>{key}</CHILDID>{_tag('UPN', upn)}{_tag('SEX', sex)}"
    yield f"{_tag('DOB', born)}{_tag('ETHNIC', code)}"
    for *_, until in child["uasc"]:
        yield f"<UASC>1</UASC><DUC>{until}</DUC>"
    for name, element in (("reviews", "AREVIEW"), ("missing", "AMISSING")):
        for row in child[name]:
            yield _element(element, _COLUMNS[name][2:], row[2:])
    yield "</HEADER>"
    for row in child["episodes"]:
        yield _element("EPISODE", ("DECOM", "RNE", "LS", "CIN", "PL", *_COLUMNS["episodes"][6:]),
                       row[1:])  # fmt: skip
    yield "</CHILD>\n"


def _element(name: str, columns: tuple[str, ...], row: tuple[str, ...]) -> str:
    return f"<{name}>{''.join(map(_tag, columns, row))}</{name}>"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>" if text else ""


def _years(row: Row, day: date) -> float:
    return (day - row.person.born).days / 365.25


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""
