"""Each notice is delivered once: eight workers at it, and their connections killed as they go."""

import random
import threading
import time
from collections import Counter

import pytest

from tests.hub.notifications.conftest import subscribe
from tests.hub.sharing.known import HEALTH, SUI, numbers

WORKERS = 8


def race(region, events: int, chance: float, seed: int) -> Counter:
    """Deliver so many events with racing workers that are killed; how often each was told."""
    from django.db import connection
    from psycopg import connect

    from joinedup.hub.notifications import delivering
    from joinedup.hub.notifications.models import Notice, Outbox

    dice = random.Random(seed)
    Outbox.objects.bulk_create(
        Outbox(kind="involvement", sui=SUI, actor=region.trust.organisation, record_type=HEALTH)
        for _ in range(events)
    )
    expected = set(Outbox.objects.values_list("event", flat=True))
    stop, kills = threading.Event(), Counter()

    def work() -> None:
        while not stop.is_set():
            try:
                if not delivering.deliver_due(most=5):
                    time.sleep(0.01)
            except Exception:  # as a worker that was killed: it comes again
                kills["seen"] += 1
                connection.close()
        connection.close()

    def kill(url: str) -> None:
        with connect(url, autocommit=True) as link:
            while not stop.is_set():
                time.sleep(dice.random() * chance)
                link.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "AND query LIKE '%%notifications_%%' ORDER BY random() LIMIT 1"
                )

    from django.conf import settings

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    threads.append(threading.Thread(target=kill, args=(settings.DATABASE_URL,)))
    for each in threads:
        each.start()
    until = time.monotonic() + 240
    while time.monotonic() < until:
        try:
            if not Outbox.objects.exists():
                break
        except Exception:
            connection.close()
        time.sleep(0.05)
    stop.set()
    for each in threads:
        each.join()
    connection.close()
    left = Outbox.objects.count()
    assert not left, f"{left} of {events} are left, after {kills['seen']} kills"
    told = Counter(Notice.objects.values_list("event", flat=True))
    assert set(told) == expected
    assert kills["seen"] > 0
    return told


@pytest.fixture
def worker(people, region):
    from joinedup.hub.notifications import caseloads

    found = people["LA"]
    caseloads.replace(region.la.organisation, {found.person.subject: [SUI]})
    subscribe(found)
    return found


def test_eight_racing_workers_that_are_killed_tell_each_once(worker, region):
    told = race(region, events=60, chance=0.1, seed=1)
    assert set(told.values()) == {1}


@pytest.mark.slow
def test_the_same_with_many_more(worker, region):
    told = race(region, events=1_000, chance=0.2, seed=2)
    assert set(told.values()) == {1}


def test_an_event_that_comes_twice_is_told_once(worker, region, notices):
    """A20: the outbox replayed from a backup, say."""
    from joinedup.hub.notifications.models import Outbox

    event = {"kind": "involvement", "sui": SUI, "actor": region.trust.organisation}
    one = Outbox.objects.create(**event, record_type=HEALTH)
    one.refresh_from_db()
    assert notices(worker) == ["involvement"]
    Outbox.objects.create(**event, record_type=HEALTH, event=one.event)
    assert notices(worker) == ["involvement"]


def test_what_cannot_be_delivered_holds_up_nobody_else(worker, region, monkeypatch, notices):
    from joinedup.hub.notifications import delivering
    from joinedup.hub.notifications.models import Outbox

    (other,) = numbers(1, 999_005_000)
    for sui in (other, SUI):
        Outbox.objects.create(
            kind="involvement", sui=sui, actor=region.trust.organisation, record_type=HEALTH
        )
    real = delivering._notices

    def fail(row):
        if row.sui == other:
            raise RuntimeError("not now")
        return real(row)

    monkeypatch.setattr(delivering, "_notices", fail)
    with pytest.raises(delivering.NotDelivered):
        delivering.deliver_due()
    monkeypatch.undo()
    assert notices(worker) == ["involvement"]
    assert not Outbox.objects.exists()


def test_nothing_is_told_of_what_was_rolled_back(worker, region, notices):
    from django.db import transaction

    from joinedup.hub.discovery import searching
    from joinedup.hub.discovery.circle import Why

    why = Why("section-47", "public-task", "A referral.")
    with transaction.atomic():
        searching.begin(region.police.searcher, searching.Wanted(SUI), why)
        transaction.set_rollback(True)
    assert notices(worker) == []
