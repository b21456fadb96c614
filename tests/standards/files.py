"""Files of every standard, made here: no sample of anybody else's is in the project."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from joinedup.people.nhs_number import check_digit
from joinedup.people.upn import check_letter
from joinedup.standards import Reading, Record, read

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def samples(pattern: str) -> list[Path]:
    """Real files made by others, where they are."""
    return sorted(SAMPLES.glob(pattern)) if SAMPLES.is_dir() else []


needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real sample files are not on this machine"
)


def everything(path: Path, **options: object) -> tuple[list[Record], Reading]:
    """All records of a file, with the reading whose counts are then complete."""
    reading = read(path, **options)  # type: ignore[arg-type]
    records = list(reading)
    assert reading.count.balanced
    assert reading.count.rules["read-failed"] == 0, "a shape nobody thought of"
    return records, reading


def upn(number: int) -> str:
    """A valid UPN."""
    twelve = f"801{number:09d}"
    return check_letter(twelve) + twelve


def csv_text(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def cin_child(number: int, **changes: str) -> str:
    values = {
        "id": f"LA{number}", "upn": upn(number), "birth": "2015-03-27", "sex": "M",
        "referral": "2024-10-06", "closure": "2024-12-06", "more": "",
    } | changes  # fmt: skip
    return """<Child><ChildIdentifiers><LAchildID>{id}</LAchildID><UPN>{upn}</UPN>
<PersonBirthDate>{birth}</PersonBirthDate><Sex>{sex}</Sex></ChildIdentifiers>
<ChildCharacteristics><Ethnicity>WBRI</Ethnicity><Disabilities><Disability>HAND</Disability>
<Disability>HEAR</Disability></Disabilities></ChildCharacteristics>
<CINdetails><CINreferralDate>{referral}</CINreferralDate><ReferralSource>1A</ReferralSource>
<PrimaryNeedCode>N4</PrimaryNeedCode><CINclosureDate>{closure}</CINclosureDate>
<ReasonForClosure>RC9</ReasonForClosure><DateOfInitialCPC>2024-11-01</DateOfInitialCPC>
<Assessments><AssessmentActualStartDate>2024-10-10</AssessmentActualStartDate>
<FactorsIdentifiedAtAssessment><AssessmentFactors>1C</AssessmentFactors>
<AssessmentFactors>6B</AssessmentFactors></FactorsIdentifiedAtAssessment></Assessments>
<ReferralNFA>0</ReferralNFA>
<ChildProtectionPlans><CPPstartDate>2024-11-02</CPPstartDate>
<InitialCategoryOfAbuse>PHY</InitialCategoryOfAbuse>
<LatestCategoryOfAbuse>PHY</LatestCategoryOfAbuse><NumberOfPreviousCPP>0</NumberOfPreviousCPP>
<Reviews><CPPreviewDate>2024-12-01</CPPreviewDate><CPPreviewDate>2025-02-01</CPPreviewDate></Reviews>
</ChildProtectionPlans>{more}</CINdetails></Child>
""".format(**values)


def cin(children: list[str], reference: str = "2025-03-31", prolog: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{prolog}<Message><Header><CollectionDetails>'
        f"<Collection>CIN</Collection><Year>{reference[:4]}</Year><ReferenceDate>{reference}"
        "</ReferenceDate></CollectionDetails><Source><LEA>201</LEA></Source></Header>\n<Children>\n"
        + "".join(children)
        + "</Children></Message>\n"
    )


def header_903(count: int) -> str:
    rows = [["CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"]]
    rows += [[f"{n}", "1", "02/03/2013", "WBRI", upn(n), "", ""] for n in range(1, count + 1)]
    return csv_text(rows)


def episodes_903(count: int) -> str:
    rows = [
        [
            "CHILD",
            "DECOM",
            "RNE",
            "LS",
            "CIN",
            "PLACE",
            "PLACE_PROVIDER",
            "DEC",
            "REC",
            "REASON_PLACE_CHANGE",
            "HOME_POST",
            "PL_POST",
            "URN",
        ]
    ]
    rows += [
        [f"{n}", "15/02/2016", "L", "C2", "N3", "U1", "PR1", "14/08/2017", "X1", "CLOSE",
         "ZZ99 3CZ", "ZZ99 3CZ", "SC000001"]
        for n in range(1, count + 1)
    ]  # fmt: skip
    return csv_text(rows)


def xml_903(count: int) -> str:
    return (
        "<?xml version='1.0' encoding='us-ascii'?>\n<EXPSSDA903>"
        + "".join(
            f"<CHILD><HEADER><CHILDID>{n}</CHILDID><UPN>{upn(n)}</UPN><SEX>1</SEX>"
            "<DOB>02/03/2013</DOB><ETHNIC>WBRI</ETHNIC><UASC>1</UASC><DUC>01/03/2031</DUC>"
            "<AREVIEW><REVIEW>28/01/2016</REVIEW><REVIEW_CODE>PN3</REVIEW_CODE></AREVIEW>"
            "<MOTHER /><OC2><HEALTH_CHECK>1</HEALTH_CHECK></OC2></HEADER>"
            "<EPISODE><DECOM>15/02/2016</DECOM><RNE>L</RNE><LS>C2</LS><CIN>N3</CIN><PL>U1</PL>"
            "<DEC /></EPISODE></CHILD>"
            for n in range(1, count + 1)
        )
        + "</EXPSSDA903>"
    )


def school_census(count: int) -> str:
    rows = [
        [
            "pupilonrolltableid",
            "NativeId",
            "dob",
            "surname",
            "forename",
            "middlenames",
            "upn",
            "formerupn",
            "uniquelearnernumber",
            "sex",
            "entrydate",
            "senprovision",
        ]
    ]
    rows += [
        [f"p{n}", "SCH1", "2012-Jan-21 00:00:00", "O'Neill", "Aoife", "", upn(n), "", "", "F",
         "2023-Sep-04 00:00:00", "N"]
        for n in range(1, count + 1)
    ]  # fmt: skip
    return csv_text(rows)


def vaccination(count: int) -> str:
    rows = [["CHILD_FIRST_NAME", "CHILD_LAST_NAME", "CHILD_DATE_OF_BIRTH", "CHILD_POSTCODE"]]
    rows += [["Zo\u00eb", "Adeyemi", f"{n:02d}/02/2012", "ZZ99 3CZ"] for n in range(1, count + 1)]
    return csv_text(rows)


def ctf(count: int) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><CTfile><Header><DocumentName>Common Transfer File'
        "</DocumentName></Header><CTFpupilData>"
        + "".join(
            f"<Pupil><UPN>{upn(n)}</UPN><Surname>Nowak</Surname><Forename>Zofia</Forename>"
            "<DOB>2014-10-02</DOB><Sex>F</Sex><BasicDetails><FormerUPN></FormerUPN>"
            "<PreferredSurname>Nowak</PreferredSurname><Ethnicity>WEEU</Ethnicity></BasicDetails>"
            "<Address><Postcode>ZZ99 3CZ</Postcode></Address>"
            "<Contacts><Contact><Surname>Smith</Surname><Forename>Ann</Forename></Contact></Contacts>"
            "<SchoolHistory><School><LEA>201</LEA><Estab>2000</Estab><EntryDate>2019-09-01"
            "</EntryDate><LeavingDate>2025-07-20</LeavingDate></School></SchoolHistory></Pupil>"
            for n in range(1, count + 1)
        )
        + "</CTFpupilData></CTfile>"
    )


def csc_child(number: int) -> dict[str, object]:
    return {
        "la_child_id": f"LA{number}", "mis_child_id": f"M{number}", "purge": False,
        "child_details": {
            "unique_pupil_number": upn(number), "first_name": "Amina", "surname": "Hassan",
            "date_of_birth": "2012-05-04", "sex": "F", "ethnicity": "BAFR",
            "disabilities": ["NONE"], "postcode": "ZZ99 3CZ", "uasc_flag": False, "purge": False,
        },
        "social_care_episodes": [
            {
                "social_care_episode_id": f"E{number}", "referral_date": "2024-01-02",
                "child_protection_plans": [
                    {"child_protection_plan_id": "P1", "start_date": "2024-02-01"},
                    {"child_protection_plan_id": "P0", "purge": True},
                ],
            }
        ],
    }  # fmt: skip


def csc_api(count: int) -> str:
    return json.dumps(
        {"la_code": 201, "Children": [csc_child(n) for n in range(1, count + 1)]}, indent=1
    )


def nhs_number(number: int) -> str:
    while (digit := check_digit(f"999{number:06d}")) is None:
        number += 500_000
    return f"999{number:06d}{digit}"


def fhir(count: int) -> str:
    entries: list[dict[str, object]] = []
    for n in range(1, count + 1):
        patient = {
            "resourceType": "Patient", "id": f"p{n}", "birthDate": "2013-04-05",
            "gender": "female", "name": [{"use": "official", "given": ["Mei"], "family": "Chen"}],
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number(n)}
            ],
        }  # fmt: skip
        encounter = {
            "resourceType": "Encounter", "id": f"e{n}", "status": "finished",
            "class": {"code": "EMER"}, "subject": {"reference": f"Patient/p{n}"},
            "period": {"start": "2025-01-02T10:00:00+00:00"},
        }  # fmt: skip
        entries += [{"resource": patient}, {"resource": encounter}]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


CRIME = [
    "person_ref", "given", "family", "birth_date", "gender", "postcode", "event_ref",
    "event_type", "event_date", "role", "grade",
]  # fmt: skip


def crime_rows(count: int) -> list[list[str]]:
    return [
        [f"N{n}", "Daniel", "Okafor", "2009-08-07", "M", "ZZ99 3CZ", f"EV{n}", "missing",
         "2025-02-03", "subject", "medium"]
        for n in range(1, count + 1)
    ]  # fmt: skip


def crime(count: int) -> str:
    return csv_text([CRIME, *crime_rows(count)])


def crime_json(count: int) -> str:
    events = [dict(zip(CRIME, row, strict=True)) for row in crime_rows(count)]
    return json.dumps({"events": events})


def mapped(count: int) -> str:
    rows = [["Id", "Forename", "Surname", "DOB", "UPN"]]
    rows += [[f"{n}", "Sean", "Kelly", "2010-05-06", upn(n)] for n in range(1, count + 1)]
    return csv_text(rows)


# Standard, usual ending of its files, and the text of a good one with so many children.
MAKERS: dict[str, tuple[str, str, Callable[[int], str]]] = {
    "cin": ("cin", "xml", lambda count: cin([cin_child(n) for n in range(1, count + 1)])),
    "ssda903 header": ("ssda903", "csv", header_903),
    "ssda903 episodes": ("ssda903", "csv", episodes_903),
    "ssda903 xml": ("ssda903", "xml", xml_903),
    "school_census": ("school_census", "csv", school_census),
    "vaccination": ("vaccination", "csv", vaccination),
    "ctf": ("ctf", "xml", ctf),
    "csc_api": ("csc_api", "json", csc_api),
    "fhir": ("fhir", "json", fhir),
    "crime": ("crime", "csv", crime),
    "crime json": ("crime", "json", crime_json),
    "mapped": ("mapped", "csv", mapped),
}


def annex_a(path: Path, rows: int = 3) -> Path:
    """A small Annex A workbook: a list of referrals below a title, a plan list, a strange sheet."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "List 3"
    first.append(["Referrals"])
    first.append([])
    first.append(["Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Date of Referral"])
    for n in range(1, rows + 1):
        first.append([n, "b) Female", "a) WBRI", "2015-01-02", "2024-03-04"])
    plans = book.create_sheet("List 7")
    plans.append(["Child Unique ID", "Gender", "Date of Birth", "Child Protection Plan Start Date"])
    for n in range(1, rows + 1):
        plans.append([n, "a) Male", "2015-01-02", "=DATE(2024,1,1)"])
    other = book.create_sheet("Notes")
    other.append(["whatever"])
    other.append(["it says"])
    book.save(path)
    return path
