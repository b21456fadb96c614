"""The school census as schools' systems export it: one CSV a table of a term."""

from datetime import date
from hashlib import blake2b

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import iso
from joinedup.simulate.formats.form import Form, Setting, csv_form, csv_lines
from joinedup.simulate.formats.schooling import Schooling, Schools

_ON_ROLL = (
    "pupilonrolltableid", "NativeId", "dob", "surname", "forename", "middlenames",
    "preferredsurname", "formersurname", "upn", "formerupn", "uniquelearnernumber", "sex",
    "entrydate", "pupilonrollorderseqcolumn", "sourceid", "schoolcensustableid", "parttime",
    "termlysessionspossible", "termlysessionsauthorised", "termlysessionsunauthorised",
    "language", "enrolstatus", "boarder", "senprovision", "ncyearactual", "postcode",
)  # fmt: skip
_OFF_ROLL = (
    "pupilnolongeronrolltableid", "NativeId", "dob", "surname", "forename", "middlenames",
    "preferredsurname", "formersurname", "upn", "formerupn", "uniquelearnernumber", "sex",
    "entrydate", "leavingdate", "pupilnolongeronrollorderseqcolumn", "sourceid",
    "schoolcensustableid", "parttime", "boarder", "language", "ncyearleaving", "postcode",
)  # fmt: skip
_EXCLUSIONS = (
    "pupilonrolltableid", "NativeId", "termlyexclusionsonrolltableid",
    "termlyexclusionsonrollorderseqcolumn", "sourceid", "startdate", "sessions", "reason1",
    "reason2", "reason3", "category", "senprovision",
)  # fmt: skip
_SESSIONS = (
    "pupilonrolltableid", "NativeId", "termlysessiondetailsonrolltableid",
    "termlysessiondetailsonrollorderseqcolumn", "sourceid", "sessions", "attendancereason",
)  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AUTHORISED = frozenset("IM")


def paths(as_at: date) -> dict[str, str]:
    """The path of each table: the autumn census tells of the summer term."""
    start = f"schools/{as_at.year}_autumn_"
    names = (
        "pupilonroll", "pupilnolongeronroll", "termlyexclusionsonroll",
        "termlysessiondetailsonroll",
    )  # fmt: skip
    return {name: f"{start}{name}.csv" for name in names}


def forms(as_at: date) -> list[Form]:
    """The files of the four tables."""
    columns = (_ON_ROLL, _OFF_ROLL, _EXCLUSIONS, _SESSIONS)
    return [csv_form(path, c) for path, c in zip(paths(as_at).values(), columns, strict=True)]


def render(setting: Setting, pupils: list[tuple[Row, Schooling]]) -> dict[str, bytes]:
    """A block's part of each table."""
    on: list[list[object]] = []
    off: list[list[object]] = []
    exclusions: list[list[object]] = []
    sessions: list[list[object]] = []
    source, census = _ref(f"source {setting.seed}"), _ref(f"census {setting.seed}")
    for row, at in pupils:
        who = (row.id, at.school.name)
        values = row.values
        # Names as the register has them; the table's other columns for names stay empty.
        identity = (
            _date(iso(row)), values["family"], values["given"], "", "", "", values["upn"],
            at.former_upn, at.learner_number, values["gender"], _date(at.entered.isoformat()),
        )  # fmt: skip
        year = {0: "R", -1: "N2", -2: "N1"}.get(at.year, str(at.year))
        postcode = values["postcode"]
        if at.left is not None:
            left = _date(at.left.isoformat())
            off.append(
                [*who, *identity, left, len(off) + 1, source, census, "False", "N", "", year,
                 postcode]
            )  # fmt: skip
            continue
        authorised = sum(n for code, n in at.absent.items() if code in _AUTHORISED)
        missed = sum(at.absent.values())
        counts = (f"{at.possible}.0", f"{authorised}.0", f"{missed - authorised}.0")
        on.append(
            [*who, *identity, len(on) + 1, source, census, "True" if at.year < 0 else "False",
             *(counts if at.possible else ("", "", "")), "", "C", "N", at.special_needs, year,
             postcode]
        )  # fmt: skip
        for nth, (code, count) in enumerate(at.absent.items(), start=1):
            sessions.append([*who, f"{row.id}-A{nth}", nth, source, f"{count}.0", code])
        for nth, out in enumerate(at.suspensions, start=1):
            exclusions.append(
                [*who, f"{row.id}-X{nth}", nth, source, _date(out.start.isoformat()),
                 f"{out.sessions}.0", out.reason, "", "", "PERM" if out.permanent else "SUSP",
                 at.special_needs]
            )  # fmt: skip
    tables = (on, off, exclusions, sessions)
    where = paths(setting.rates.as_at).values()
    return {path: csv_lines(t) if t else b"" for path, t in zip(where, tables, strict=True)}


def pupils(setting: Setting, schools: Schools) -> list[tuple[Row, Schooling]]:
    """Every pupil of a block with the time at school behind the row."""
    return [(row, schools.of(row)) for row in setting.rows["schools"]]


def _date(text: str) -> str:
    """2016-05-01 as these extracts write it: 2016-May-01 00:00:00."""
    if not text:
        return ""
    year, month, day = text.split("-")
    return f"{year}-{_MONTHS[int(month) - 1]}-{day} 00:00:00"


def _ref(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
