"""When a link proves wrong, exactly those who were given something through it are told, once."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.reviewing import record as child
from tests.hub.sharing.known import EDUCATION, HEALTH, OTHER_SUI, SUI, numbers

ORGANISATIONS = ["LA", "SCHOOL", "TRUST", "POLICE"]
TYPES = [HEALTH, EDUCATION]
SUIS = numbers(3)

disclosures = st.lists(
    st.tuples(
        st.sampled_from(ORGANISATIONS),  # who was given it
        st.sampled_from(SUIS),
        st.sampled_from(ORGANISATIONS),  # whose it was
        st.sampled_from(TYPES),
        st.sampled_from(["record.find.read", "record.fetch", "share.read"]),
        st.integers(0, 2),  # how many results: with none nothing was given
    ),
    max_size=25,
)


def told() -> Counter:
    """How often each organisation was told of which number."""
    from joinedup.hub.notifications.delivering import deliver_due
    from joinedup.hub.notifications.models import Notice

    deliver_due()
    found = Notice.objects.filter(kind="correction", membership=None)
    return Counter((each.organisation.ods_code, each.sui) for each in found)


@pytest.fixture
def world(region, people):
    return SimpleNamespace(region=region, people=people)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    given=disclosures, sui=st.sampled_from(SUIS), kind=st.sampled_from(TYPES), again=st.booleans()
)
def test_the_recipients_are_the_ground_truth(world, given, sui, kind, again):
    """A25, L26: over any disclosures, told through the ledger equals what really happened."""
    from django.db import transaction

    from joinedup.hub.ledger.writing import record
    from joinedup.hub.notifications.models import Notice
    from joinedup.hub.sharing import corrections
    from joinedup.hub.sharing.models import Correction

    Notice.objects.all().delete()
    Correction.objects.all().delete()
    start = _entries()
    truth = set()
    for asker, about, holder, record_type, action, results in given:
        with transaction.atomic():
            record(
                action=action, outcome="allowed", organisation=asker, subject=about,
                holders=(holder,), record_types=(record_type,), results=results, status=200,
            )  # fmt: skip
        if results and asker != holder and (about, holder, record_type) == (sui, "TRUST", kind):
            truth.add(asker)
    trust = world.region.trust.organisation
    Correction.objects.create(key="k", cause="parted", sui=sui, holder=trust, record_type=kind)
    for _ in range(1 + again):
        corrections.tell_due()
    before = _before(start, sui, kind)
    assert told() == {(code, sui): 1 for code in truth | before | {"TRUST"}}
    assert Correction.objects.get().entry_id is not None


def _entries() -> int:
    from joinedup.hub.ledger.models import Entry

    return Entry.objects.count()


def _before(start: int, sui: str, kind: str) -> set[str]:
    """The ledger only grows: what earlier examples disclosed counts as well."""
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    return {
        look.facts["organisation"]
        for look in opened(Entry.objects.order_by("number")[:start])
        if look.personal
        and look.personal["subject"] == sui
        and look.facts["results"]
        and look.facts["holders"] == ["TRUST"]
        and look.facts["record_types"] == [kind]
        and look.facts["organisation"] != "TRUST"
    }


def disclose(region, people, ask, decide, read):
    """The trust's wrong record goes to three: found, fetched and asked for."""
    from tests.hub.discovery.region import has

    for node in (region.la, region.police):
        search = node.search().json()["searchId"]
        claimed = region.trust.claim().json()
        region.trust.answer(claimed, "hasRecords", **has(HEALTH, "p-1"))
        assert node.results(search).json()["items"]
    request = ask(by="LA")
    decide(request, "One", "Two")
    read(request)


def join(links, region):
    """A record of the trust that was taken for the school's child, and given the same number."""
    from joinedup.hub.register import publishing

    links.identities.add(child("main", "s-1", nhs_number=SUI))
    links.identities.add(child("main", "p-1", nhs_number=SUI))
    for node, kind, id in ((region.school, EDUCATION, "s-1"), (region.trust, HEALTH, "p-1")):
        given = [publishing.Given(publishing.Record("main", kind, id), SUI)]
        publishing.publish(node.organisation, given, {kind})


def test_a_wrong_link_that_three_were_told_of(region, people, ask, decide, read, links, notices):
    """A25: disclosed, then unlinked: all are told, the pointer is withdrawn, the proof is kept."""
    from joinedup.hub.ledger.looked import who_looked
    from joinedup.hub.register.models import Pointer
    from joinedup.hub.sharing import corrections
    from joinedup.linkage.history import Kind

    join(links, region)
    corrections.read_links()
    disclose(region, people, ask, decide, read)
    links.identities.decide(Kind.UNLINK, [("main", "p-1")], by="person 1")
    assert corrections.read_links() == 1
    assert corrections.read_links() == 0
    assert corrections.tell_due() == 1
    assert corrections.tell_due() == 0
    assert told() == {("LA", SUI): 1, ("POLICE", SUI): 1, ("TRUST", SUI): 1}
    assert notices(people["LA"]).count("correction") == 2  # to them, and to their organisation
    assert not Pointer.objects.filter(record_id="p-1").exists()
    assert Pointer.objects.filter(record_id="s-1").exists()
    (proof,) = [look for look in who_looked(SUI) if look.entry.facts["action"] == "share.correct"]
    assert proof.entry.facts["holders"] == ["TRUST"]


def test_a_split_puts_both_sides_in_doubt(region, people, ask, decide, read, links):
    from joinedup.hub.register.models import Pointer
    from joinedup.hub.sharing import corrections
    from joinedup.linkage.history import Kind

    join(links, region)
    disclose(region, people, ask, decide, read)
    links.identities.decide(Kind.SPLIT, [("main", "s-1"), ("main", "p-1")], by="person 1")
    if links.identities.identity_of("main", "s-1") == links.identities.identity_of("main", "p-1"):
        links.identities.decide(Kind.CANNOT_LINK, [("main", "s-1"), ("main", "p-1")], by="person 1")
    corrections.read_links()
    corrections.tell_due()
    assert {code for code, _ in told()} == {"LA", "POLICE", "TRUST", "SCHOOL"}
    assert Pointer.objects.count() == 2  # nobody knows yet whose number it is


def test_a_record_that_only_left_its_source_concerns_nobody(region, links):
    from joinedup.hub.sharing import corrections

    join(links, region)
    links.identities.remove("main", "p-1")
    assert corrections.read_links() == 0


def test_records_that_never_had_the_same_number_concern_nobody(region, links):
    from joinedup.hub.sharing import corrections
    from joinedup.linkage.history import Kind

    links.identities.add(child("main", "s-1"))
    links.identities.add(child("main", "p-1"))
    links.identities.decide(Kind.UNLINK, [("main", "p-1")], by="person 1")
    assert corrections.read_links() == 0


def test_a_custodian_that_gives_a_record_another_number(region, people, ask, decide, read, links):
    from joinedup.hub.register import publishing
    from joinedup.hub.sharing import corrections
    from joinedup.hub.sharing.models import Correction

    join(links, region)
    disclose(region, people, ask, decide, read)
    given = [publishing.Given(publishing.Record("main", HEALTH, "p-1"), OTHER_SUI)]
    publishing.publish(region.trust.organisation, given, {HEALTH})
    publishing.publish(region.trust.organisation, given, {HEALTH})
    assert Correction.objects.count() == 1
    corrections.tell_due()
    assert told() == {("LA", SUI): 1, ("POLICE", SUI): 1, ("TRUST", SUI): 1}


def test_a_replaced_number_is_told_to_everybody_who_holds_or_was_given_it(
    region, people, ask, decide, read, links
):
    from joinedup.hub.sharing import corrections

    join(links, region)
    disclose(region, people, ask, decide, read)
    for _ in range(3):
        corrections.superseded(SUI, OTHER_SUI)
    corrections.tell_due()
    assert told() == {
        ("LA", SUI): 1, ("POLICE", SUI): 1, ("TRUST", SUI): 1, ("SCHOOL", SUI): 1,
    }  # fmt: skip


def test_the_source_of_truth_says_so_itself(db, links):
    from joinedup.hub.sharing.models import Correction
    from joinedup.hub.shields.open_source import OpenSource
    from joinedup.pds.search import Found
    from tests.hub.sources import PATIENT

    class Replaced:
        def read(self, number):
            return Found(PATIENT, None)

    (old,) = numbers(1, 999_006_000)
    for _ in range(2):
        OpenSource(Replaced()).read(old)
    assert list(Correction.objects.values_list("cause", "sui")) == [("superseded", old)]
