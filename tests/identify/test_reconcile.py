"""What reconciling says of one child: the number held first, silence never taken for an answer."""

import pytest

from joinedup.identify import Status
from joinedup.identify.reconcile import Reconciled, ReconcileStatus, reconcile
from joinedup.pds.emulator.engine import Engine
from joinedup.pds.emulator.source import InProcessSource
from joinedup.pds.search import Answer, Refused, Search
from joinedup.people.demographics import Demographics
from tests.identify import region as r
from tests.identify.test_adaptive import Recorded

CLEAN = ("Seraphina", "Thistlewood", "2012-03-04", "F", "LS11 6AD")
NOBODY = ("Zebedee", "Nonesuch", "2012-01-01", "M", "LS11 6AD")
S = ReconcileStatus


@pytest.fixture(scope="module")
def pds(tmp_path_factory: pytest.TempPathFactory) -> InProcessSource:
    return InProcessSource(Engine(r.write(tmp_path_factory.mktemp("people") / "people.ndjson")))


def question(child: tuple[str, ...], serial: int | str | None = None) -> Demographics:
    number = r.nhs_number(serial) if isinstance(serial, int) else serial
    names = ("given", "family", "birth_date", "gender", "postcode")
    return Demographics.read({**dict(zip(names, child, strict=True)), "nhs_number": number})


def ask(pds, child: tuple[str, ...], serial: int | str | None = None) -> Reconciled:
    return reconcile(question(child, serial), pds)


UNISSUED = 90_000
MERGED = ("Rosalind", "Merryweather", "2011-01-22", "F", "PL1 2AA")


@pytest.mark.parametrize(
    ("child", "serial", "status", "outcome"),
    [
        (CLEAN, r.CLEAN, S.NO_DIFFERENCES, Status.MATCH),
        (CLEAN, None, S.NO_DIFFERENCES, Status.MATCH),
        ((*CLEAN[:4], "LS1 4AP"), r.CLEAN, S.DIFFERENCES, Status.MATCH),
        (NOBODY, None, S.DID_NOT_MATCH, Status.NO_MATCH),
        (NOBODY, r.CLEAN, S.DID_NOT_MATCH, Status.NO_MATCH),
        (CLEAN, "9990000001", S.NUMBER_NOT_VALID, Status.MATCH),
        (NOBODY, "12345", S.NUMBER_NOT_VALID, Status.NO_MATCH),
        (CLEAN, UNISSUED, S.NUMBER_NOT_FOUND, Status.MATCH),
        (NOBODY, UNISSUED, S.NUMBER_NOT_FOUND, Status.NO_MATCH),
        (MERGED, r.OLD, S.NUMBER_SUPERSEDED, Status.MATCH),
        (NOBODY, r.OLD, S.NUMBER_SUPERSEDED, Status.NO_MATCH),
        (("Isolde", "Greenaway", "2013-03-30", "F", "LS11 6AD"), r.WITHDRAWN,
         S.NUMBER_NOT_FOUND, Status.NO_MATCH),
        (CLEAN, r.COMMON, S.DIFFERENCES, Status.MATCH),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_a_number_is_given_for_a_match_alone(
    pds, child, serial, status, outcome
) -> None:
    found = ask(pds, child, serial)
    assert (found.status, found.outcome.status) == (status, outcome)
    assert (found.outcome.nhs_number is not None) is (outcome is Status.MATCH)


def test_a_confirmed_number_costs_one_call(pds) -> None:
    recorded = Recorded(pds)
    found = reconcile(question(CLEAN, r.CLEAN), recorded)
    assert found.calls == len(recorded.asked) == 1
    # Whatever is known of the number is not asked for again.
    recorded = Recorded(pds)
    found = reconcile(question(NOBODY, r.CLEAN), recorded)
    assert recorded.asked.count(r.nhs_number(r.CLEAN)) == 1
    assert found.calls == len(recorded.asked)


def test_a_replaced_number_names_the_new_one_and_what_differs(pds) -> None:
    found = ask(pds, (*MERGED[:4], "LS1 4AP"), r.OLD)
    assert found.outcome.nhs_number == r.nhs_number(r.NEW)
    assert found.comparison is not None
    assert found.comparison.differing == ("nhs_number", "postcode")
    assert "SUI_NHSNo" in found.advice


def test_nobody_is_compared_with_the_record_behind_a_replaced_number(pds) -> None:
    """An adoption may be behind it: from the old number nothing of the new record is learnt."""
    found = ask(pds, NOBODY, r.OLD)
    assert found.comparison is None
    assert "not given" in found.advice


def test_a_withdrawn_number_sends_to_the_back_office_and_no_search_is_made(pds) -> None:
    recorded = Recorded(pds)
    child = ("Isolde", "Greenaway", "2013-03-30", "F", "LS11 6AD")
    found = reconcile(question(child, r.WITHDRAWN), recorded)
    assert recorded.asked == [r.nhs_number(r.WITHDRAWN)]
    assert "National Back Office" in found.advice
    assert sum("withdrawn" in reason for reason in found.reasons) == 1


def test_another_childs_number_is_a_difference_to_be_looked_into(pds) -> None:
    found = ask(pds, CLEAN, r.COMMON)
    assert found.outcome.nhs_number == r.nhs_number(r.CLEAN)
    assert found.comparison is not None
    assert "nhs_number" in found.comparison.differing
    assert "whose record this is" in found.advice


def test_where_a_restricted_child_lives_is_not_missing(pds) -> None:
    child = ("Marigold", "Featherstone", "2010-02-03", "F", "YO1 7HH")
    found = ask(pds, child, r.RESTRICTED)
    assert found.status is S.NO_DIFFERENCES
    assert found.comparison is not None
    assert found.comparison.missing_nhs == ()
    assert "postcode" in found.comparison.withheld


def test_a_very_restricted_child_is_not_confirmed_and_nothing_of_it_is_missing(pds) -> None:
    found = ask(pds, ("Peregrine", "Ashcombe", "2009-09-09", "M", "YO1 7HH"), r.HIDDEN)
    assert found.status is S.DID_NOT_MATCH
    assert found.comparison is not None
    assert found.comparison.differing == found.comparison.missing_nhs == ()


def test_a_row_with_too_little_to_search_is_compared_by_its_number(pds) -> None:
    found = ask(pds, ("Seraphina", "Thistlewood", "", "F", "LS1 4AP"), r.CLEAN)
    assert found.outcome.status is Status.INVALID
    assert found.status is S.DID_NOT_MATCH
    assert found.comparison is not None
    assert found.comparison.differing == ("postcode",)
    assert found.missing_local == ("birth_date", "phone", "email")
    assert found.calls == 1


@pytest.mark.parametrize("serial", [None, r.CLEAN, r.OLD, r.COMMON, r.WITHDRAWN, UNISSUED])
@pytest.mark.parametrize("child", [CLEAN, NOBODY, ("", "Thistlewood", "", "", "")])
def test_a_source_that_falls_silent_at_any_call_gives_unavailable(pds, child, serial) -> None:
    whole = Recorded(pds)
    reconcile(question(child, serial), whole)
    for away_from in range(len(whole.asked)):
        found = reconcile(question(child, serial), Recorded(pds, away_from))
        assert found.status is S.UNAVAILABLE
        assert found.comparison is None
        assert "not an answer about the child" in found.advice


class RefusesReads:
    """A source that does not let us read by number."""

    def __init__(self, source: InProcessSource) -> None:
        self._source = source

    def search(self, search: Search) -> Answer:
        return self._source.search(search)

    def read(self, nhs_number: str) -> Answer:
        return Refused(403, "ACCESS_DENIED")


def test_a_refusal_says_nothing_of_the_number_held(pds) -> None:
    source = RefusesReads(pds)
    other = reconcile(question(CLEAN, UNISSUED), source)
    assert other.status is S.UNAVAILABLE
    assert "ACCESS_DENIED" in "; ".join(other.reasons)
    # The search found that very number: then nothing more is to be known of it.
    assert reconcile(question(CLEAN, r.CLEAN), source).status is S.NO_DIFFERENCES


@pytest.mark.parametrize("strategy", ["s1", "s5"])
def test_the_prototypes_strategies_do_not_read_so_the_number_is_read_here(pds, strategy) -> None:
    found = reconcile(question(MERGED, r.OLD), pds, strategy)
    assert found.status is S.NUMBER_SUPERSEDED
