"""What an agency's row holds, in the shape that a standard wants it."""

from datetime import date
from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.form import Setting
from joinedup.simulate.social_care import Episode

_DISABILITIES = ("LD", "AUT", "BEH", "COMM", "MOB", "HEAR", "VIS", "PC", "DDA")
# Care Planning Regulations 2010: reviewed within 20 working days, then 3 months, then 6.
_REVIEWED = (26, 110)
_REVIEWED_EVERY = 175


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


def disability(setting: Setting, row: Row) -> str:
    """The DfE code of the child's disability, NONE for most."""
    rng = Random(f"{setting.seed} disability {row.id}")  # noqa: S311 - invented people
    if rng.random() < setting.rates.happenings["childrens_services"]["disabled"]:
        return _DISABILITIES[int(rng.random() * len(_DISABILITIES))]
    return "NONE"


def why_no_upn(row: Row, episodes: list[Episode], as_at: date) -> str:
    """DfE, CIN census guide: UN1 below school age, UN7 no further action, UN4 newly in need."""
    if (as_at - row.person.born).days < 5 * 365:
        return "UN1"
    return "UN7" if all(episode.no_further_action for episode in episodes) else "UN4"


def eighteen(born: date) -> date:
    """The eighteenth birthday; 28 February for who was born on the 29th."""
    leaps = (born.month, born.day) == (2, 29)
    return born.replace(year=born.year + 18, day=28 if leaps else born.day)


def reviews(start: date, last: date) -> list[date]:
    """The days on which the case of a child in care was reviewed."""
    days: list[date] = []
    after = 0
    while True:
        after = _REVIEWED[len(days)] if len(days) < len(_REVIEWED) else after + _REVIEWED_EVERY
        day = date.fromordinal(start.toordinal() + after)
        if day > last:
            return days
        days.append(day)
