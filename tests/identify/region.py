"""A handful of invented people, as the PDS holds them."""

import json
from pathlib import Path
from typing import Any

SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"


def nhs_number(serial: int) -> str:
    """The serial-th valid NHS number of the test range."""
    found = 0
    for stem in range(999_000_000, 1_000_000_000):
        digits = [int(d) for d in str(stem)]
        check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check == 10:
            continue
        found += 1
        if found > serial:
            return f"{stem}{0 if check == 11 else check}"
    raise AssertionError("no such number")


def person(
    serial: int,
    given: str,
    family: str,
    born: str,
    gender: str = "female",
    postcode: str | None = "LS11 6AD",
    *,
    former_family: str | None = None,
    former_postcode: str | None = None,
    security: str = "U",
    multiple_birth: int | None = None,
    replaced_by: int | None = None,
    withdrawn: bool = False,
    phone: str | None = None,
) -> dict[str, Any]:
    number = nhs_number(serial)
    names = [{"id": "n1", "use": "usual", "given": given.split(), "family": family}]
    if former_family:
        old = {"id": "n2", "use": "old", "given": given.split(), "family": former_family}
        names.append(old | {"period": {"start": "2012-01-01", "end": "2018-05-01"}})
    addresses = []
    if postcode:
        addresses.append({"use": "home", "line": ["1 Mill Lane"], "postalCode": postcode})
    if former_postcode:
        old_home = {"use": "home", "line": ["2 High Street"], "postalCode": former_postcode}
        addresses.append(old_home | {"period": {"start": "2012-01-01", "end": "2019-01-01"}})
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": SYSTEM, "value": number}],
        "meta": {"versionId": "1", "security": [{"code": security}]},
        "name": names,
        "gender": gender,
        "birthDate": born,
        "address": addresses,
    }
    if phone:
        patient["telecom"] = [{"system": "phone", "value": phone, "use": "home"}]
    if multiple_birth:
        patient["multipleBirthInteger"] = multiple_birth
    if replaced_by is not None:
        other = {"reference": f"Patient/{nhs_number(replaced_by)}"}
        patient |= {"active": False, "link": [{"other": other, "type": "replaced-by"}]}
    if withdrawn:
        patient["active"] = False
    return patient


CLEAN, MOVED, COMMON, RESTRICTED, HIDDEN = 1, 2, 3, 4, 5
TWIN_JACK, TWIN_JAKE, LONE_TWIN, FATHER, SON = 6, 7, 8, 9, 10
ELDER, YOUNGER, RENAMED, NEWLY_NAMED, ROBERT = 11, 12, 13, 14, 15
NEWBORN, PHILIPPA, BABY, RYAN, PHONE = 23, 24, 25, 26, "0113 496 0172"
NAMESAKE_A, NAMESAKE_B, OLD, NEW, WITHDRAWN, GIRL_TWIN, BOY_TWIN = 16, 17, 18, 19, 20, 21, 22

PEOPLE = [
    person(CLEAN, "Seraphina", "Thistlewood", "2012-03-04"),
    person(MOVED, "Ottoline", "Brackenbury", "2011-10-23", postcode="M1 1AA"),
    person(COMMON, "Muhammad", "Khan", "2013-06-07", "male", "B8 1AA", former_postcode="BD1 1AB"),
    person(RESTRICTED, "Marigold", "Featherstone", "2010-02-03", postcode="YO1 7HH", security="R"),
    person(HIDDEN, "Peregrine", "Ashcombe", "2009-09-09", "male", "YO1 7HH", security="V"),
    person(TWIN_JACK, "Jack", "Winterbourne", "2014-01-15", "male", multiple_birth=1),
    person(TWIN_JAKE, "Jake", "Winterbourne", "2014-01-15", "male", multiple_birth=2),
    person(LONE_TWIN, "Ella", "Copperfield", "2015-05-16", "female", "NE1 4ST", multiple_birth=1),
    person(FATHER, "Thaddeus", "Oakenshaw", "1985-04-02", "male", "CF10 1AA"),
    person(SON, "Thaddeus", "Oakenshaw", "2012-04-02", "male", "CF10 1AA"),
    person(ELDER, "Beatrix", "Larkspur", "2010-07-08", "female", "S1 2HE"),
    person(YOUNGER, "Imogen", "Larkspur", "2012-11-19", "female", "S1 2HE"),
    person(RENAMED, "Clementine", "Hollis", "2011-12-13", "female", "L1 8JQ", former_family="Vane"),
    person(NEWLY_NAMED, "Araminta", "Pemberton", "2012-08-09", "female", "L2 2DP", phone=PHONE),
    person(NEWBORN, "Juniper", "Ravenscroft", "2026-02-03", "female", "DN1 1AA"),
    person(PHILIPPA, "Philippa", "Wolstenholme", "2021-07-09", "female", "DN2 2BB"),
    person(BABY, "Baby", "Wolstenholme", "2026-03-01", "female", "DN2 2BB"),
    person(RYAN, "Ryan Lok Hin", "Yang", "2012-05-05", "male", "CR0 2AA"),
    person(ROBERT, "Robert", "Quillfeather", "2013-02-11", "male", "HU1 2AA"),
    person(NAMESAKE_A, "Oliver", "Smith", "2014-09-10", "male", "EX1 1AA"),
    person(NAMESAKE_B, "Oliver", "Smith", "2014-09-10", "male", "TR1 2QE"),
    person(OLD, "Rosalind", "Merryweather", "2011-01-22", "female", replaced_by=NEW),
    person(NEW, "Rosalind", "Merryweather", "2011-01-22", "female", "PL1 2AA"),
    person(WITHDRAWN, "Isolde", "Greenaway", "2013-03-30", withdrawn=True),
    person(GIRL_TWIN, "Daniela", "Marchbanks", "2016-06-06", "female", "IP1 1AA", multiple_birth=1),
    person(BOY_TWIN, "Daniel", "Marchbanks", "2016-06-06", "male", "IP1 1AA", multiple_birth=2),
]


def write(path: Path) -> Path:
    path.write_text("".join(json.dumps(p) + "\n" for p in PEOPLE), "utf-8")
    return path
