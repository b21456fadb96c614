"""What a health service did for a child, and what it was told: immunisations to flags."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import between, pick
from joinedup.simulate.formats.form import Setting

_REASONS = ("Fever", "Injury", "Breathing", "Abdominal pain", "Head injury", "Rash", "Self-harm")
_SERVICES = ("Community paediatrics", "Paediatrics", "CAMHS", "Audiology", "Speech and language",
             "Ophthalmology", "Health visiting")  # fmt: skip
# (age in days when due, days late at most, rate, vaccine, dose, SNOMED CT codes of the diseases)
# UK Health Security Agency, Routine childhood immunisation schedule, simplified.
_SIX = ("397430003", "76902006", "27836007", "398102009", "709410003", "66071002")
_MMR = ("14189004", "36989005", "36653000")
_SCHEDULE: tuple[tuple[int, int, str, str, int, tuple[str, ...]], ...] = (
    (56, 30, "immunised_infant", "6-in-1", 1, _SIX),
    (84, 30, "immunised_infant", "6-in-1", 2, _SIX),
    (112, 40, "immunised_infant", "6-in-1", 3, _SIX),
    (366, 90, "immunised_toddler", "MMR", 1, _MMR),
    (1220, 160, "immunised_preschool", "MMR", 2, _MMR),
    (4600, 300, "immunised_teenage", "HPV", 1, ("240532009",)),
    (4960, 300, "immunised_teenage", "Td/IPV", 1, ("397430003", "76902006", "398102009")),
)


@dataclass(frozen=True, slots=True)
class Immunisation:
    day: date
    vaccine: str
    dose: int
    diseases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Emergency:
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Appointment:
    start: datetime
    end: datetime
    status: str  # of FHIR: fulfilled, noshow, cancelled, booked
    service: str


@dataclass(frozen=True, slots=True)
class Flag:
    """What the authority told the health service of the child, as CP-IS does."""

    start: date
    end: date | None
    text: str


@dataclass(frozen=True, slots=True)
class HealthCare:
    immunisations: list[Immunisation]
    emergencies: list[Emergency]
    appointments: list[Appointment]
    flags: list[Flag]


class HealthService:
    """Makes the care behind the rows of health."""

    def __init__(self, setting: Setting) -> None:
        self._rates = setting.rates.happenings["health"]
        self._as_at = setting.rates.as_at
        self._seed = setting.seed
        self._lives = setting.lives
        self._caseload = setting.caseload

    def of(self, row: Row) -> HealthCare:
        """The care of a row; the second row of a child has what came to it by mistake: little."""
        rng = Random(f"{self._seed} health {row.id}")  # noqa: S311 - invented people
        life, person = self._lives.of(row.person), row.person
        since, until = life.since, life.until
        if "duplicate" in row.mistakes:
            return HealthCare([], [self._emergency(rng, between(rng, since, until))], [], [])
        emergencies = [
            self._emergency(rng, day)
            for day in self._days(rng, since, until, self._emergency_rate(row))
        ]
        appointments = [
            self._appointment(rng, day)
            for day in self._days(rng, since, until, self._rates["appointments"])
        ]
        ahead = until == self._as_at and rng.random() < self._rates["appointment_ahead"]
        if ahead:
            day = until + timedelta(days=1 + int(rng.random() * 90))
            appointments.append(self._booked(rng, day, "booked"))
        return HealthCare(
            self._immunised(rng, person.born, since, until), emergencies, appointments,
            self._flags(row),
        )  # fmt: skip

    def _flags(self, row: Row) -> list[Flag]:
        """Child Protection - Information Sharing goes by the NHS number: without one, no flag."""
        if not row.values["nhs_number"]:
            return []
        care, plans = self._lives.of(row.person).care, self._caseload.plans(row.person)
        flags = [Flag(plan.start, plan.end, "Child protection plan") for plan in plans]
        if care:
            flags.append(Flag(care[0].start, care[-1].end, "Looked after child"))
        return flags

    def _emergency_rate(self, row: Row) -> float:
        young = (self._as_at - row.person.born).days < 5 * 365
        return self._rates["emergency_under_5"] if young else self._rates["emergency_from_5"]

    def _days(self, rng: Random, since: date, until: date, a_year: float) -> list[date]:
        """Days of something that comes ``a_year`` times a year, at any time."""
        out: list[date] = []
        days = rng.expovariate(a_year / 365.25)
        while days < (until - since).days:
            out.append(since + timedelta(days=int(days)))
            days += rng.expovariate(a_year / 365.25)
        return out

    def _emergency(self, rng: Random, day: date) -> Emergency:
        start = _at(rng, day, 0, 23)
        return Emergency(
            start, start + timedelta(minutes=40 + int(rng.random() * 400)), pick(rng, _REASONS)
        )

    def _appointment(self, rng: Random, day: date) -> Appointment:
        chance, missed = rng.random(), self._rates["appointment_missed"]
        status = "fulfilled"
        if chance < missed:
            status = "noshow"
        elif chance < missed + self._rates["appointment_cancelled"]:
            status = "cancelled"
        return self._booked(rng, day, status)

    def _booked(self, rng: Random, day: date, status: str) -> Appointment:
        start = _at(rng, day, 9, 17)
        end = start + timedelta(minutes=20 if rng.random() < 0.7 else 40)
        return Appointment(start, end, status, pick(rng, _SERVICES))

    def _immunised(self, rng: Random, born: date, since: date, until: date) -> list[Immunisation]:
        out = []
        # A family that misses one misses others: one draw a child, not one a dose.
        luck = rng.random()
        for due, late, rate, vaccine, dose, diseases in _SCHEDULE:
            day = born + timedelta(days=due + int(rng.random() ** 2 * late))
            if since <= day <= until and luck < self._rates[rate]:
                out.append(Immunisation(day, vaccine, dose, diseases))
        return out


def _at(rng: Random, day: date, first_hour: int, last_hour: int) -> datetime:
    hour = first_hour + int(rng.random() * (last_hour - first_hour + 1))
    return datetime(day.year, day.month, day.day, hour, 5 * int(rng.random() * 12))  # noqa: DTZ001
