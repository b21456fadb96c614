"""Common Transfer Files: what the authority passes on about pupils who change or left school."""

from collections.abc import Iterator
from datetime import date
from xml.sax.saxutils import escape

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import ethnicity, iso
from joinedup.simulate.formats.form import Form, Setting
from joinedup.simulate.formats.schooling import Schooling, Schools, school_year

# DfE, CTF specification: LLLL stands for an authority in place of a school.
PATH = "schools/990LLLL_CTF_990LLLL_001.xml"
# Years in which pupils change school: reception, year 7, year 12.
_CHANGE = frozenset({0, 7, 12})


def form(as_at: date) -> Form:
    """The file, for the school year of a day."""
    year = school_year(as_at)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<CTfile>\n<Header><DocumentName>Common Transfer '
        f"File</DocumentName><CTFversion>25.0</CTFversion><DateTime>{as_at}T00:00:00</DateTime>"
        "<DocumentQualifier>partial</DocumentQualifier><SupplierID>Joinedup simulate</SupplierID>"
        f"<SourceSchool><LEA>990</LEA><Estab>LLLL</Estab><AcademicYear>{year}</AcademicYear>"
        "</SourceSchool><DestSchool><LEA>990</LEA><Estab>LLLL</Estab></DestSchool></Header>\n"
        "<CTFpupilData>\n"
    )
    return Form(PATH, head, tail="</CTFpupilData>\n</CTfile>\n")


def transferred(pupils: list[tuple[Row, Schooling]]) -> list[tuple[Row, Schooling]]:
    """The pupils who are in the file."""
    return [(row, at) for row, at in pupils if at.left is not None or at.year in _CHANGE]


def render(setting: Setting, schools: Schools, pupils: list[tuple[Row, Schooling]]) -> bytes:
    """A block's pupils."""
    return "".join(
        part for row, at in transferred(pupils) for part in _pupil(setting, schools, row, at)
    ).encode()


def _pupil(setting: Setting, schools: Schools, row: Row, at: Schooling) -> Iterator[str]:
    values, year = row.values, school_year(setting.rates.as_at)
    yield f"<Pupil><ApplicationReference>{row.id}</ApplicationReference>"
    yield _tag("UPN", values["upn"])
    yield _tag("FormerUPN", at.former_upn)
    yield _tag("UniqueLearnerNumber", at.learner_number)
    yield _tag("Surname", values["family"])
    yield _tag("Forename", values["given"])
    yield _tag("DOB", iso(row))
    yield _tag("Sex", values["gender"])
    yield f"<BasicDetails>{_tag('Ethnicity', ethnicity(setting, row))}</BasicDetails>"
    if values["postcode"]:
        yield f"<Address>{_tag('PostCode', values['postcode'])}</Address>"
    if values["phone"]:
        yield f"<Phones><Phone>{_tag('TelephoneNumber', values['phone'])}</Phone></Phones>"
    yield _tag("Email", values["email"])
    if at.possible:
        counts = {
            "SessionsPossible": at.possible,
            "SessionsAuthorised": sum(n for code, n in at.absent.items() if code in "IM"),
            "SessionsUnauthorised": sum(n for code, n in at.absent.items() if code in "GO"),
        }
        # The year that just ended, at the school before.
        sessions = "".join(f"<{name}>{count}</{name}>" for name, count in counts.items())
        yield f"<Attendance><YearData><Year>{year - 1}</Year><SessionDetails>{sessions}"
        yield "</SessionDetails></YearData></Attendance>"
    yield f"<SchoolHistory>{_history(schools, row, at)}</SchoolHistory></Pupil>\n"


def _history(schools: Schools, row: Row, at: Schooling) -> str:
    """The school of before, where there was one, and the present or last one."""
    out = ""
    begun = date(at.entered.year, 9, 1)
    if at.year == 7 and at.entered == begun and (at.entered - row.person.born).days > 11 * 365:
        primary = schools.school_of(row, 6)
        out = _school(primary.establishment, date(begun.year - 7, 9, 1), begun.replace(month=7))
    return out + _school(at.school.establishment, at.entered, at.left)


def _school(establishment: str, entered: date, left: date | None) -> str:
    return (
        f"<School><LEA>990</LEA><Estab>{establishment}</Estab><EntryDate>{entered}</EntryDate>"
        f"{_tag('LeavingDate', left)}<LastSchool>{'0' if left is None else '1'}</LastSchool>"
        "</School>"
    )


def _tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>" if value else ""
