"""Children's services' work with a child: referral to closure, in the CIN census' codes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import Life, Lives, after, between, pick
from joinedup.simulate.people import Person
from joinedup.simulate.rates import Rates

POLICE = "6"  # the census' code of a referral that the police made
_SOURCES = ("1A", "2A", "2B", "3A", "3C", "3E", "3F", "4", "5A", "5A", "10")
_NEEDS = ("N1", "N1", "N1", "N1", "N1", "N2", "N3", "N4", "N5", "N5", "N6", "N8")
_FACTORS = (
    "3B", "3B", "3A", "4B", "4B", "4A", "1B", "2B", "16A", "17A", "18C", "5A", "6A", "14A", "24A",
)  # fmt: skip
_CLOSED = ("RC7", "RC7", "RC7", "RC5", "RC3")
_ABUSE = ("NEG", "NEG", "NEG", "EMO", "EMO", "PHY", "SAB", "MUL")
# Working Together to Safeguard Children: 45 working days for an assessment, 15 to a conference.
_ASSESSMENT_DAYS = 63
_CONFERENCE_DAYS = 21
_FIRST_PLAN_DAYS = 60  # a plan needs an enquiry and a conference before it


@dataclass(slots=True)
class Assessment:
    start: date
    authorised: date | None
    factors: tuple[str, ...]


@dataclass(slots=True)
class Enquiry:
    """An enquiry under section 47; ``conference`` is empty when none was needed."""

    start: date
    target: date
    conference: date | None


@dataclass(slots=True)
class ProtectionPlan:
    start: date
    end: date | None
    abuse: str
    earlier: int
    reviews: list[date]


@dataclass(slots=True)
class Episode:
    """One referral and all that came of it."""

    referred: date
    source: str
    need: str
    closed: date | None
    reason: str
    no_further_action: bool
    assessments: list[Assessment] = field(default_factory=list)
    plans: list[tuple[date, date | None]] = field(default_factory=list)
    enquiries: list[Enquiry] = field(default_factory=list)
    protection: list[ProtectionPlan] = field(default_factory=list)


class Caseload:
    """What children's services did with the children of a block, by row and by person.

    The police and health tell of some of it too, so it is made once, before their rows.
    """

    def __init__(self, rates: Rates, seed: int, lives: Lives, rows: Iterable[Row]) -> None:
        care = _SocialCare(rates, seed, lives)
        self._by_row: dict[str, list[Episode]] = {}
        self._by_person: dict[str, list[Episode]] = defaultdict(list)
        for row in rows:
            episodes = self._by_row[row.id] = care.of(row)
            self._by_person[row.person.id] += episodes

    def of(self, row: Row) -> list[Episode]:
        """The episodes of a row, oldest first: at least one."""
        return self._by_row[row.id]

    def plans(self, person: Person) -> list[ProtectionPlan]:
        """The child protection plans of a person."""
        return [plan for one in self._by_person.get(person.id, ()) for plan in one.protection]

    def referred_by_police(self) -> dict[str, list[date]]:
        """On which days the police referred whom, by id of the person."""
        days: dict[str, list[date]] = {}
        for person, episodes in self._by_person.items():
            told = [one.referred for one in episodes if one.source == POLICE]
            if told:
                days[person] = told
        return days


class _SocialCare:
    """Makes the episodes behind the rows of children's services."""

    def __init__(self, rates: Rates, seed: int, lives: Lives) -> None:
        self._rates = rates.happenings["childrens_services"]
        self._seed = seed
        self._lives = lives

    def of(self, row: Row) -> list[Episode]:
        """The episodes of a row, oldest first: at least one, for why else is the child on file."""
        rng = Random(f"{self._seed} care {row.id}")  # noqa: S311 - invented people
        life = self._lives.of(row.person)
        if "duplicate" in row.mistakes:
            # The second record was made for a call that came to nothing.
            day = between(rng, life.since, life.until)
            return [self._nothing_done(rng, day, life)]
        if life.care:
            return [self._looked_after(rng, life)]
        if not row.person.died and rng.random() < self._rates["open"]:
            now = self._open(rng, life)
        else:
            start = between(rng, life.since, life.until - timedelta(days=90))
            now = self._episode(rng, start, life.until, closes=True)
        start = now.referred
        if rng.random() < self._rates["referred_again"] and (start - life.since).days > 120:
            earlier = between(rng, life.since, start - timedelta(days=100))
            return [self._episode(rng, earlier, start - timedelta(days=10), closes=True), now]
        return [now]

    def _open(self, rng: Random, life: Life) -> Episode:
        """A case of today, for some with a child protection plan that runs."""
        days = (life.until - life.since).days
        if days > _FIRST_PLAN_DAYS and rng.random() < self._rates["on_plan"]:
            return self._protected(rng, life)
        start = max(life.since, life.until - timedelta(days=int(rng.expovariate(1 / 300)) + 1))
        return self._episode(rng, start, life.until, closes=False)

    def _protected(self, rng: Random, life: Life) -> Episode:
        """An open case whose plan began some time ago: how long ago falls off evenly."""
        room = (life.until - life.since).days - _FIRST_PLAN_DAYS
        since = int(rng.expovariate(1 / self._rates["plan_days"]))
        held = life.until - timedelta(days=since if since < room else int(rng.random() * room))
        begun = held - timedelta(days=8 + int(rng.random() * 17))
        start = max(life.since, begun - timedelta(days=int(rng.random() * 60)))
        out = Episode(start, self._source(rng), pick(rng, _NEEDS), None, "", False)
        self._assess(rng, out, start, life.until)
        target = begun + timedelta(days=_CONFERENCE_DAYS)
        out.enquiries.append(Enquiry(begun, target, held))
        out.protection.append(self._plan(rng, held, None, life.until))
        return out

    def _source(self, rng: Random) -> str:
        if rng.random() < self._rates["referred_by_police"]:
            return POLICE
        return pick(rng, _SOURCES)

    def _nothing_done(self, rng: Random, day: date, life: Life) -> Episode:
        closed = min(after(rng, day, 0, 3), life.until)
        return Episode(day, self._source(rng), "N0", closed, "RC8", no_further_action=True)

    def _episode(self, rng: Random, start: date, until: date, *, closes: bool) -> Episode:
        """A referral and what followed, all of it by ``until``."""
        rates = self._rates
        source, need = self._source(rng), pick(rng, _NEEDS)
        if closes and rng.random() < rates["no_further_action"]:
            return Episode(start, source, "N0", min(after(rng, start, 0, 3), until), "RC8", True)
        out = Episode(start, source, need, None, "", False)
        assessed = self._assess(rng, out, start, until)
        if closes and assessed and rng.random() < rates["closed_after_assessment"]:
            out.closed, out.reason = assessed, "RC9" if rng.random() < 0.3 else "RC8"
            return out
        if closes:
            soonest = min(start + timedelta(days=70), until)
            out.closed = between(rng, soonest, min(start + timedelta(days=500), until))
            out.reason = pick(rng, _CLOSED)
        last = out.closed or until
        if rng.random() < rates["section_47"]:
            self._enquire(rng, out, start, last)
        if not out.protection and assessed and rng.random() < rates["in_need_plan"]:
            begun = min(after(rng, assessed, 0, 14), last)
            out.plans.append((begun, out.closed))
        return out

    def _assess(self, rng: Random, out: Episode, start: date, until: date) -> date | None:
        begun = min(after(rng, start, 0, 2), until)
        done: date | None = after(rng, begun, 12, _ASSESSMENT_DAYS)
        if done and done > until:
            done = None
        # Factors are known when the assessment is done.
        factors = sorted({pick(rng, _FACTORS) for _ in range(1 + int(rng.random() * 3))})
        out.assessments.append(Assessment(begun, done, tuple(factors) if done else ()))
        return done

    def _enquire(self, rng: Random, out: Episode, start: date, last: date) -> None:
        rates = self._rates
        begun = between(rng, start, min(start + timedelta(days=30), last))
        target = begun + timedelta(days=_CONFERENCE_DAYS)
        held: date | None = None
        if rng.random() < rates["conference"]:
            held = after(rng, begun, 8, 24)
            if held > last:
                held = None
        out.enquiries.append(Enquiry(begun, target, held))
        if held is None or rng.random() >= rates["protection_plan"]:
            return
        # A plan that ran today would be one of an open case, and those have theirs.
        end = min(after(rng, held, 90, 500), last - timedelta(days=1))
        if end > held:
            out.protection.append(self._plan(rng, held, end, end))

    def _plan(self, rng: Random, start: date, end: date | None, until: date) -> ProtectionPlan:
        reviews, review = [], start + timedelta(days=80)
        while review < until:
            reviews.append(review)
            review += timedelta(days=175)
        again = rng.random() < self._rates["earlier_plan"]
        earlier = 1 + int(rng.random() * 2) if again else 0
        return ProtectionPlan(start, end, pick(rng, _ABUSE), earlier, reviews)

    def _looked_after(self, rng: Random, life: Life) -> Episode:
        """The case of a child in care: open as long as care lasts."""
        care = life.care
        start = max(life.since, care[0].start - timedelta(days=int(rng.random() * 120)))
        out = Episode(start, self._source(rng), care[0].need, None, "", False)
        end = care[-1].end
        self._assess(rng, out, start, end or life.until)
        if end is not None:
            adopted = care[-1].ceased in ("E11", "E12")
            died = care[-1].ceased == "E2"
            out.closed, out.reason = end, "RC1" if adopted else "RC2" if died else "RC7"
        return out
