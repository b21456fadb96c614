"""The Children in Need census, as DfE's schema wants it."""

from collections.abc import Iterator
from datetime import date

from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats.cells import disability, ethnicity, iso, why_no_upn
from joinedup.simulate.formats.form import Form, Setting
from joinedup.simulate.social_care import Episode

PATH = "childrens_services/children_in_need.xml"
# DfE, CIN census 2024 to 2025: letters from then on, figures before.
LETTERS_FROM = 2025
_LETTERS = {"1": "M", "2": "F", "0": "U"}


def census_year(as_at: date) -> int:
    """The year in which the census that runs on a day ends (31 March)."""
    return as_at.year + (as_at >= date(as_at.year, 4, 1))


def form(as_at: date) -> Form:
    """The file of the census that is running."""
    year = census_year(as_at)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Message>\n<Header><CollectionDetails>'
        f"<Collection>CIN</Collection><Year>{year}</Year><ReferenceDate>{year}-03-31"
        "</ReferenceDate></CollectionDetails><Source><SourceLevel>L</SourceLevel><LEA>990</LEA>"
        "<SoftwareCode>Joinedup simulate</SoftwareCode><Release>1</Release>"
        f"<SerialNo>001</SerialNo><DateTime>{as_at}T00:00:00</DateTime></Source></Header>\n"
        "<Children>\n"
    )
    return Form(PATH, head, tail="</Children>\n</Message>\n")


def render(setting: Setting) -> bytes:
    """A block's children."""
    year = census_year(setting.rates.as_at)
    rows = setting.rows["childrens_services"]
    return "".join(child(setting, row, year) for row in rows).encode()


def child(setting: Setting, row: Row, year: int) -> str:
    """One child with all episodes, in the shape of a year."""
    return "".join(_child(setting, row, year))


def _child(setting: Setting, row: Row, year: int) -> Iterator[str]:
    values, person, episodes = row.values, row.person, setting.caseload.of(row)
    yield f"<Child><ChildIdentifiers><LAchildID>{row.id}</LAchildID>"
    if values["upn"]:
        yield _tag("UPN", values["upn"])
    else:
        yield _tag("UPNunknown", why_no_upn(row, episodes, setting.rates.as_at))
    yield _tag("PersonBirthDate", iso(row))
    sex = values["gender"]
    letters = year >= LETTERS_FROM
    yield _tag("Sex", _LETTERS[sex]) if letters else _tag("GenderCurrent", sex)
    yield _tag("PersonDeathDate", person.died)
    yield f"</ChildIdentifiers><ChildCharacteristics>{_tag('Ethnicity', ethnicity(setting, row))}"
    yield f"<Disabilities><Disability>{disability(setting, row)}</Disability></Disabilities>"
    yield "</ChildCharacteristics>"
    for episode in episodes:
        yield from _episode(episode)
    yield "</Child>\n"


def _episode(episode: Episode) -> Iterator[str]:
    yield "<CINdetails>"
    yield _tag("CINreferralDate", episode.referred)
    yield _tag("ReferralSource", episode.source)
    yield _tag("PrimaryNeedCode", episode.need)
    yield _tag("CINclosureDate", episode.closed)
    yield _tag("ReasonForClosure", episode.reason)
    for assessment in episode.assessments:
        yield "<Assessments>"
        yield _tag("AssessmentActualStartDate", assessment.start)
        yield _tag("AssessmentAuthorisationDate", assessment.authorised)
        if assessment.factors:
            factors = "".join(_tag("AssessmentFactors", factor) for factor in assessment.factors)
            yield f"<FactorsIdentifiedAtAssessment>{factors}</FactorsIdentifiedAtAssessment>"
        yield "</Assessments>"
    for start, end in episode.plans:
        yield f"<CINPlanDates>{_tag('CINPlanStartDate', start)}{_tag('CINPlanEndDate', end)}"
        yield "</CINPlanDates>"
    for enquiry in episode.enquiries:
        yield f"<Section47>{_tag('S47ActualStartDate', enquiry.start)}"
        yield _tag("InitialCPCtarget", enquiry.target)
        yield _tag("DateOfInitialCPC", enquiry.conference)
        yield f"{_tag('ICPCnotRequired', '0' if enquiry.conference else '1')}</Section47>"
    yield _tag("ReferralNFA", "1" if episode.no_further_action else "0")
    for plan in episode.protection:
        yield f"<ChildProtectionPlans>{_tag('CPPstartDate', plan.start)}"
        yield _tag("CPPendDate", plan.end)
        yield _tag("InitialCategoryOfAbuse", plan.abuse)
        yield _tag("LatestCategoryOfAbuse", plan.abuse)
        yield _tag("NumberOfPreviousCPP", str(plan.earlier))
        if plan.reviews:
            reviews = "".join(_tag("CPPreviewDate", day) for day in plan.reviews)
            yield f"<Reviews>{reviews}</Reviews>"
        yield "</ChildProtectionPlans>"
    yield "</CINdetails>\n"


def _tag(name: str, value: object) -> str:
    """An element, or nothing for nothing; codes, dates and numbers alone, so nothing to escape."""
    return f"<{name}>{value}</{name}>" if value else ""
