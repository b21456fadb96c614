"""A sweep of the population is stopped early; an ordinary day never is (reference 2.4, A16)."""

import random
import time
from datetime import date

import pytest

MOST = 50  # distinct children a sweep may have met before it is stopped


def valid(first: int, step: int = 1):
    """Valid NHS numbers of the test range from here on."""
    from joinedup.people.nhs_number import check_digit

    nine = first
    while True:
        digit = check_digit(f"{nine:09d}")
        if digit is not None:
            yield f"{nine:09d}{digit}"
        nine += step


def first(count: int, numbers):
    return [number for number, _ in zip(numbers, range(count), strict=False)]


def ordinary(count: int, seed: int = 1):
    """Numbers of a custodian's children, as the simulated region gives them out."""
    from joinedup.simulate.numbers import NumberPlan

    plan = NumberPlan(4, 50_000, seed)
    rng = random.Random(seed)
    return [plan.of(0, nth) for nth in rng.sample(range(plan.per_block), count)]


def shuffled(numbers):
    random.Random(7).shuffle(numbers)
    return numbers


SWEEPS = {
    "in order": lambda: first(10_000, valid(999_400_000)),
    "backwards": lambda: first(10_000, valid(999_400_000))[::-1],
    "in no order": lambda: shuffled(first(10_000, valid(999_400_000))),
    "every tenth": lambda: first(1_000, valid(999_400_000, 10)),
    "every third, in no order": lambda: shuffled(first(3_000, valid(999_400_000, 3))),
    "two at once": lambda: [
        each
        for pair in zip(
            first(5_000, valid(999_100_000)), first(5_000, valid(999_800_000)), strict=True
        )
        for each in pair
    ],
}


class TestSweeps:
    """The rule alone, without a database."""

    @pytest.mark.parametrize("kind", SWEEPS)
    def test_a_sweep_is_recognised_within_fifty(self, kind):
        from joinedup.hub.limits.sweeps import WINDOW, sweep

        asked = [int(number[:9]) for number in SWEEPS[kind]()]
        met = next(n for n in range(len(asked)) if sweep(asked[:n][-WINDOW:]))
        assert met <= MOST

    @pytest.mark.parametrize("moved", [0, 400_000_000, 999_999_990, 600_123])
    def test_it_does_not_matter_how_far_all_are_moved(self, moved):
        """Also around the end of the circle: the moved numbers are all that is kept."""
        from joinedup.hub.limits.sweeps import CIRCLE, sweep

        asked = [(int(each[:9]) + moved) % CIRCLE for each in first(40, valid(999_400_000))]
        assert sweep(asked)
        usual = [(int(each[:9]) + moved) % CIRCLE for each in ordinary(64)]
        assert not sweep(usual)

    @pytest.mark.parametrize("seed", [0, 6, 7])
    @pytest.mark.parametrize("in_order", [False, True])
    def test_a_list_of_thirty_thousand_children_is_no_sweep(self, seed, in_order):
        """Also in the order of its numbers, which lie denser in the test range than real ones."""
        from joinedup.hub.limits.sweeps import WINDOW, sweep

        asked = [int(each[:9]) for each in ordinary(30_000, seed)]
        asked = sorted(asked) if in_order else asked
        windows = [asked[at : at + WINDOW] for at in range(0, len(asked), WINDOW // 4)]
        assert not [found for found in map(sweep, windows) if found]


@pytest.fixture
def who(machine, organisation):
    from joinedup.hub.limits.enumeration import Who
    from tests.hub.organisations.people import member

    return {
        "client": Who(organisation, client=machine.client),
        "person": Who(organisation, person=member(organisation, "nurse").person),
    }


def asked_until_held(who, numbers):
    from joinedup.hub.limits.enumeration import Asked, Held, check

    for count, number in enumerate(numbers):
        try:
            check(who, Asked(number=number))
        except Held:
            return count
    return None


@pytest.mark.parametrize("asker", ["client", "person"])
@pytest.mark.parametrize("kind", ["in order", "in no order"])
def test_a_sweep_of_ten_thousand_is_stopped(who, asker, kind):
    from joinedup.hub.limits.enumeration import Asked, Held, check
    from joinedup.hub.limits.models import Hold

    assert asked_until_held(who[asker], SWEEPS[kind]()) <= MOST
    with pytest.raises(Held):
        check(who[asker], Asked(number="9990548609"))
    with pytest.raises(Held):
        check(who[asker])
    assert Hold.objects.get().rule == "sweep"
    # Nobody else is held by it.
    check(who["person" if asker == "client" else "client"], Asked(number="9990548609"))


def test_a_slow_sweep_over_fifty_accounts_and_days_is_stopped(organisation, monkeypatch):
    """A16: each account asks for a few; together the organisation walks through the numbers."""
    from datetime import timedelta

    from django.utils import timezone

    from joinedup.hub.limits.enumeration import Asked, Held, Who, check
    from tests.hub.organisations.people import member

    people = [Who(organisation, person=member(organisation, "nurse").person) for _ in range(50)]
    numbers = iter(SWEEPS["in order"]())
    today, hits = timezone.localdate(), 0
    usual = iter(ordinary(800))
    held = set()
    for day in range(7):
        now = today + timedelta(days=day)
        monkeypatch.setattr(timezone, "localdate", lambda now=now: now)
        for at, person in enumerate(people):
            if at in held:
                continue
            check(person, Asked(number=next(usual)))
            try:
                check(person, Asked(number=next(numbers)))
                hits += 1
            except Held:
                held.add(at)
    assert hits <= MOST
    assert len(held) == len(people)
    # A colleague who asks about the children they work with is not held by any of it.
    colleague = Who(organisation, person=member(organisation, "nurse").person)
    for _ in range(20):
        check(colleague, Asked(number=next(usual)))


def test_the_busiest_ordinary_day_of_a_person_is_not_stopped(who):
    """80 children, a quarter not found, some asked about again."""
    from joinedup.hub.limits.enumeration import Asked, check, missed

    for count, number in enumerate(ordinary(80)):
        child = Asked(number=number, name=f"CHILD {count % 60}", born=date(2012, 1, 1 + count % 28))
        check(who["person"], child)
        check(who["person"], child)
        if count % 4 == 0:
            missed(who["person"], child)


def test_too_many_children_for_a_day_is_too_many_in_any_order(who):
    from joinedup.hub.limits.enumeration import PERSON

    assert asked_until_held(who["person"], ordinary(PERSON.children + 20)) == PERSON.children


def test_guessing_numbers_is_stopped_by_its_misses(who):
    """Random numbers: most are nobody's. One in 25 is a hit."""
    from joinedup.hub.limits.enumeration import PERSON, Asked, Held, check, missed

    numbers, hits = ordinary(PERSON.misses * 2), 0

    def guess():
        nonlocal hits
        for count, number in enumerate(numbers):
            check(who["person"], Asked(number=number))
            if count % 25:
                missed(who["person"], Asked(number=number))
            else:
                hits += 1

    with pytest.raises(Held):
        guess()
    assert hits <= MOST


def test_a_search_for_a_birth_date_is_stopped(who):
    from datetime import timedelta

    from joinedup.hub.limits.enumeration import SAME_NAME_BIRTHS, Asked, Held, check, missed

    tried = []

    def try_all():
        for day in range(366):
            child = Asked(name="ROWAN | TESTERTON", born=date(2014, 1, 1) + timedelta(days=day))
            check(who["person"], child)
            tried.append(child)
            missed(who["person"], child)

    with pytest.raises(Held):
        try_all()
    assert len(tried) == SAME_NAME_BIRTHS


def test_a_nightly_list_of_pointers_is_not_stopped_and_a_walk_is(who):
    from joinedup.hub.limits.enumeration import Held, check_published

    night = ordinary(10_000)
    for _ in range(3):
        check_published(who["client"], night)
    check_published(who["client"], sorted(night))
    walk = SWEEPS["in order"]()
    for at in range(0, 20, 10):  # a few neighbours are nobody's business
        check_published(who["client"], walk[at : at + 10])
    with pytest.raises(Held):
        check_published(who["client"], walk[20:60])


def test_nothing_that_is_kept_can_be_read(who, machine):
    """Neither the number, nor an unkeyed hash of it, nor the same mark for two askers."""
    import hashlib

    from joinedup.hub.limits.enumeration import Asked, check
    from joinedup.hub.limits.models import Recent, Seen

    number = "9990548609"
    for asker in who.values():
        check(asker, Asked(number=number))
    marks = [bytes(seen.fingerprint) for seen in Seen.objects.all()]
    assert len(set(marks)) == 3  # the client, the person, their organisation once
    assert not {hashlib.sha256(number.encode()).digest()[:16]} & set(marks)
    for recent in Recent.objects.all():
        assert int(number[:9]) not in recent.moved


def test_counting_twice_at_once_counts_once(who):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from joinedup.hub.limits.enumeration import Asked, check
    from joinedup.hub.limits.models import Tally

    def ask(_):
        try:
            check(who["client"], Asked(number="9990548609"))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(8)))
    assert set(Tally.objects.values_list("count", flat=True)) == {1}


def test_it_is_cheap(who):
    """Less than 5 ms of this process's time for each new child, the window full."""
    from joinedup.hub.limits.enumeration import Asked, check

    numbers = ordinary(300)
    for number in numbers[:100]:
        check(who["client"], Asked(number=number))
    began = time.process_time()
    for number in numbers[100:]:
        check(who["client"], Asked(number=number))
    assert (time.process_time() - began) / 200 < 0.005


def test_the_api_answers_429_and_asks_nobody(ask, answers_with, who, machine):
    from tests.hub.sources import CHILD, FOUND

    source = answers_with(FOUND)
    asked_until_held(who["client"], SWEEPS["in order"]())
    answer = ask({"personSpecification": CHILD})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 80_000
    assert "information governance lead" in answer.json()["detail"]
    assert source.asked == []
