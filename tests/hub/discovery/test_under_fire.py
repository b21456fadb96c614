"""Eight pollers on one inbox, that die, repeat themselves and come late, by clocks that jump."""

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

POLLERS = 8


def fill(region, at, count):
    """Searches with one work item each, for the school."""
    from django.utils import timezone

    from joinedup.hub.discovery.models import Search, WorkItem

    now = timezone.now()
    searches = [
        Search(
            organisation=region.la.organisation, client=region.la.machine.client, sui=sui,
            purpose=at.PURPOSE, legal_basis=at.BASIS, reason="r", record_types=[at.EDUCATION],
            created_at=now, expires_at=now + timedelta(days=3), correlation_id=uuid.uuid4(),
        )
        for sui in itertools.islice(at.numbers(300_000), count)
    ]  # fmt: skip
    Search.objects.bulk_create(searches, batch_size=1_000)
    WorkItem.objects.bulk_create(
        (
            WorkItem(
                kind="find", search=search, custodian=region.school.organisation,
                record_type=at.EDUCATION, expires_at=search.expires_at, visible_at=now,
            )
            for search in searches
        ),
        batch_size=1_000,
    )  # fmt: skip


class Fire:
    """What the pollers share: a clock that jumps, results that are still on their way."""

    def __init__(self, region, at, seed):
        from django.utils import timezone

        self.custodian, self.at, self.chance = region.school.organisation, at, random.Random(seed)
        self.lock = threading.Lock()
        self.shift = timedelta()
        self.delayed = []
        self.accepted = Counter()
        self.refused = Counter()
        self.claims = Counter()
        self.timezone = timezone

    def now(self):
        jump = timedelta(seconds=self.chance.choice([-40, -1, 0, 0, 0, 2, 30]))
        return self.timezone.now() + self.shift + jump

    def answer(self, result):
        from joinedup.hub.discovery import answering
        from joinedup.hub.discovery.claiming import TooLate

        try:
            answering.answer(self.custodian, result, self.now())
        except TooLate as late:
            with self.lock:
                self.refused[late.why] += 1
            return
        if result.outcome != "temporaryError":
            with self.lock:
                self.accepted[result.item_id] += 1

    def poll(self, deadline):
        from django.db import connection

        from joinedup.hub.discovery import claiming
        from joinedup.hub.discovery.answering import Found, Result
        from joinedup.hub.discovery.models import Outcome

        chance, idle = random.Random(self.chance.random()), 0
        while idle < 3:
            assert time.monotonic() < deadline, "the pollers do not come to an end"
            got = claiming.claim(self.custodian, now=self.now())
            if got is None:
                idle += 1
                with self.lock:
                    waiting, self.delayed = self.delayed, []
                    self.shift += timedelta(minutes=16)  # leases and retries come round again
                chance.shuffle(waiting)
                for result in waiting:
                    self.answer(result)
                continue
            idle = 0
            with self.lock:
                self.claims[got.item.id] += 1
            found = [Found("main", self.at.EDUCATION, f"{got.sui}-{n}") for n in range(2)]
            result = Result(got.item.id, got.lease_token, Outcome.HAS_RECORDS, found)
            fate = chance.random()
            if fate < 0.15:
                continue  # killed: nobody will ever hear of this claim
            if fate < 0.25:
                with self.lock:
                    self.delayed.append(result)  # late, and in another order
            elif fate < 0.30:
                self.answer(Result(got.item.id, got.lease_token, Outcome.TEMPORARY_ERROR))
            else:
                self.answer(result)
                if fate < 0.45:
                    self.answer(result)  # sent twice
        connection.close()


def rounds(region, count, seed, seconds):
    from django.db.models import Count

    from joinedup.hub.discovery.models import FoundRecord, WorkItem
    from tests.hub.discovery import region as at

    fill(region, at, count)
    fire = Fire(region, at, seed)
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(POLLERS) as pool:
        for done in [pool.submit(fire.poll, deadline) for _ in range(POLLERS)]:
            done.result()
    items = WorkItem.objects.all()
    assert items.filter(answered_at=None).count() == 0, "none is lost"
    assert items.filter(outcome="hasRecords").count() == count
    assert set(fire.accepted.values()) == {1}
    assert len(fire.accepted) == count, "each is done once"
    per_item = FoundRecord.objects.values("work_item").annotate(n=Count("id"))
    assert {row["n"] for row in per_item} == {2}
    assert len(per_item) == count
    wrong = FoundRecord.objects.exclude(record_id__startswith="999").count()
    assert wrong == 0
    # Nothing of this is a test unless it happened.
    assert sum(fire.claims.values()) > count * 1.15
    assert {"already-complete", "lease-lost"} <= set(fire.refused)


def test_five_hundred_items_under_fire(region):
    rounds(region, 500, seed=1, seconds=120)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_ten_thousand_items_under_fire(region):
    rounds(region, 10_000, seed=2, seconds=1_700)


def test_content_is_delivered_to_one_of_many_who_ask_at_once(region):
    from joserfc.jwk import ECKey

    from joinedup.hub.discovery import answering, claiming, fetching, reading, searching
    from joinedup.hub.discovery.answering import Result
    from joinedup.hub.discovery.models import Fetch, Outcome, WorkItem
    from joinedup.hub.register.publishing import Given, Record, publish
    from tests.hub.discovery import region as at
    from tests.hub.discovery.test_fetch import seal

    given = Given(Record("main", at.EDUCATION, "p1"), at.SUI)
    publish(region.school.organisation, [given], [at.EDUCATION])
    search = searching.begin(region.la.searcher, searching.Wanted(at.SUI, [at.EDUCATION]), at.WHY)
    (item,) = reading.read(region.la.searcher, search).items
    asked = fetching.Asked(ECKey.generate_key("P-256").as_dict(private=False))

    def ask():
        from django.db import connection

        try:
            return fetching.fetch(region.la.searcher, item.fetch_id, asked)
        finally:
            connection.close()

    with ThreadPoolExecutor(POLLERS) as pool:
        assert [one.result() for one in [pool.submit(ask) for _ in range(16)]] == [None] * 16
        assert WorkItem.objects.filter(kind="fetch").count() == 1
        got = claiming.claim(region.school.organisation, kinds=["fetch"])
        content = seal({"workItemId": str(got.item.id), "publicKey": got.item.fetch.public_key})
        answering.answer(
            region.school.organisation,
            Result(got.item.id, got.lease_token, Outcome.SHARED, content=content),
        )
        answers = [one.result() for one in [pool.submit(ask) for _ in range(16)]]
    delivered = [one for one in answers if one is not None]
    assert [one.content for one in delivered] == [content]
    assert not Fetch.objects.exclude(content="").exists()
