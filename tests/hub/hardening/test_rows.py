"""A forgotten filter gives nothing of another organisation's: the database itself says no."""

import ast
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from joinedup.hub.rights import acting, applying
from joinedup.hub.rights.tables import LEDGER, NOT_AN_ORGANISATIONS, SEEN

NUMBER = "9990000018"
SRC = Path(applying.__file__).parents[1]

ACROSS = {
    "discovery/relationships.py": "a custodian's claim has the searcher's caseload looked at",
    "notifications/telling.py": "whoever wants to be told of a child is told, wherever they work",
    "register/supersession.py": "pointers under every number of a child who was searched for",
    "shields/asking.py": "a shield takes cases out of every organisation's queue",
    "shields/break_glass.py": "both organisations are alerted",
    "subject_access/gathering.py": "those who run the hub answer for all of it",
    "watching/reviewing.py": "those who run the hub review what was raised anywhere",
}
"""Where an act is between organisations by its nature, and why."""


@pytest.fixture
def two(db):
    """Two organisations; of each a request, a case, a search, a holding with its pointer."""
    from joinedup.hub.organisations.models import Organisation

    made = [
        Organisation.objects.create(
            ods_code=code, name=code, kind="health", legal_class="s11",
            valid_from=date(2020, 1, 1),
        )
        for code in ("T1", "T2")
    ]  # fmt: skip
    for place, one in enumerate(made):
        _fill(one, made[1 - place], f"99900000{18 + 8 * place}")
    return made


def _fill(one, other, sui):
    from joinedup.hub.discovery.models import FoundRecord, Notice, Search, WorkItem
    from joinedup.hub.identifiers.models import IdentifierRequest, IssuedIdentifier, KeptAnswer
    from joinedup.hub.organisations.models import MachineClient
    from joinedup.hub.reconciliation.models import CaseEntry, CaseQuestion, ReviewCase
    from joinedup.hub.register.models import Holding, Pointer

    now = timezone.now()
    client = MachineClient.objects.create(
        client_id=f"of-{one.pk}", name="A system", organisation=one, scopes=[], purpose="",
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    asked = IdentifierRequest.objects.create(
        correlation_id="00000000-0000-4000-8000-000000000000", channel="api", organisation=one,
        client=client, purpose="x", asked_at=now, status="Match", nhs_number=sui,
    )  # fmt: skip
    IssuedIdentifier.objects.create(
        request=asked, organisation=one, nhs_number=sui, record_type="health.details",
        system_id="s", record_id="1", issued_at=now,
    )  # fmt: skip
    KeptAnswer.objects.create(
        client=client, key="k", fingerprint="f", started_at=now, expires_at=now, body={"n": sui}
    )
    case = ReviewCase.objects.create(
        organisation=one, kind="identifier", opened_at=now, about=one.ods_code, reason="x",
        details={"family": "Testerton"},
    )  # fmt: skip
    CaseQuestion.objects.create(case=case, request=asked)
    CaseEntry.objects.create(case=case, action="opened")
    held = Holding.objects.create(
        custodian=one, system_id="s", record_type="health.details", refreshed_at=now
    )
    Pointer.objects.create(
        holding=held, record_id="1", sui=sui, provenance="already-held", refreshed_at=now
    )
    search = Search.objects.create(
        organisation=one, client=client, sui=sui, purpose="x", legal_basis="x",
        record_types=["health.details"], created_at=now, expires_at=now + timedelta(days=1),
        correlation_id="00000000-0000-4000-8000-000000000000",
    )  # fmt: skip
    item = WorkItem.objects.create(
        kind="find", search=search, custodian=one, record_type="health.details",
        expires_at=now + timedelta(days=1), visible_at=now, outcome="hasRecords", answered_at=now,
    )  # fmt: skip
    FoundRecord.objects.create(work_item=item, system_id="s", record_id="1")
    Notice.objects.create(organisation=one, search=search, at=now)


def count(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


FILLED = (
    "identifiers_identifierrequest", "identifiers_issuedidentifier", "identifiers_keptanswer",
    "reconciliation_reviewcase", "reconciliation_casequestion", "reconciliation_caseentry",
    "register_pointer", "discovery_search", "discovery_workitem", "discovery_foundrecord",
    "discovery_notice",
)  # fmt: skip


def test_without_any_filter_an_organisation_sees_its_own_rows_and_nobody_none(two):
    for table in FILLED:
        assert count(table) == 2, table
    with acting.request():
        assert {table: count(table) for table in FILLED} == dict.fromkeys(FILLED, 0)
        acting.act_for(two[0].pk)
        assert {table: count(table) for table in FILLED} == dict.fromkeys(FILLED, 1)


def test_nothing_is_written_into_or_taken_from_another_organisation(two):
    own, other = two
    with acting.request(), connection.cursor() as cursor:
        acting.act_for(own.pk)
        for change in (
            f"UPDATE reconciliation_reviewcase SET organisation_id = {other.pk}",
            f"UPDATE identifiers_identifierrequest SET organisation_id = {other.pk}",
            f"UPDATE discovery_search SET organisation_id = {other.pk}",
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                cursor.execute(change)
        cursor.execute(
            f"UPDATE reconciliation_reviewcase SET note = 'x' WHERE organisation_id = {other.pk}"
        )
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM reconciliation_caseentry")
        assert cursor.rowcount == 1
    assert count("reconciliation_caseentry") == 1


def test_a_custodian_sees_the_search_it_is_asked_about_and_no_other(two):
    from joinedup.hub.discovery.models import Search, WorkItem

    own, other = two
    theirs = Search.objects.get(organisation=other)
    with acting.request():
        acting.act_for(own.pk)
        assert not Search.objects.filter(pk=theirs.pk).exists()
    now = timezone.now()
    WorkItem.objects.create(
        kind="find", search=theirs, custodian=own, record_type="x", expires_at=now, visible_at=now
    )
    with acting.request():
        acting.act_for(own.pk)
        assert Search.objects.get(pk=theirs.pk).sui == theirs.sui
        assert WorkItem.objects.filter(search=theirs).count() == 1  # its own, not the other's


def test_another_custodians_pointers_are_those_to_a_child_whom_one_searched_for(two):
    from joinedup.hub.discovery.models import Search
    from joinedup.hub.register.models import Pointer

    own, other = two
    theirs = Pointer.objects.get(holding__custodian=other)
    Search.objects.filter(organisation=own).update(sui=theirs.sui)
    with acting.request():
        acting.act_for(own.pk)
        assert set(Pointer.objects.values_list("holding__custodian", flat=True)) == {
            own.pk, other.pk,
        }  # fmt: skip
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Pointer.objects.filter(pk=theirs.pk).update(record_id="2")


def test_a_request_has_no_more_rights_than_the_hubs_role(two):
    with acting.request(), connection.cursor() as cursor:
        acting.act_for(two[0].pk)
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (acting.HUB_ROLE, False, False, False, False)
        for change in (
            "ALTER TABLE discovery_search DISABLE ROW LEVEL SECURITY",
            "DROP POLICY of_the_asker ON discovery_search",
            "DROP TABLE discovery_search",
            "TRUNCATE discovery_search CASCADE",
            "SET session_replication_role = replica",
            "CREATE TABLE public.mine (a int)",
            "UPDATE ledger_entry SET action = 'x'",
            "DELETE FROM ledger_entry",
            "DELETE FROM shields_shieldevent",
            "UPDATE django_migrations SET app = 'x'",
            "COPY discovery_search TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
        ):
            with pytest.raises(DatabaseError, match=r"denied|owner"), transaction.atomic():
                cursor.execute(change)


def test_the_agencies_records_are_not_the_requests_to_read(links, two):
    """Names, dates and addresses that agencies gave are read by linking, on its own connection."""
    from tests.hub.reviewing import record

    links.identities.add(record("schools", "S1"))
    with acting.request(), connection.cursor() as cursor:
        acting.act_for(two[0].pk)
        for table in ("identities.linkage_record", "identities.event", "sealed.record",
                      "sealed.never"):  # fmt: skip
            with pytest.raises(DatabaseError, match="denied"), transaction.atomic():
                cursor.execute(f"SELECT * FROM {table}")


def test_an_account_for_linking_alone_links_and_reads_nothing_else(hub_database, db, monkeypatch):
    from joinedup.hub.reconciliation import links
    from joinedup.policy.question import Level
    from tests.hub.reviewing import record

    name = psycopg.conninfo.conninfo_to_dict(hub_database)["dbname"]
    with psycopg.connect(hub_database, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS linking_account")
        owner.execute("CREATE ROLE linking_account NOSUPERUSER LOGIN IN ROLE joinedup_linking")
        owner.execute(f"GRANT CREATE ON DATABASE {name} TO linking_account")
        account = psycopg.conninfo.make_conninfo(hub_database, user="linking_account")
        monkeypatch.setenv("JOINEDUP_LINKING_DATABASE_URL", account)
        links.current.cache_clear()
        try:
            ours = links.current()
            ours.identities.add(record("schools", "S1"))
            ours.identities.shield(Level.NOT_DISCOVERABLE, refs=[("schools", "S1")])
            with ours.pool.connection() as link:
                for table in ("reconciliation_reviewcase", "discovery_search", "ledger_entry",
                              "register_pointer", "django_session"):  # fmt: skip
                    with pytest.raises(psycopg.errors.InsufficientPrivilege), link.transaction():
                        link.execute(f"SELECT * FROM {table}")
            ours.pool.close()
        finally:
            links.current.cache_clear()
            owner.execute("DROP SCHEMA IF EXISTS identities, sealed CASCADE")
            owner.execute("DROP OWNED BY linking_account")
            owner.execute("DROP ROLE linking_account")


def test_a_token_that_was_good_a_moment_ago_leaves_nobodys_rights(browser_client, machine):
    """The connection has the rights of a token's organisation before it is known to be good."""
    from django.test import RequestFactory

    from joinedup.hub.api.bearer import BearerToken
    from joinedup.hub.api.problems import Problem

    token, door = machine.token(browser_client), BearerToken("get-an-identifier.read")
    call = RequestFactory().get("/")
    for _ in range(2):  # read from the database, then known
        with acting.request():
            door.authenticate(call, token)
            assert _acts_for() == str(machine.client.organisation_id)
    machine.client.revoked_at = timezone.now()
    machine.client.save()
    with acting.request():
        with pytest.raises(Problem) as refused:
            door.authenticate(call, token)
        assert refused.value.status == 401
        assert _acts_for() == acting.NOBODY


def _acts_for():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('joinedup.organisation')")
        return cursor.fetchone()[0]


@transaction.atomic
def _act_and_fail(organisation):
    acting.act_for(organisation)
    raise RuntimeError


@transaction.atomic
def _look_across_and_fail():
    with acting.across_organisations():
        assert count("discovery_search") == 2
        count("no_such_table")


def test_what_a_transaction_undoes_does_not_widen_what_is_seen(two):
    with acting.request():
        with pytest.raises(RuntimeError):
            _act_and_fail(two[0].pk)
        assert count("discovery_search") == 0
    with acting.request():
        acting.act_for(two[0].pk)
        with pytest.raises(DatabaseError):
            _look_across_and_fail()
        assert count("discovery_search") == 1


def test_a_new_connection_in_the_middle_of_a_request_is_narrowed_too(two):
    with acting.request():
        acting.act_for(two[0].pk)
        connection.close()
        assert count("discovery_search") == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (acting.HUB_ROLE,)
    assert count("discovery_search") == 2


def test_a_connection_given_back_in_a_hurry_is_as_new(two):
    """A view that closes its connection puts it back into the pool narrowed: nobody trusts that."""
    with acting.request():
        acting.act_for(two[0].pk)
        assert count("discovery_search") == 1
        connection.close()
    for _ in range(3):
        assert count("discovery_search") == 2
        connection.close()
    with acting.request():
        assert count("discovery_search") == 0


def test_a_request_within_a_request_leaves_the_outer_as_it_was(two):
    with acting.request():
        acting.act_for(two[0].pk)
        with acting.request():
            assert count("discovery_search") == 0
        assert count("discovery_search") == 1


def test_acts_between_organisations_are_few_and_end(two):
    with acting.request():
        acting.act_for(two[0].pk)
        with acting.across_organisations():
            assert count("discovery_search") == 2
        assert count("discovery_search") == 1


def test_only_the_places_named_here_look_across_organisations():
    found = set()
    for path in SRC.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if "across_organisations" in named:
            found.add(str(path.relative_to(SRC)))
    assert found == ACROSS.keys(), "say in ACROSS why this looks across organisations, if it must"


def test_every_table_is_either_an_organisations_or_says_why_not(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        tables = dict(cursor.fetchall())
    unknown = [
        table
        for table in tables
        if table not in SEEN and table not in NOT_AN_ORGANISATIONS and not table.startswith(LEDGER)
    ]
    assert not unknown, "add these to hub/rights/tables.py"
    assert not SEEN.keys() & NOT_AN_ORGANISATIONS.keys()
    assert {table for table, secured in tables.items() if secured} == SEEN.keys() & tables.keys()


def test_the_rights_are_set_once_and_only_by_the_owner(hub_database, db):
    before = _seen_by_server()
    applying.apply()
    assert _seen_by_server() == before  # nothing to do: no lock on any table
    with acting.request(), connection.cursor() as cursor, pytest.raises(DatabaseError):
        cursor.execute("COMMENT ON FUNCTION joinedup_organisation() IS 'x'")


def test_an_account_that_does_not_own_the_tables_is_told_what_to_do(db):
    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON FUNCTION joinedup_organisation() IS 'older'")
        cursor.execute(f"SET ROLE {acting.HUB_ROLE}")
    try:
        with pytest.raises(applying.RightsOutOfDate, match="owner"):
            applying.apply()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    applying.apply()


def _seen_by_server():
    with connection.cursor() as cursor:
        cursor.execute("SELECT polrelid, oid FROM pg_policy ORDER BY oid")
        return cursor.fetchall()


def test_a_page_runs_with_the_hubs_role_and_leaves_the_connection_as_it_was(
    browser_client, two, monkeypatch
):
    from joinedup.hub.pages import views

    seen = []

    def look(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_setting('joinedup.organisation')")
            seen.append(cursor.fetchone())
        return original(request)

    original = views.start
    from joinedup.hub import urls

    place = next(each for each in urls.urlpatterns if getattr(each, "name", "") == "start")
    monkeypatch.setattr(place, "callback", look)
    browser_client.get("/")
    assert seen == [(acting.HUB_ROLE, "")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user = session_user, current_setting('joinedup.organisation')"
        )
        assert cursor.fetchone() == (True, "")


def test_an_account_of_the_hub_that_is_no_superuser_can_serve(hub_database, two):
    """As in production: it may sign in and take the role, and owns nothing."""
    with psycopg.connect(hub_database, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS hub_account")
        owner.execute("CREATE ROLE hub_account NOSUPERUSER LOGIN IN ROLE joinedup_hub")
        try:
            with psycopg.connect(hub_database, user="hub_account", autocommit=True) as link:
                link.execute(acting._NARROW, [acting.HUB_ROLE, str(two[0].pk)])
                assert link.execute("SELECT count(*) FROM discovery_search").fetchone() == (1,)
                link.execute(acting._WIDEN)
                # Its own rights, without the role, are no wider.
                assert link.execute("SELECT count(*) FROM discovery_search").fetchone() == (0,)
        finally:
            owner.execute("DROP ROLE hub_account")
