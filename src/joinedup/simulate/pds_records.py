"""What the Personal Demographics Service holds of each person, its own mistakes included."""

import hashlib
from datetime import date, timedelta
from random import Random
from typing import Any

from joinedup.simulate import variants
from joinedup.simulate.people import Home, Person, Role
from joinedup.simulate.places import NO_FIXED_ABODE
from joinedup.simulate.rates import Rates

_MONTH = 365.25 / 12
_SECURITY = {"U": "unrestricted", "R": "restricted", "V": "very restricted"}
_VERIFICATION = "Extension-UKCore-NHSNumberVerificationStatus"


def _identifier(number: str) -> list[dict[str, Any]]:
    status = {
        "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
        "version": "1.0.0",
        "code": "01",
        "display": "Number present and verified",
    }
    return [
        {
            "extension": [
                {
                    "url": f"https://fhir.hl7.org.uk/StructureDefinition/{_VERIFICATION}",
                    "valueCodeableConcept": {"coding": [status]},
                }
            ],
            "system": "https://fhir.nhs.uk/Id/nhs-number",
            "value": number,
        }
    ]


def _meta(security: str, version: int) -> dict[str, Any]:
    return {
        "versionId": str(version),
        "security": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                "code": security,
                "display": _SECURITY[security],
            }
        ],
    }


def _part_id(number: str, part: str) -> str:
    """A short stable id of a name or an address, as PDS gives each."""
    return hashlib.sha256(f"{number}{part}".encode()).hexdigest()[:8].upper()


def _period(start: date, end: date | None = None) -> dict[str, str]:
    out = {"start": start.isoformat()}
    if end is not None:
        out["end"] = end.isoformat()
    return out


class PdsRecords:
    """Makes the FHIR Patients of one block.

    ``patients(person)`` gives the resources to write, none for a person the PDS has not got, and
    ``mistakes`` collects what it has wrong, by person id. ``postcodes`` keeps the current postcode
    and all the postcodes that the PDS has of a person.
    """

    def __init__(self, rates: Rates, seed: int, block: int) -> None:
        self._rates = rates
        self._rng = Random(f"{seed} pds {block}")  # noqa: S311 - invented people
        self._lags: dict[tuple[str, date], float] = {}
        self.mistakes: dict[str, list[str]] = {}
        self.postcodes: dict[str, tuple[str, frozenset[str]]] = {}

    def patients(self, person: Person) -> list[dict[str, Any]]:
        if not person.nhs_number:
            return []
        if person.role is Role.BEFORE_ADOPTION:
            # An adoption ends the number, and nothing leads from it to the new one.
            gone = {
                "resourceType": "Patient", "id": person.nhs_number, "active": False,
                "identifier": _identifier(person.nhs_number), "meta": _meta("U", 9),
            }  # fmt: skip
            return [gone]
        out = [self._patient(person)]
        if person.superseded:
            out.append(
                {
                    "resourceType": "Patient", "id": person.superseded, "active": False,
                    "identifier": _identifier(person.superseded), "meta": _meta("U", 4),
                    "link": [
                        {
                            "other": {"reference": f"Patient/{person.nhs_number}"},
                            "type": "replaced-by",
                        }
                    ],
                }
            )  # fmt: skip
        return out

    def _patient(self, person: Person) -> dict[str, Any]:
        rng, pds, number = self._rng, self._rates.table("pds"), person.nhs_number
        wrong: list[str] = []
        patient: dict[str, Any] = {
            "resourceType": "Patient",
            "id": number,
            "identifier": _identifier(number),
            "meta": _meta(person.security, 1 + int(rng.random() * 6)),
            "name": self._names(person, wrong),
            "gender": person.sex,
            "birthDate": self._birth_date(person, wrong),
        }
        if rng.random() < pds["sex_wrong"]:
            patient["gender"] = "female" if person.sex == "male" else "male"
            wrong.append("sex_wrong")
        elif rng.random() < pds["sex_unknown"]:
            patient["gender"] = "unknown"
            wrong.append("sex_unknown")
        if person.multiple and rng.random() < pds["multiple_birth_recorded"]:
            patient["multipleBirthInteger"] = person.multiple
        if person.died:
            patient["deceasedDateTime"] = f"{person.died.isoformat()}T00:00:00+00:00"
        if addresses := self._addresses(person, wrong):
            patient["address"] = addresses
        if telecom := self._telecom(person):
            patient["telecom"] = telecom
        since = max(person.born, person.homes[-1].start if person.homes else person.born)
        patient["generalPractitioner"] = [
            {
                "id": _part_id(number, "gp"),
                "type": "Organization",
                "identifier": {
                    "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                    "value": person.gp,
                    "period": _period(since),
                },
            }
        ]
        if wrong:
            self.mistakes[person.id] = wrong
        return patient

    # ------------------------------------------------------------------ parts
    def _names(self, person: Person, wrong: list[str]) -> list[dict[str, Any]]:
        rng, pds, number = self._rng, self._rates.table("pds"), person.nhs_number
        given, family, former = list(person.given), person.family, person.former
        since = former.end if former else person.born
        if former and rng.random() < pds["name_change_unknown"]:
            given, family, since = list(former.given), former.family, former.start
            former = None
            wrong.append("name_change_unknown")
        young = (self._rates.as_at - person.born).days < 730
        if person.unnamed or (young and rng.random() < pds["still_baby"]):
            given = ["Baby"]
            if not person.unnamed:
                wrong.append("still_baby")
        if len(given) > 1 and rng.random() < pds["middle_names_missing"]:
            given = given[:1]
            wrong.append("middle_names_missing")
        named = given != ["Baby"]
        if named and rng.random() < pds["given_wrong"]:
            slipped = self._slip(given[0])
            if slipped != given[0]:
                given[0] = slipped
                wrong.append("given_wrong")
        if rng.random() < pds["family_wrong"]:
            slipped = self._slip(family)
            if slipped != family:
                family = slipped
                wrong.append("family_wrong")
        if named and rng.random() < pds["names_swapped"]:
            given, family = [family], " ".join(given)
            wrong.append("names_swapped")
        names: list[dict[str, Any]] = [
            {
                "id": _part_id(number, "name"),
                "use": "usual",
                "period": _period(since),
                "given": [part[:35] for part in given[:5]],
                "family": family[:35],
            }
        ]
        if former and rng.random() < pds["old_name_kept"]:
            names.append(
                {
                    "id": _part_id(number, "old name"),
                    "use": "old",
                    "period": _period(former.start, former.end),
                    "given": [part[:35] for part in former.given[:5]],
                    "family": former.family[:35],
                }
            )
        return names

    def _slip(self, name: str) -> str:
        chance = self._rng.random()
        if chance < 0.4:
            return variants.keyboard_slip(self._rng, name)
        if chance < 0.75:
            return variants.sound_slip(self._rng, name)
        other = variants.other_spelling(self._rng, name, heard=True)
        return other or variants.scanner_slip(self._rng, name)

    def _birth_date(self, person: Person, wrong: list[str]) -> str:
        rng, pds, born = self._rng, self._rates.table("pds"), person.born
        if rng.random() < pds["birth_date_wrong"]:
            other = born
            chance = rng.random()
            if chance < 0.4 and born.day <= 12 and born.day != born.month:
                other = born.replace(month=born.day, day=born.month)
            elif chance < 0.7:
                other = born - timedelta(days=int(rng.choice((1, 2, 9, 10, 30))))
            else:
                other = born - timedelta(days=366)
            if other > self._rates.as_at:
                other = born - timedelta(days=1)
            wrong.append("birth_date_wrong")
            return other.isoformat()
        if rng.random() < pds["birth_date_partial"]:
            wrong.append("birth_date_partial")
            return born.isoformat()[: 7 if rng.random() < 0.5 else 4]
        return born.isoformat()

    def _lag_days(self, person: Person, home: Home) -> float:
        """How late the PDS hears of a move; brothers and sisters are re-registered together."""
        key = (person.family_id, home.start)
        if key not in self._lags:
            at, before, from_share = self._rng.random(), 0.0, 0.0
            lag = 0.0
            for share, months in self._rates.address_lag:
                if at <= share:
                    lag = before + (months - before) * (at - from_share) / (share - from_share)
                    break
                before, from_share = months, share
            self._lags[key] = lag * _MONTH
        return self._lags[key]

    def _addresses(self, person: Person, wrong: list[str]) -> list[dict[str, Any]]:
        rng, pds, number = self._rng, self._rates.table("pds"), person.nhs_number
        if not person.homes:
            self.postcodes[person.id] = ("", frozenset())
            if rng.random() < 0.5:
                return []
            return [
                {
                    "id": _part_id(number, "address"),
                    "use": "home",
                    "period": _period(person.born),
                    "line": ["No fixed abode"],
                    "postalCode": NO_FIXED_ABODE,
                }
            ]
        as_at = self._rates.as_at
        known: list[Home] = []
        for at, home in enumerate(person.homes):
            if at == 0 or (as_at - home.start).days >= self._lag_days(person, home):
                known.append(home)
        if known[-1] is not person.homes[-1]:
            wrong.append("address_behind")
        if rng.random() < pds["postcode_absent"]:
            wrong.append("postcode_absent")
            self.postcodes[person.id] = ("", frozenset())
            return []
        out: list[dict[str, Any]] = []
        for at, home in enumerate(known):
            if home.place is None:
                continue
            ended = known[at + 1].start if at + 1 < len(known) else None
            out.append(
                {
                    "id": _part_id(number, f"address {at}"),
                    "use": "home",
                    "period": _period(home.start, ended),
                    "line": [line for line in home.place.lines if line],
                    "postalCode": home.place.postcode,
                }
            )
        out.reverse()  # the current one first
        self.postcodes[person.id] = (
            out[0]["postalCode"],
            frozenset(address["postalCode"] for address in out),
        )
        return out

    def _telecom(self, person: Person) -> list[dict[str, Any]]:
        rng, pds, number = self._rng, self._rates.table("pds"), person.nhs_number
        out: list[dict[str, Any]] = []
        if person.phone and rng.random() < pds["phone_held"]:
            out.append(
                {
                    "id": _part_id(number, "phone"),
                    "system": "phone",
                    "value": person.phone.replace(" ", ""),
                    "use": "mobile" if person.phone.startswith("07") else "home",
                    "period": _period(person.born),
                }
            )
        if person.email and rng.random() < pds["email_held"]:
            out.append(
                {
                    "id": _part_id(number, "email"),
                    "system": "email",
                    "value": person.email,
                    "use": "home",
                    "period": _period(person.born),
                }
            )
        return out
