"""Discovery held against a simple model of it, kept in memory, over random histories."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

CODES = ["SCHOOL", "TRUST", "POLICE"]
WINDOW = timedelta(hours=4)


@dataclass
class Item:
    """One custodian's part of a search, as the model has it."""

    code: str
    expires: object
    visible: object
    state: str = ""  # as a custodian would put it; "leased" is kept apart
    leased: bool = False
    claims: int = 0
    records: int = 0
    over: bool = False


@dataclass
class Search:
    items: dict[str, Item] = field(default_factory=dict)
    expires: object = None
    cancelled: bool = False


@dataclass(frozen=True)
class Lease:
    """A claim that a node holds, perhaps no longer rightly."""

    search: object
    code: str
    claim: int
    item: object
    token: str
    record_type: str


def machine_for(region, at):
    from django.utils import timezone

    from joinedup.hub.agreements import publishing
    from joinedup.hub.discovery import answering, claiming, reading, searching
    from joinedup.hub.discovery.answering import Found, Result
    from joinedup.hub.discovery.claiming import LEASE, NotYours, TooLate
    from joinedup.hub.discovery.models import FoundRecord, Outcome
    from joinedup.hub.discovery.models import Search as Row
    from joinedup.hub.discovery.searching import Wanted

    children = at.numbers(200_000)
    nodes = {code: region.nodes[code].organisation for code in CODES}

    class Machine(RuleBasedStateMachine):
        searches = Bundle("searches")
        leases = Bundle("leases")

        def __init__(self):
            super().__init__()
            Row.objects.all().delete()
            self.now = timezone.now()
            self.model: dict[object, Search] = {}
            self.agreed = set(CODES)
            self.publish()

        def publish(self):
            if self.agreed:
                at.agree(sources=sorted(self.agreed))
            else:
                publishing.revoke("A1")

        @rule(target=searches)
        def search(self):
            # No two end at one time: which of two is claimed first would be chance, not history.
            self.now += timedelta(milliseconds=1)
            wanted = Wanted(next(children), [at.EDUCATION, at.HEALTH, at.POLICE], window=WINDOW)
            row = searching.begin(region.la.searcher, wanted, at.WHY, self.now)
            expires = self.now + WINDOW
            self.model[row.id] = Search(
                {code: Item(code, expires, self.now) for code in self.agreed}, expires
            )
            return row.id

        @rule(code=st.sampled_from(CODES))
        def change_agreement(self, code):
            self.agreed ^= {code}
            self.publish()

        @rule(minutes=st.sampled_from([0.3, 4, 6, 61, 250, -3]))
        def time_passes(self, minutes):
            self.now += timedelta(minutes=minutes)

        @rule(search=searches)
        def cancel(self, search):
            assert searching.cancel(region.la.searcher, search, self.now)
            known = self.model[search]
            if not known.cancelled and self.now < known.expires:
                known.cancelled = True
                for item in known.items.values():
                    if not item.over:
                        item.over, item.state, item.leased = True, "cancelled", False

        def due(self, code):
            return [
                (item.expires, key)
                for key, search in self.model.items()
                for item in [search.items.get(code)]
                if item and not item.over and item.expires > self.now >= item.visible
            ]

        @rule(target=leases, code=st.sampled_from(CODES))
        def claim(self, code):
            due = self.due(code)
            assert claiming.available(nodes[code].pk, self.now) == bool(due)
            got = claiming.claim(nodes[code], now=self.now)
            if code not in self.agreed:
                assert got is None
                for _, key in due:
                    item = self.model[key].items[code]
                    item.over, item.state, item.leased = True, "revoked", False
                return multiple()
            assert (got is not None) == bool(due)
            if got is None:
                return multiple()
            assert got.search.id in {key for when, key in due if when == min(due)[0]}
            item = self.model[got.search.id].items[code]
            item.claims, item.leased = item.claims + 1, True
            item.visible = min(self.now + LEASE, item.expires)
            assert got.lease_expires_at == item.visible
            return Lease(
                got.search.id, code, item.claims, got.item.id, got.lease_token,
                got.item.record_type,
            )  # fmt: skip

        @rule(target=leases, lease=leases)
        def somebody_else_claims_after_the_lease(self, lease):
            """The item goes to another poller, and only then does the first one answer."""
            item = self.model[lease.search].items[lease.code]
            if item.over:
                return multiple()
            self.now = max(self.now, item.visible + timedelta(seconds=1))
            taken = []
            while isinstance(got := self.claim(lease.code), Lease):
                taken.append(got)
                if got.item == lease.item:
                    break
            self.answer(lease, "hasRecords", 1)
            return multiple(*taken)

        def why_late(self, lease):
            item = self.model[lease.search].items[lease.code]
            if item.state in ("cancelled", "revoked"):
                return "cancelled"
            if lease.claim != item.claims or not (item.over or item.leased):
                return "lease-lost"
            if item.over:
                return "already-complete"
            return "expired" if item.expires <= self.now else ""

        @rule(lease=leases)
        def renew(self, lease):
            item = self.model[lease.search].items[lease.code]
            if self.why_late(lease):
                with pytest.raises(TooLate):
                    claiming.renew(nodes[lease.code], lease.item, lease.token, self.now)
                return
            until = claiming.renew(nodes[lease.code], lease.item, lease.token, self.now)
            item.visible = min(self.now + LEASE, item.expires)
            assert until == item.visible

        @rule(lease=leases, code=st.sampled_from(CODES))
        def answer_for_somebody_else(self, lease, code):
            if code != lease.code:
                with pytest.raises(NotYours):
                    answering.answer(
                        nodes[code],
                        Result(lease.item, lease.token, Outcome.NO_RECORDS),
                        self.now,
                    )

        @rule(
            lease=st.one_of(leases, consumes(leases)),
            outcome=st.sampled_from(
                ["hasRecords", "noRecords", "temporaryError", "permanentError"]
            ),
            records=st.integers(1, 3),
        )
        def answer(self, lease, outcome, records):
            found = [
                Found("main", lease.record_type, f"r{number}")
                for number in range(records if outcome == "hasRecords" else 0)
            ]
            result = Result(lease.item, lease.token, Outcome(outcome), found)
            late = self.why_late(lease)
            if late:
                with pytest.raises(TooLate) as refused:
                    answering.answer(nodes[lease.code], result, self.now)
                assert refused.value.why == late
                return
            answering.answer(nodes[lease.code], result, self.now)
            item = self.model[lease.search].items[lease.code]
            item.state, item.leased, item.records = outcome, False, len(found)
            if outcome == "temporaryError":
                wait = answering.FIRST_RETRY * 2 ** min(item.claims - 1, 10)
                item.visible = self.now + min(wait, answering.LONGEST_RETRY)
            else:
                item.over = True

        def status(self, search, item):
            if item.state in ("hasRecords", "noRecords", "permanentError"):
                return item.state
            if item.state == "cancelled" or search.cancelled or item.expires <= self.now:
                return "expired"
            if item.leased and item.visible > self.now:
                return "claimed"
            return item.state or "waiting"

        @rule(search=searches)
        def read(self, search):
            row = reading.find(region.la.searcher, search)
            state = reading.read(region.la.searcher, row, now=self.now)
            known = self.model[search]
            # A custodian without an agreement is not asked, or is as if it had not been.
            expected = {
                code: self.status(known, item)
                for code, item in known.items.items()
                if code in self.agreed and item.state != "revoked"
            }
            told = {one.custodian: one.status for one in state.custodians}
            assert {k: v for k, v in told.items() if v != "notAsked"} == expected
            answered = [v for v in expected.values() if v in ("hasRecords", "noRecords")]
            full = len(answered) == len(expected) > 0
            assert (state.completeness == 100) == full
            assert len(state.items) == sum(known.items[code].records for code in expected)
            waiting = [
                v for v in expected.values()
                if v not in ("hasRecords", "noRecords", "permanentError")
            ]  # fmt: skip
            assert state.status == (
                "cancelled" if known.cancelled
                else "completed" if not waiting
                else "expired" if known.expires <= self.now
                else "running"
            )  # fmt: skip

        @invariant()
        def every_record_is_kept_once(self):
            kept = FoundRecord.objects.count()
            assert kept == sum(
                item.records for each in self.model.values() for item in each.items.values()
            )

    return Machine


def test_any_history_is_as_the_model_has_it(region):
    from tests.hub.discovery import region as at

    run_state_machine_as_test(
        machine_for(region, at),
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],  # the slow test makes a failure small
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_many_histories_are_as_the_model_has_them(region):
    from tests.hub.discovery import region as at

    run_state_machine_as_test(
        machine_for(region, at),
        settings=settings(
            max_examples=200,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
