"""An entry is written with the decision it is about, or neither is; and it is only added to."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction
from django.db import Error as DatabaseFailure

from joinedup.ledger.entry import read_content


def only(hub):
    return hub.opened([hub.entries().get()])[0]


def test_what_was_noted_and_what_is_recorded_are_one_entry(hub):
    with hub.writing.drafting() as draft:
        hub.note(organisation="T1", purpose="s47", person=12)
        hub.note(purpose="EHA")
        id = hub.record(
            action="record.find", subject="9990000018", reason="Bruises", holders=("T2",)
        )
        assert draft.entries == 1
    found = only(hub)
    assert found.id == id
    assert found.facts["purpose"] == "EHA"
    assert found.facts["holders"] == ["T2"]
    assert found.personal == {
        "subject": "9990000018", "reason": "Bruises", "case_reference": "", "person": "12",
    }  # fmt: skip


def test_outside_a_request_it_is_an_entry_of_its_own(hub):
    hub.note(organisation="nobody")
    hub.record(action="ledger.forget")
    assert only(hub).facts["organisation"] == ""


def test_a_fact_that_no_entry_has_is_refused(hub):
    for write in (hub.note, hub.record):
        with pytest.raises(TypeError, match="an entry has no nhs_number"):
            write(nhs_number="9990000018")


def test_a_request_has_one_entry(hub):
    with hub.writing.drafting():
        hub.record(action="one")
        with pytest.raises(RuntimeError, match="once"):
            hub.record(action="two")


def test_what_is_rolled_back_has_no_entry_and_does_not_count(hub):
    with hub.writing.drafting() as draft:
        with transaction.atomic():
            hub.record(action="record.find", subject="9990000018")
            transaction.set_rollback(True)
        assert draft.entries == 0
        hub.record(action="record.find", outcome="failed")
        assert draft.entries == 1
    assert only(hub).facts["outcome"] == "failed"


def test_nothing_personal_is_in_what_is_not_sealed(hub):
    hub.record(
        action="record.find", subject="9990000018", others=("9990000026",), reason="Bruises",
        case_reference="C-4711", person="person-77",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT e::text, convert_from(e.content, 'utf8') FROM ledger_entry e")
        row = " ".join(cursor.fetchone())
    for text in ("9990000018", "9990000026", "Bruises", "C-4711", "person-77"):
        assert text not in row
        assert text.encode().hex() not in row


def test_one_subject_has_one_key_also_when_many_write_at_once(hub):
    def write(_):
        try:
            hub.record(action="record.find", subject="9990000018")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    assert hub.models.SubjectKey.objects.count() == 1
    assert hub.entries().count() == 40
    assert all(found.personal for found in hub.opened(hub.entries()))


def test_without_a_child_it_is_sealed_for_the_person_who_acted(hub):
    hub.record(action="sign-in", person="7")
    hub.record(action="sign-in", person="8")
    hub.record(action="request.start")
    assert hub.models.SubjectKey.objects.count() == 2
    assert [bool(found.personal) for found in hub.opened(hub.entries())] == [True, True, False]


def test_what_is_forgotten_cannot_be_opened_and_nobody_else_is(hub):
    hub.record(action="record.find", subject="9990000018", reason="Bruises")
    hub.record(action="record.find", subject="9990000026", reason="Missing")
    before = [bytes(entry.content) for entry in hub.entries()]
    assert hub.forget("9990000018") == 1
    assert hub.forget("9990000018") == 0
    first, second, *_ = hub.opened(hub.entries())
    assert (first.personal, first.damaged) == (None, False)
    assert second.personal["reason"] == "Missing"
    assert [bytes(entry.content) for entry in hub.entries()][:2] == before
    assert not hub.models.SubjectKey.objects.filter(
        wrapped__isnull=True, destroyed_at=None
    ).exists()
    hub.record(action="record.find", subject="9990000018", reason="Back again")
    assert hub.opened(hub.entries())[-1].personal["reason"] == "Back again"


def test_that_something_was_forgotten_does_not_say_who(hub):
    hub.record(action="record.find", subject="9990000018")
    hub.forget("9990000018")
    last = hub.opened(hub.entries())[-1]
    assert (last.facts["action"], last.facts["results"]) == ("ledger.forget", 1)
    assert last.personal is None


def test_what_was_sealed_for_another_entry_shows(hub):
    for subject in ("9990000018", "9990000018"):
        hub.record(action="record.find", subject=subject, reason="Bruises")
    one, other = hub.entries()
    one.sealed = other.sealed
    assert hub.opened([one])[0].damaged
    assert not hub.opened([other])[0].damaged


TABLES = ["entry", "leaf", "node", "signedcheckpoint", "witnessed", "holdback"]


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_change_the_log(hub, table):

    hub.looked.hold_back(
        hub.record(action="record.find"), hub.looked.HeldBack.POLICE, "An investigation"
    )
    hub.checkpoints.checkpoint()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), min(ctid) FROM ledger_{table}")
        assert cursor.fetchone()[0]
        column = {"entry": "action", "leaf": "entry_id", "node": "hash"}.get(table, "id")
        for change in (
            f"UPDATE ledger_{table} SET {column} = {column}",
            f"DELETE FROM ledger_{table}",
            f"TRUNCATE ledger_{table} CASCADE",
        ):
            with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
                cursor.execute(change)


def test_a_key_can_be_destroyed_and_nothing_else(hub):
    hub.record(action="record.find", subject="9990000018")
    with connection.cursor() as cursor:
        for change in (
            "UPDATE ledger_subjectkey SET wrapped = wrapped || '\\x00'",
            "UPDATE ledger_subjectkey SET wrapped = NULL, destroyed_at = now(), about = 'x'",
            "DELETE FROM ledger_subjectkey",
            "TRUNCATE ledger_subjectkey",
        ):
            with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
                cursor.execute(change)
    hub.forget("9990000018")
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute("UPDATE ledger_subjectkey SET wrapped = 'x', destroyed_at = NULL")


def test_the_hubs_and_the_workers_roles_can_write_entries_and_nothing_else(hub):
    hub.record(action="record.find", subject="9990000018")
    with connection.cursor() as cursor:
        try:
            cursor.execute("SET ROLE joinedup_hub")
            hub.record(action="record.find", subject="9990000026", reason="Missing")
            for change in (
                "UPDATE ledger_entry SET action = 'x'",
                "DELETE FROM ledger_entry",
                "TRUNCATE ledger_entry",
                "DELETE FROM ledger_waiting",
                "INSERT INTO ledger_leaf VALUES (0, 1)",
                "INSERT INTO ledger_node VALUES (0, 0, '')",
                "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
            ):
                with pytest.raises(DatabaseError, match=r"denied|owner"), transaction.atomic():
                    cursor.execute(change)
            cursor.execute("SET ROLE joinedup_worker")

            assert hub.sequencing.sequence() == 2
            for change in ("DELETE FROM ledger_leaf", "UPDATE ledger_entry SET action = 'x'"):
                with pytest.raises(DatabaseError, match="denied"), transaction.atomic():
                    cursor.execute(change)
        finally:
            cursor.execute("RESET ROLE")


def test_an_entry_that_cannot_be_written_says_so(hub):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        with pytest.raises(hub.writing.NotRecorded) as failure:
            hub.record(action="record.find", subject="9990000018")
        assert isinstance(failure.value.__cause__, DatabaseFailure)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_entry DROP CONSTRAINT full_up")
    assert not hub.entries().exists()
    # A key may be left behind: it has sealed nothing.


def test_the_columns_to_find_an_entry_by_are_what_it_says(hub):
    hub.record(action="record.find", organisation="T1")
    entry = hub.entries().get()
    told = read_content(bytes(entry.content))
    assert (told["action"], told["organisation"], told["id"]) == (
        "record.find",
        "T1",
        str(entry.id),
    )
    assert json.loads(bytes(entry.content))["at"].startswith(f"{entry.at:%Y-%m-%dT%H:%M:%S}")
