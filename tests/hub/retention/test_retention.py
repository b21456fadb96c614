"""Kept as long as it should be, gone for good, and a restored backup brings nothing back."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from joinedup.hub.retention.periods import Period, PeriodsError, period, read
from tests.hub.reviewing import record
from tests.hub.watching.conftest import SUI, hub  # noqa: F401 - the fixture


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 30), st.integers(0, 400))
def test_a_period_is_over_when_it_began_long_enough_ago(begins, years, days):
    kept = Period("x", "x", years, days, "x")
    end = kept.end(begins)
    assert kept.began_before(end) <= begins + timedelta(days=1)
    assert end >= begins


def test_a_birthday_in_a_leap_year_ends_childhood_on_the_first_of_march():
    assert period("child").end(date(2008, 2, 29)) == date(2026, 3, 1)


def test_a_period_needs_its_law():
    with pytest.raises(PeriodsError, match="note"):
        read('[period.x]\nwhat = "x"\nyears = 1\nnote = ""')
    with pytest.raises(PeriodsError, match="cannot be read"):
        read("[period.x]\nyears = 1")


@pytest.fixture
def kept(hub, links):  # noqa: F811
    """The hub with a child of 12 and a pointer to them, and the modules."""
    from joinedup.hub.register import publishing
    from joinedup.hub.register.models import Pointer
    from joinedup.hub.retention import archiving, kept, purging, restoring, tasks
    from joinedup.hub.retention.models import Archived, Purged

    for place in kept.places():
        for path in place.parent.glob(f"{place.name}*"):
            path.unlink()

    def publish(sui=SUI, at=None, **facts):
        given = publishing.Given(publishing.Record("main", "health.details", "r1"), sui, **facts)
        at = at or hub.trust
        return publishing.publish(at, [given], {"health.details"})

    publish()
    return SimpleNamespace(
        hub=hub, links=links, publish=publish, pointers=Pointer.objects.all(),
        archived=Archived.objects.all(), purged=Purged.objects.all(), archiving=archiving,
        kept=kept, purging=purging, restoring=restoring, tasks=tasks,
    )  # fmt: skip


BIRTHDAY = date(2014, 3, 27)  # of the record in conftest


def test_a_child_is_found_until_eighteen_and_a_care_leaver_until_twenty_five(kept):
    eighteen = date(2032, 3, 27)
    assert kept.archiving.due(eighteen - timedelta(days=1)) == []
    assert kept.archiving.due(eighteen) == [SUI]
    kept.publish(at=kept.hub.organisation)
    assert kept.archiving.due(eighteen) == [], "children's services still work with them"
    assert kept.archiving.due(date(2039, 3, 27)) == [SUI]


def test_what_is_archived_is_in_no_search_and_two_people_open_it(kept, monkeypatch):
    kept.archiving.archive(SUI, "grown-up", timezone.now())
    assert not kept.pointers.exists()
    assert kept.archiving.held(SUI) == []
    row = kept.archived.get()
    assert SUI.encode() not in bytes(row.box)
    hub = kept.hub  # noqa: F811
    ask = {"sui": SUI, "purpose": "section-47", "why": "A historic abuse enquiry"}
    assert "Nothing is archived" in hub.browser(hub.lead).post("/archive", ask).content.decode()
    asker = hub.browser(hub.trust_lead)
    assert asker.post("/archive", ask).status_code == 302
    from joinedup.hub.approvals.changes import SamePerson, approve
    from joinedup.hub.approvals.models import ProposedChange

    change = ProposedChange.objects.get(kind="archive.open")
    assert asker.get(f"/archive/{change.pk}").status_code == 404
    with pytest.raises(SamePerson):
        approve(change, hub.trust_lead)
    approve(change, hub.hub_lead)
    page = asker.get(f"/archive/{change.pk}")
    assert "TESTERTON" in page.content.decode()
    assert hub.last().facts["action"] == "archive.read"
    assert hub.browser(hub.hub_lead).get(f"/archive/{change.pk}").status_code == 404
    monkeypatch.setattr("joinedup.hub.retention.views.OPEN_FOR", timedelta(0))
    assert asker.get(f"/archive/{change.pk}").status_code == 404


def test_a_purge_leaves_a_certificate_and_the_skeleton(kept):
    kept.hub.look()
    kept.archiving.archive(SUI, "grown-up", timezone.now())
    entries = len(kept.hub.entries())
    certificate = kept.purging.purge(SUI, "period-ended", timezone.now())
    assert not kept.archived.exists()
    assert certificate.counts["entries"] >= 2
    opened = kept.hub.entries()
    assert len(opened) == entries + 2, "nothing is taken out of the log"
    assert not [each for each in opened if (each.personal or {}).get("subject") == SUI]
    assert opened[-1].facts["action"] == "retention.purge"


def test_only_what_is_due_is_purged(kept):
    kept.archiving.archive(SUI, "grown-up", timezone.now())
    soon = timezone.now() + timedelta(days=6 * 365)
    assert kept.purging.purge_due(soon) == 0
    assert kept.purging.purge_due(soon + timedelta(days=3)) == 1


def test_the_purged_come_back_by_no_resend(kept):
    kept.purging.purge(SUI, "erasure", timezone.now())
    assert "purged" in kept.publish().refused[0].reason
    assert not kept.pointers.exists()


def reload(kept):
    """The same extract and the same file again, as they were."""
    kept.publish(first_seen=date(2020, 1, 1), last_seen=date(2021, 1, 1))
    extract = [record("schools", "S1", nhs_number=SUI), record("schools", "S2", given="Other")]
    return kept.links.identities.sync("schools", extract)


def linked(kept, id="S1", source="schools"):
    with kept.links.pool.connection() as conn:
        return kept.links.index.get(conn, source, id)


def test_the_same_extract_brings_nothing_back_and_the_rest_of_it_is_taken_in(kept):
    """Trust rule A27, in the linking index as in the register."""
    from joinedup.identities.store import Gone

    reload(kept)
    assert reload(kept).same == 2
    kept.archiving.archive(SUI, "grown-up", timezone.now())
    kept.purging.purge(SUI, "period-ended", timezone.now())
    again = reload(kept)
    assert (again.purged, again.same) == (1, 1)
    assert not kept.pointers.exists()
    assert linked(kept) is None
    assert linked(kept, "S2")
    # Nor does it without the number, nor by another record of the same person.
    for each in (record("schools", "S1"), record("health", "H1", nhs_number=SUI)):
        with pytest.raises(Gone, match="purged for good"):
            kept.links.identities.add(each)
    assert kept.links.identities.rebuild() == []


def test_a_record_that_began_after_the_purge_comes_and_stays(kept):
    reload(kept)
    purge = timezone.now()
    kept.purging.purge(SUI, "erasure", purge)
    for began in (None, date(2020, 1, 1), timezone.localdate(purge)):
        assert kept.publish(first_seen=began).refused, began
    tomorrow = timezone.localdate(purge) + timedelta(days=1)
    assert not kept.publish(first_seen=tomorrow).refused
    kept.links.identities.add(record("main", "r1", nhs_number=SUI))
    kept.tasks.archive_and_purge()
    assert kept.pointers.get().first_seen == tomorrow
    assert linked(kept, "r1", "main")
    # What went stays gone, also beside the new record.
    assert reload(kept).purged == 1
    assert linked(kept) is None
    assert kept.purged.get().new_since is not None


def test_what_a_backup_brings_back_goes_and_what_is_newer_than_the_purge_stays(kept):
    from joinedup.hub.register.models import Pointer

    kept.purging.purge(SUI, "erasure", timezone.now())
    tomorrow = timezone.localdate() + timedelta(days=1)
    kept.publish(first_seen=tomorrow)
    new = kept.pointers.get()
    Pointer.objects.create(
        holding=new.holding, record_id="old", sui=SUI, provenance="already-held",
        first_seen=date(2020, 1, 1), refreshed_at=timezone.now(),
    )  # fmt: skip
    kept.purging.purge_returned(timezone.now())
    assert list(kept.pointers) == [new]


def test_a_restored_backup_knows_which_records_went(kept):
    reload(kept)
    kept.purging.purge(SUI, "erasure", timezone.now())
    kept.kept.keep()
    kept.purged.delete()
    assert kept.restoring.before_serving().purges == 1
    with pytest.raises(ValueError, match="purged for good"):
        kept.links.identities.add(record("schools", "S1"))
    assert kept.restoring.before_serving().purges == 0


def test_a_second_purge_counts_from_its_own_day(kept):
    first = timezone.now() - timedelta(days=90)
    kept.purging.purge(SUI, "erasure", first)
    since = timezone.localdate(first) + timedelta(days=30)
    assert not kept.publish(first_seen=since).refused
    kept.purging.purge(SUI, "erasure", timezone.now())
    assert not kept.pointers.exists()
    assert kept.publish(first_seen=since).refused


def test_a_restored_backup_applies_purges_again_before_it_serves(kept):
    """The database as it was before the purge, the files beside the witnesses as they are."""
    from joinedup.hub.ledger.models import SubjectKey

    certificate = kept.purging.purge(SUI, "erasure", timezone.now())
    kept.kept.keep()
    kept.purged.delete()
    kept.publish()
    kept.links.identities.add(record("schools", "S1", nhs_number=SUI))
    kept.links.identities.add(record("schools", "S2", nhs_number="9990000026"))
    kept.hub.look()
    assert kept.restoring.before_serving().purges == 1
    assert kept.purged.get().pk == certificate.pk
    assert not kept.pointers.exists()
    with kept.links.pool.connection() as conn:
        assert kept.links.index.get(conn, "schools", "S1") is None
        assert kept.links.index.get(conn, "schools", "S2")
    live = SubjectKey.objects.filter(about=kept.purged.get().about, wrapped__isnull=False)
    assert not live.exists()
    assert kept.restoring.before_serving().purges == 0


def test_a_restored_backup_keeps_every_shield(kept):
    from joinedup.hub.shields.asking import Subject, ask_for_shield
    from joinedup.hub.shields.levels import level_of
    from joinedup.hub.shields.models import Shield, ShieldMark
    from joinedup.policy.question import Level
    from tests.hub.conftest import empty_tables

    ask_for_shield(
        Subject((SUI,)), Level.NOT_DISCOVERABLE, organisation=kept.hub.organisation,
        by=kept.hub.pat, criterion="domestic-abuse", reason="In refuge",
    )  # fmt: skip
    kept.kept.keep()
    before = Shield.objects.get()
    marks = ShieldMark.objects.count()
    organisation = kept.hub.organisation
    empty_tables()
    organisation.save(force_insert=True)
    with kept.links.pool.connection() as conn:  # the index, too, is of before the shield
        conn.execute("DROP SCHEMA identities CASCADE")
        conn.execute("DROP SCHEMA sealed CASCADE")
    kept.links.identities.create()
    kept.links.identities.add(record("schools", "S1", nhs_number=SUI))
    with kept.links.pool.connection() as conn:
        assert kept.links.index.get(conn, "schools", "S1")
    assert level_of(SUI) is Level.OPEN
    assert kept.restoring.before_serving().shields >= 1 + marks
    assert level_of(SUI) is Level.NOT_DISCOVERABLE
    assert (Shield.objects.get().pk, Shield.objects.get().standing) == (before.pk, before.standing)
    with kept.links.pool.connection() as conn:
        assert kept.links.index.get(conn, "schools", "S1") is None
    assert kept.restoring.before_serving().shields == 0


def test_a_log_that_went_back_is_not_served(kept):
    from joinedup.hub.ledger import checkpoints
    from tests.hub.conftest import empty_tables

    for _ in range(5):
        kept.hub.look()
    checkpoints.checkpoint()
    kept.restoring.before_serving()
    empty_tables()
    with pytest.raises(kept.restoring.RolledBack, match="too old"):
        kept.restoring.before_serving()
    for _ in range(8):
        kept.hub.look(sui="")
    from joinedup.hub.ledger import sequencing

    sequencing.sequence()
    with pytest.raises(kept.restoring.RolledBack, match="not those"):
        kept.restoring.before_serving()


def test_a_line_that_somebody_else_wrote_purges_nobody(kept):
    kept.kept.keep()
    (place, *_) = kept.kept.places()
    path = place.with_name(f"{place.name}-purges")
    path.write_text('{"about": "00", "id": "x", "at": "x", "why": "x", "counts": {}}\tff\n')
    with pytest.raises(kept.kept.KeptDamaged, match="did not write"):
        kept.restoring.before_serving()
    assert kept.pointers.exists()


def test_details_without_a_decision_are_forgotten_after_thirty_days(kept):
    from joinedup.hub.reconciliation.models import ReviewCase

    def case(days):
        return ReviewCase.objects.create(
            organisation=kept.hub.organisation, kind="identifier", about=f"a{days}",
            opened_at=timezone.now() - timedelta(days=days), reason="Nobody fits.",
            details={"given": "Rowan"},
        )  # fmt: skip

    old, new = case(31), case(29)
    kept.tasks.forget_what_is_over()
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.details is None
    assert new.details == {"given": "Rowan"}
    assert old.is_waiting, "the case itself still waits"


def test_the_command_says_what_was_applied_and_refuses_a_log_that_went_back(kept):
    import json

    from click.testing import CliRunner

    from joinedup.cli.manage import command
    from joinedup.hub.ledger import checkpoints
    from joinedup.hub.serve import NotServing, _check_what_was_restored
    from tests.hub.conftest import empty_tables

    kept.purging.purge(SUI, "erasure", timezone.now())
    checkpoints.checkpoint()
    kept.kept.keep()
    kept.purged.delete()
    done = CliRunner().invoke(command, ["after-restore", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["purges"] == 1
    empty_tables()
    gone_back = CliRunner().invoke(command, ["after-restore"])
    assert gone_back.exit_code == 1
    assert "write-ahead log" in gone_back.stderr
    with pytest.raises(NotServing, match="too old"):
        _check_what_was_restored()
