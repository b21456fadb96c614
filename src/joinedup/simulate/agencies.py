"""How each agency sees the children it knows, through its own mistakes."""

from collections.abc import Mapping, Set
from datetime import date, timedelta
from random import Random

from joinedup.simulate.agency_files import DATE_STYLES, GENDERS, Row
from joinedup.simulate.agency_names import NamesOnFile
from joinedup.simulate.numbers import UPN_LETTERS, upn
from joinedup.simulate.people import Home, Person
from joinedup.simulate.places import Map, Place
from joinedup.simulate.rates import Rates

_ID_LETTERS = {"childrens_services": "C", "schools": "S", "health": "H", "police": "N", "gp": "G"}


class Agency:
    """One agency's view of a block's children."""

    def __init__(
        self,
        name: str,
        rates: Rates,
        region: Map,
        seed: int,
        block: int,
        pds_postcodes: Mapping[str, tuple[str, frozenset[str]]],
    ) -> None:
        self.name = name
        self._rates = rates
        self._table = rates.table(name)
        self._mistakes = rates.mistakes[name]
        self._map = region
        self._block = block
        self._rng = Random(f"{seed} {name} {block}")  # noqa: S311 - invented people
        self._pds_postcodes = pds_postcodes
        self._serial = 0
        self._names = NamesOnFile(
            self._rng, self._mistakes, rates.as_at, keeps_baby_names=name != "schools"
        )

    # ------------------------------------------------------------------ who is known
    def rows(
        self, children: list[Person], before_adoption: list[Person], told: Set[str] = frozenset()
    ) -> list[Row]:
        """A row for each child known to the agency, and for some a second.

        ``told`` are the ids of people whom the agency must know for what happened to them.
        """
        rng = self._rng
        out: list[Row] = []
        families: dict[str, bool] = {}
        for child in children:
            if self._knows(child, families) or child.id in told:
                out.append(self._row(child, children))
                if rng.random() < self._table["duplicate"]:
                    again = self._row(child, children)
                    again.mistakes.append("duplicate")
                    out.append(again)
        for person in before_adoption:
            known = {
                "childrens_services": 1.0, "health": 0.6, "schools": 0.6, "police": 0.02, "gp": 0.6,
            }  # fmt: skip
            if self.name == "schools" and not person.upn:
                continue
            if rng.random() < known[self.name] or person.id in told:
                row = self._row(person, children)
                row.mistakes.append("before_adoption")
                out.append(row)
        return out

    def _knows(self, child: Person, families: dict[str, bool]) -> bool:
        rng, table = self._rng, self._table
        years = (self._rates.as_at - child.born).days / 365.25
        chance = table["known"]
        if self.name == "schools":
            if years < 2:
                return False
            if years < 4:
                chance = table["known_nursery"]
            elif years >= 17:
                chance = table["known_sixth_form"]
        elif self.name == "health" and years < 5:
            chance = table["known_under_5"]
        elif self.name == "police" and years < 10:
            chance = table["known_under_10"]
        elif self.name == "childrens_services":
            if child.unaccompanied or child.adopted_on:
                return True
            # Brothers and sisters are known together: 0.85 of them, so a family's chance is more.
            if child.family_id not in families:
                families[child.family_id] = rng.random() < chance / 0.85
            return families[child.family_id] and rng.random() < 0.85
        elif self.name == "gp":
            return self._registered(child, families)
        return rng.random() < chance

    def _registered(self, child: Person, families: dict[str, bool]) -> bool:
        """Whether a GP has the child: a family registers together, each child after some weeks."""
        rng, table = self._rng, self._table
        if child.never_registered:
            return False
        came = child.homes[-1].start if child.unaccompanied else child.born
        if (self._rates.as_at - came).days < rng.expovariate(1 / table["registers_after_days"]):
            return False
        if child.family_id not in families:
            chance = table["known" if child.homes else "known_no_address"]
            families[child.family_id] = rng.random() < chance
        return families[child.family_id]

    # ------------------------------------------------------------------ one row
    def _row(self, child: Person, others: list[Person]) -> Row:
        self._serial += 1
        row_id = f"{_ID_LETTERS[self.name]}{self._block:04d}{self._serial:05d}"
        kinds: list[str] = []
        given, family = self._names.of(child, kinds)
        home, place = self._address(child, kinds)
        values = {
            "id": row_id,
            "given": given,
            "family": family,
            "birth_date": self._birth_date(child, kinds),
            "gender": self._gender(child, kinds),
            "postcode": self._postcode(child, place, kinds),
            "upn": self._upn(child, kinds),
            "nhs_number": self._nhs_number(child, others, kinds),
            "email": child.email if self._happens_in_table("email_held") else "",
            "phone": self._phone(child, kinds),
            "address_history": self._history(child, home),
        }
        return Row(self.name, row_id, child, values, kinds, place.lines if place else ())

    def _happens(self, kind: str) -> bool:
        return self._rng.random() < self._mistakes[kind]

    def _happens_in_table(self, key: str) -> bool:
        return self._rng.random() < self._table[key]

    # ------------------------------------------------------------------ birth date and sex
    def _birth_date(self, child: Person, kinds: list[str]) -> str:
        rng, born = self._rng, child.born
        if self._happens("birth_missing"):
            kinds.append("birth_missing")
            return ""
        if child.siblings and self._happens("birth_of_sibling"):
            other = child.siblings[int(rng.random() * len(child.siblings))].born
            if other != born:
                kinds.append("birth_of_sibling")
                born = other
        if born.day <= 12 and born.day != born.month and self._happens("birth_day_month_swapped"):
            kinds.append("birth_day_month_swapped")
            born = born.replace(month=born.day, day=born.month)
        elif self._happens("birth_digit"):
            kinds.append("birth_digit")
            born = _digit_out(rng, born, self._rates.as_at)
        elif self._happens("birth_year_off"):
            kinds.append("birth_year_off")
            years = -1 if rng.random() < 0.5 or born.year >= self._rates.as_at.year - 1 else 1
            day = 28 if (born.month, born.day) == (2, 29) else born.day
            born = born.replace(year=born.year + years, day=day)
        elif self._happens("birth_placeholder"):
            kinds.append("birth_placeholder")
            born = date(1900, 1, 1) if rng.random() < 0.5 else date(born.year, 1, 1)
        return born.strftime(DATE_STYLES[self.name])

    def _gender(self, child: Person, kinds: list[str]) -> str:
        codes = GENDERS[self.name]
        if self._happens("sex_missing"):
            kinds.append("sex_missing")
            return codes[""]
        if self._happens("sex_wrong"):
            kinds.append("sex_wrong")
            return codes["female" if child.sex == "male" else "male"]
        return codes[child.sex]

    # ------------------------------------------------------------------ where
    def _address(self, child: Person, kinds: list[str]) -> tuple[Home | None, Place | None]:
        """The home on file: of when the agency last asked, or with a GP mostly the PDS's."""
        rng = self._rng
        home = self._home_in_pds(child) if self.name == "gp" else None
        if home is None:
            asked = self._rates.as_at - timedelta(
                days=int(rng.expovariate(1 / self._table["stale_years"]) * 365.25)
            )
            home = child.home_on(max(asked, child.born))
        if self._happens("postcode_other_home"):
            kinds.append("postcode_other_home")
            nth = int(rng.random() * 100)
            return home, self._map.home(rng, self._block, nth, 0.2)
        return home, home.place if home else None

    def _home_in_pds(self, child: Person) -> Home | None:
        """The home that the PDS has, where the agency keeps in step with it."""
        current, _ = self._pds_postcodes.get(child.id, ("", frozenset()))
        if not current or not self._happens_in_table("address_as_pds"):
            return None
        homes = reversed(child.homes)
        return next((one for one in homes if one.place and one.place.postcode == current), None)

    def _postcode(self, child: Person, place: Place | None, kinds: list[str]) -> str:
        rng = self._rng
        if place is None:
            kinds.append("no_address")
            return "ZZ99 3VZ" if rng.random() < 0.4 else ""
        if self._happens("postcode_missing"):
            kinds.append("postcode_missing")
            return ""
        postcode = place.postcode
        current, known = self._pds_postcodes.get(child.id, ("", frozenset()))
        if current and postcode != current and "postcode_other_home" not in kinds:
            kinds.append("postcode_old" if postcode in known else "postcode_newer")
        if self._happens("postcode_slip"):
            kinds.append("postcode_slip")
            return _postcode_slip(rng, postcode)
        if rng.random() < 0.12:
            return postcode.replace(" ", "")
        return postcode

    def _history(self, child: Person, home: Home | None) -> str:
        """``id~line~line~postcode`` between ``|``, oldest first, up to the home on file."""
        if self.name not in ("childrens_services", "gp") or home is None:
            return ""
        out: list[str] = []
        for at, lived in enumerate(child.homes, start=1):
            if lived.place is not None:
                lines = "~".join(line for line in lived.place.lines[:4] if line)
                out.append(f"{at}~{lines}~{lived.place.postcode}")
            if lived is home:
                break
        return "|".join(out)

    # ------------------------------------------------------------------ identifiers and contact
    def _upn(self, child: Person, kinds: list[str]) -> str:
        rng = self._rng
        if not child.upn or not self._happens_in_table("upn_held"):
            return ""
        if self._happens("upn_temporary"):
            kinds.append("upn_temporary")
            return upn(self._block, int(child.id[-3:]), child.born.year + 4, temporary=True)
        if self._happens("upn_wrong"):
            kinds.append("upn_wrong")
            if rng.random() < 0.5:
                return UPN_LETTERS[int(rng.random() * 23)] + child.upn[1:]
            return _traded_digits(rng, child.upn)
        return child.upn

    def _nhs_number(self, child: Person, others: list[Person], kinds: list[str]) -> str:
        rng = self._rng
        if not child.nhs_number or not self._happens_in_table("nhs_number_held"):
            return ""
        if self._happens("nhs_number_of_another"):
            pool = child.siblings or others
            other = pool[int(rng.random() * len(pool))]
            if other is not child and other.nhs_number:
                kinds.append("nhs_number_of_another")
                return other.nhs_number
        if self._happens("nhs_number_transposed"):
            kinds.append("nhs_number_transposed")
            return _traded_digits(rng, child.nhs_number)
        if child.superseded and self._happens("nhs_number_old"):
            kinds.append("nhs_number_old")
            return child.superseded
        return child.nhs_number

    def _phone(self, child: Person, kinds: list[str]) -> str:
        if not child.phone or not self._happens_in_table("phone_held"):
            return ""
        number = child.phone
        style = self._rng.random()
        if style < 0.3:
            return number.replace(" ", "")
        if style < 0.4:
            return "+44 " + number[1:]
        return number


def _digit_out(rng: Random, born: date, as_at: date) -> date:
    """One digit of a date wrong, the result still a date that can be."""
    text = born.isoformat()
    for _ in range(20):
        at = (3, 5, 6, 8, 9, 9, 6)[int(rng.random() * 7)]
        changed = text[:at] + str(int(rng.random() * 10)) + text[at + 1 :]
        try:
            other = date.fromisoformat(changed)
        except ValueError:
            continue
        if other != born and other <= as_at:
            return other
    return born - timedelta(days=1)


def _postcode_slip(rng: Random, postcode: str) -> str:
    chance = rng.random()
    if chance < 0.3 and "0" in postcode:
        return postcode.replace("0", "O", 1)
    if chance < 0.5 and "1" in postcode:
        return postcode.replace("1", "I", 1)
    head, tail = postcode[:-3], postcode[-3:]
    if chance < 0.75:
        return f"{head}{int(rng.random() * 10)}{tail[1:]}"
    if chance < 0.9:
        return f"{head}{tail[0]}{tail[2]}{tail[1]}"
    return postcode.strip()[:-1]


def _traded_digits(rng: Random, number: str) -> str:
    """Two neighbouring digits traded; different ones, so that the number is really another."""
    places = [i for i in range(1, len(number) - 1) if number[i] != number[i + 1]]
    if not places:
        return number
    at = places[int(rng.random() * len(places))]
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
