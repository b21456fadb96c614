"""Ofsted's Annex A: the lists of children that an inspection asks for, one workbook.

Lists 2 (early help) and 11 (adopters) are there with their headings alone: the region has neither.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

import xlsxwriter

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import disability, ethnicity, iso, reviews
from joinedup.simulate.formats.form import Setting
from joinedup.simulate.people import Role
from joinedup.simulate.rates import rates
from joinedup.simulate.social_care import Episode

PATH = "childrens_services/annex_a.xlsx"
# Ofsted, ILACS guidance, Annex A: most lists reach back six months, adoption a year.
HALF_YEAR = timedelta(days=183)
_YEAR = timedelta(days=365)
_ELIGIBLE_AGE = 16 * 365.25  # Children (Leaving Care) Act 2000: 16 or 17, and in care
_ELIGIBLE_DAYS = 91  # for 13 weeks
_DAY_ZERO = date(1899, 12, 30).toordinal()  # Excel counts its days from here

Cell = str | int | date | None
Lists = dict[str, list[tuple[Cell, ...]]]

_CHILD = ("Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Age")
_DISABLED = "Does the Child have a Disability"
_TEAM = ("Allocated Team", "Allocated Worker")
_PLAN_START, _PLAN_END = "Child Protection Plan Start Date", "Child Protection Plan End Date"
_COLUMNS: dict[str, tuple[str, ...]] = {
    "List 1": (*_CHILD, "Date of Contact", "Contact Source"),
    "List 2": (
        *_CHILD, "Assessment start date", "Assessment completion date",
        "Organisation completing assessment",
    ),
    "List 3": (
        *_CHILD, "Date of Referral", "Referral Source", "Referral NFA?",
        "Number of Referrals in Last 12 Months", *_TEAM,
    ),
    "List 4": (
        *_CHILD, _DISABLED, "Continuous Assessment Start Date",
        "Child Seen During Continuous Assessment", "Continuous Assessment Date of Authorisation",
        "Was the child assessed as requiring LA children's social care support?", *_TEAM,
    ),
    "List 5": (
        *_CHILD, _DISABLED, "Strategy discussion initiating Section 47 Enquiry Start Date",
        "Was an Initial Child Protection Conference deemed unnecessary?",
        "Date of Initial Child Protection Conference",
        "Did the Initial Child Protection Conference Result in a Child Protection Plan",
        "Number of Section 47 Enquiries in the last 12 months",
        "Number of ICPCs in the last 12 months", *_TEAM,
    ),
    "List 6": (
        *_CHILD, _DISABLED, "CIN Start Date", "Primary Need Code", "Date Child Was Last Seen",
        "CIN Closure Date", "Reason for Closure", "Case Status", *_TEAM,
    ),
    "List 7": (
        *_CHILD, _DISABLED, _PLAN_START, "Initial Category of Abuse", "Latest Category of Abuse",
        "Date of the Last Statutory Visit", "Was the Child Seen Alone?",
        "Date of latest review conference", _PLAN_END,
        "Subject to Emergency Protection Order or Protected Under Police Powers in Last Six Months"
        " (Y/N)",
        "Number of Previous Child Protection Plans", *_TEAM,
    ),
    "List 8": (
        *_CHILD, "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N))",
        _DISABLED, "Date Started to be Looked After", "Child's Category of Need",
        "Start date of current legal status", "Child's Legal Status",
        "Date of Latest Statutory Review", "Date of Last Social Work Visit",
        "Date of Last Health Assessment", "Date of Last Dental Check",
        "Number of Placements in the Last 12 months", "Date Ceased to be Looked After",
        "Reason Ceased to be Looked After", "Start Date of Most Recent Placement",
        "Placement Type", "Placement Provider", "Placement postcode",
        "Number of Episodes the Child has been ‘Missing’ from their Placement in the last 12"
        " months", *_TEAM,
    ),
    "List 9": (
        *_CHILD, "Unaccompanied Asylum Seeking Child (UASC), or formerly UASC if 18 or over (Y/N)",
        _DISABLED, *_TEAM, "Eligibility Category", "Latest Pathway Plan Review Date",
        "LA in Touch", "Latest Date of Contact",
    ),
    "List 10": (
        "Child Unique ID", "Family identifier", *_CHILD[1:], _DISABLED,
        "Date the Child Entered Care",
        "Date of Decision that Child Should be Placed for Adoption", "Date of Placement Order",
        "Date of Matching Child and Prospective Adopters", "Date Placed for Adoption",
        "Date of Adoption Order",
    ),
    "List 11": (
        "Individual adopter identifier", "Family identifier", "Gender", "Ethnicity", "Disability",
        "Date enquiry received", "Date of leaving adoption process",
    ),
}  # fmt: skip
_GENDERS = {"1": "a) Male", "2": "b) Female", "0": "c) Not stated"}
_ETHNICITIES = (
    "WBRI", "WIRI", "WIRT", "WOTH", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN",
    "AOTH", "BCRB", "BAFR", "BOTH", "CHNE", "OOTH", "NOBT", "REFU",
)  # fmt: skip
_LETTERED = {code: f"{chr(97 + at)}) {code}" for at, code in enumerate(_ETHNICITIES)}
_ABUSE = {
    "NEG": "Neglect", "EMO": "Emotional abuse", "PHY": "Physical abuse", "SAB": "Sexual abuse",
    "MUL": "Multiple",
}  # fmt: skip


def rows(setting: Setting) -> Lists:
    """A block's rows of each list."""
    lists: Lists = {name: [] for name in _COLUMNS}
    for row in setting.rows["childrens_services"]:
        for name, cells in _child(setting, row):
            lists[name].append(cells)
    return lists


def _child(setting: Setting, row: Row) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    as_at = setting.rates.as_at
    since = as_at - HALF_YEAR
    episodes = setting.caseload.of(row)
    care = _care_is_told(setting, row)
    # Most children have nothing in the time that the lists are of.
    if not care and all(episode.closed and episode.closed < since for episode in episodes):
        return
    code = _LETTERED[ethnicity(setting, row)]
    born = iso(row)
    # The age is the recorded birth date's, wrong where that is.
    years = int((as_at - date.fromisoformat(born)).days / 365.25) if born else None
    who = (row.id, _GENDERS[row.values["gender"]], code, _born(born), years)
    disabled = "b) No" if disability(setting, row) == "NONE" else "a) Yes"
    for episode in episodes:
        yield from _episode(episode, episodes, who, disabled, as_at)
    if care:
        yield from _care(setting, row, who, disabled)


def _born(text: str) -> Cell:
    """A date Excel can hold as one: it has none before 1900, and a day too many in that year."""
    return date.fromisoformat(text) if text > "1901" else text


def _episode(
    episode: Episode, episodes: list[Episode], who: tuple[Cell, ...], disabled: str, as_at: date
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    since = as_at - HALF_YEAR
    last_year = [one for one in episodes if one.referred > as_at - _YEAR]
    enquiries = [one for each in episodes for one in each.enquiries if one.start > as_at - _YEAR]
    if episode.referred >= since:
        yield "List 1", (*who, episode.referred, episode.source)
        refused = "a) Yes" if episode.no_further_action else "b) No"
        yield "List 3", (*who, episode.referred, episode.source, refused, len(last_year), "", "")
    for assessed in episode.assessments:
        if assessed.start >= since or (assessed.authorised and assessed.authorised >= since):
            done = assessed.authorised
            yield "List 4", (*who, disabled, assessed.start, "", done, "", "", "")
    for enquiry in episode.enquiries:
        if enquiry.start >= since:
            held = enquiry.conference
            planned = any(plan.start == held for plan in episode.protection)
            yield "List 5", (
                *who, disabled, enquiry.start, "b) No" if held else "a) Yes", held,
                ("a) Yes" if planned else "b) No") if held else "", len(enquiries),
                sum(one.conference is not None for one in enquiries), "", "",
            )  # fmt: skip
    for start, end in episode.plans:
        if end is None or end >= since:
            yield "List 6", (
                *who, disabled, start, episode.need, None, end, episode.reason if end else "",
                "c) Child in need plan", "", "",
            )  # fmt: skip
    for plan in episode.protection:
        if plan.end is None or plan.end >= since:
            abuse = _ABUSE[plan.abuse]
            yield "List 7", (
                *who, disabled, plan.start, abuse, abuse, None, "",
                plan.reviews[-1] if plan.reviews else None, plan.end, "b) No", plan.earlier, "", "",
            )  # fmt: skip


def _care_is_told(setting: Setting, row: Row) -> bool:
    """Whether the row is of a child whose time in care the lists tell of."""
    care = setting.lives.of(row.person).care
    if "duplicate" in row.mistakes or not care:
        return False
    adopted = row.person.role is Role.BEFORE_ADOPTION
    end = care[-1].end
    return end is None or end >= setting.rates.as_at - (_YEAR if adopted else HALF_YEAR)


def _care(
    setting: Setting, row: Row, who: tuple[Cell, ...], disabled: str
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    as_at, person, life = setting.rates.as_at, row.person, setting.lives.of(row.person)
    first, last = life.care[0], life.care[-1]
    alone = "a) Yes" if person.unaccompanied else "b) No"
    if last.end is None or last.end >= as_at - HALF_YEAR:
        days = reviews(first.start, last.end or life.until)
        lately = [one for one in life.care if (one.end or as_at) > as_at - _YEAR]
        gone = [one for one in life.missing if one.start > as_at - _YEAR]
        yield "List 8", (
            *who, alone, disabled, first.start, last.need, None, last.legal,
            days[-1] if days else None, None, None, None, len(lately), last.end, last.ceased,
            last.start, last.place, last.provider, last.postcode, len(gone), "", "",
        )  # fmt: skip
    old_enough = (life.until - person.born).days > _ELIGIBLE_AGE
    if last.end is None and old_enough and (as_at - first.start).days > _ELIGIBLE_DAYS:
        yield "List 9", (*who, alone, disabled, "", "", "d) Eligible child", None, "", None)
    if person.role is Role.BEFORE_ADOPTION:
        yield "List 10", (
            row.id, person.family_id, *who[1:], disabled, first.start, None, last.start, None,
            last.start, person.adopted_on,
        )  # fmt: skip


class Workbook:
    """The workbook of a region, written as rows come and closed with the stack.

    One of an earlier region in the same folder is deleted. It is begun when the first rows come.
    """

    def __init__(self, out: Path, stack: ExitStack) -> None:
        self._place = out / PATH
        self._stack = stack
        self._sheets: dict[str, xlsxwriter.worksheet.Worksheet] = {}
        self._written = dict.fromkeys(_COLUMNS, 1)
        self._place.unlink(missing_ok=True)

    def __call__(self, lists: Lists) -> None:
        """Add a block's rows."""
        if not any(lists.values()):
            return
        if not self._sheets:
            self._begin()
        for name, found in lists.items():
            sheet = self._sheets[name]
            for at, cells in enumerate(found, start=self._written[name]):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str):
                        if cell:
                            sheet.write_string(at, column, cell)
                    elif isinstance(cell, int):
                        sheet.write_number(at, column, cell)
                    elif cell is not None:
                        sheet.write_number(at, column, cell.toordinal() - _DAY_ZERO, self._day)
            self._written[name] += len(found)

    def _begin(self) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        # Rows go to disk as they come, and memory holds one of each sheet.
        book = xlsxwriter.Workbook(self._place, {"constant_memory": True})
        self._stack.callback(book.close)
        # The day of the region, not of the clock: the same seed makes the same bytes.
        as_at = rates().as_at
        book.set_properties({"created": datetime(as_at.year, as_at.month, as_at.day)})  # noqa: DTZ001
        self._day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, headings in _COLUMNS.items():
            sheet = self._sheets[name] = book.add_worksheet(name)
            sheet.write_row(0, 0, headings)
