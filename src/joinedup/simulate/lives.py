"""What becomes of a child: names that change, adoption, protection, death."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from joinedup.simulate.names import GroupNames, name_groups, surname
from joinedup.simulate.numbers import phone, upn
from joinedup.simulate.people import FormerName, Home, Person, Role
from joinedup.simulate.places import Place, email_hosts
from joinedup.simulate.rates import Rates
from joinedup.simulate.variants import plain

_TO_SCHOOL = 4 * 365
_ADOPTERS_SCHOOLS = 4500  # a stretch of school numbers that no block's own school has


class Lives:
    """The events of one block's children.

    ``another_family`` draws a name group and ``another_home`` a place for it: where an adopted
    child came from. ``next_id`` gives a person's id.
    """

    def __init__(
        self,
        rng: Random,
        rates: Rates,
        block: int,
        another_family: Callable[[], GroupNames],
        another_home: Callable[[GroupNames], Place],
        next_id: Callable[[], str],
    ) -> None:
        self._rng = rng
        self._events = rates.table("events")
        self._as_at = rates.as_at
        self._block = block
        self._another_family = another_family
        self._another_home = another_home
        self._next_id = next_id

    def befall(self, child: Person, pupil: int) -> Person | None:
        """Change the child by what happens; an adopted child's earlier identity is returned.

        ``pupil`` numbers the child within the block.
        """
        rng, events = self._rng, self._events
        age_days = (self._as_at - child.born).days
        if rng.random() < events["very_restricted"]:
            child.security = "V"
        elif rng.random() < events["restricted"]:
            child.security = "R"
        if age_days > 3 * 365:
            child.upn = upn(self._block, pupil, child.born.year + 4)
        child.email = self._email(child)
        if age_days > 10 and rng.random() < events["dies"]:
            child.died = self._days_ago(rng.uniform(1, min(age_days - 1, 2000)))
        if age_days < rng.expovariate(1 / events["named_late_days"]):
            child.unnamed = True
            return None
        if child.unaccompanied:
            return None
        if age_days > 500 and not child.multiple and rng.random() < events["adopted"]:
            return self._adopt(child, pupil, age_days)
        if rng.random() < events["known_surname"]:
            child.known_family = plain(surname(rng, name_groups()[child.group]))
        if age_days > 200:
            if rng.random() < events["surname_changed"]:
                self._change_surname(child, age_days)
            elif rng.random() < events["given_changed"]:
                changed = self._days_ago(rng.uniform(30, age_days - 100))
                child.former = FormerName(child.given, child.family, child.born, changed)
                self._give_another_first_name(child)
        return None

    def _days_ago(self, days: float) -> date:
        return self._as_at - timedelta(days=int(days))

    def _email(self, child: Person) -> str:
        rng, hosts = self._rng, email_hosts()
        text = plain(f"{child.given[0]}.{child.family}").lower()
        local = "".join(letter for letter in text if letter.isalnum() or letter == ".")
        return f"{local}{int(rng.random() * 999)}@{hosts[int(rng.random() * len(hosts))]}"

    def _give_another_first_name(self, child: Person) -> None:
        fresh = name_groups()[child.group].given[child.sex].draw(self._rng)
        child.given = (plain(fresh), *child.given[1:])

    def _change_surname(self, child: Person, age_days: int) -> None:
        """To the other parent's, to both joined, or to a new partner's."""
        rng, group = self._rng, name_groups()[child.group]
        changed = self._days_ago(rng.uniform(20, age_days - 100))
        other = child.other_parent_family or surname(rng, group)
        chance = rng.random()
        if chance < 0.35 and "-" not in child.family + other:
            fresh = f"{child.family}-{other}"
        elif chance < 0.75:
            fresh = other
        else:
            fresh = surname(rng, group)
        fresh = plain(fresh)
        if fresh != child.family:
            child.former = FormerName(child.given, child.family, child.born, changed)
            child.family = fresh

    def _adopt(self, child: Person, pupil: int, age_days: int) -> Person:
        """The child was somebody else in law: another name, another number, other homes."""
        rng, events = self._rng, self._events
        adopted = self._days_ago(rng.uniform(30, age_days - 300))
        group = self._another_family()
        at_school = (adopted - child.born).days > _TO_SCHOOL
        before = Person(
            id=self._next_id(),
            role=Role.BEFORE_ADOPTION,
            family_id=f"B{child.id[1:]}",
            group=group.key,
            sex=child.sex,
            born=child.born,
            given=child.given,
            family=plain(surname(rng, group)),
            homes=[Home(child.born, adopted, self._another_home(group))],
            gp=child.gp,
            phone=phone(rng),
            upn=child.upn if at_school else "",
            never_join=child.id,
            adopted_on=adopted,
        )
        if child.upn:
            # DfE's guide to UPNs: an adopted child gets a new one too.
            child.upn = upn(self._block + _ADOPTERS_SCHOOLS, pupil, child.born.year + 4)
        if rng.random() < events["adopted_given_changed"]:
            self._give_another_first_name(child)
        child.never_join, child.adopted_on = before.id, adopted
        child.homes = [
            Home(max(home.start, adopted), home.end, home.place)
            for home in child.homes
            if home.end is None or home.end > adopted
        ]
        if rng.random() < events["restricted_adopted"]:
            child.security = "R"
        return before
