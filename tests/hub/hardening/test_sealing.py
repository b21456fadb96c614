"""What identifies a child is not in the tables in clear, cannot be moved, and its keys change."""

import secrets
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from joinedup.hub.environment import SettingError
from joinedup.ledger.seal import SealError

NUMBER = "9990000018"
NAME = "Zebedee-Testerton"


@pytest.fixture(autouse=True)
def _fresh_ring(db):
    from joinedup.hub.sealing import keys

    keys.forget()
    yield
    keys.forget()


def whole_database() -> bytes:
    """Every row of every table as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        read = []
        for table in tables:
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                read += [bytes(each) for each in rows]
    return b"".join(read)


def hidden(text: str) -> list[bytes]:
    """How a text would look in a dump: plainly, or in a binary column."""
    return [text.encode(), text.encode().hex().encode()]


def case(organisation, **changes):
    from joinedup.hub.reconciliation.models import ReviewCase

    return ReviewCase.objects.create(
        organisation=organisation, kind="identifier", opened_at=timezone.now(),
        about=secrets.token_hex(8), reason="x", **changes,
    )  # fmt: skip


def test_neither_names_nor_numbers_are_in_a_copy_of_the_database(
    ask, answers_with, organisation, machine, browser_client
):
    from tests.hub.reviewing import sign_in
    from tests.hub.sources import CHILD, FOUND, NOBODY

    asked = {
        "personSpecification": {**CHILD, "family": NAME},
        "metadata": [
            {"recordType": "childrens-services.details", "systemId": "case", "recordId": "C-17"}
        ],
    }
    answers_with(FOUND)
    headers = {"idempotency-key": "once"}
    answered = ask(asked | {"personSpecification": CHILD}, **headers).json()
    answers_with(NOBODY)
    assert ask(asked).json()["status"] == "NoMatch"
    sign_in(browser_client, organisation)
    session = browser_client.session
    session["question"] = {"family": NAME}
    session.save()

    copy = whole_database()
    assert b"childrens-services.details" in copy  # it is a copy of what was written to
    for text in (answered["nhsNumber"], NAME):
        for form in hidden(text):
            assert form not in copy, text


def test_a_sealed_attribute_reads_as_it_was_written(organisation):
    from joinedup.hub.reconciliation.models import ReviewCase

    kept = case(organisation, details={"family": NAME})
    again = ReviewCase.objects.get(pk=kept.pk)
    assert again.details == {"family": NAME}
    again.details = None
    again.save()
    assert ReviewCase.objects.get(pk=kept.pk).details is None
    assert ReviewCase.objects.get(pk=kept.pk).sealed_details is None


def test_what_is_sealed_cannot_be_moved_to_another_row_or_changed(organisation):
    from joinedup.hub.reconciliation.models import ReviewCase

    one, two = case(organisation, details={"family": NAME}), case(organisation, details={"a": "b"})
    ReviewCase.objects.filter(pk=two.pk).update(sealed_details=one.sealed_details)
    with pytest.raises(SealError):
        _ = ReviewCase.objects.get(pk=two.pk).details
    spoilt = bytearray(one.sealed_details)
    spoilt[-1] ^= 1
    ReviewCase.objects.filter(pk=one.pk).update(sealed_details=bytes(spoilt))
    with pytest.raises(SealError):
        _ = ReviewCase.objects.get(pk=one.pk).details


def test_a_number_is_found_by_its_blind_index_alone(organisation, machine):
    from joinedup.hub.identifiers.models import IdentifierRequest, IssuedIdentifier
    from joinedup.hub.sealing.columns import found_by

    made = IdentifierRequest.objects.create(
        correlation_id=uuid.uuid4(), channel="api", organisation=organisation,
        client=machine.client, purpose="x", asked_at=timezone.now(), status="Match",
        nhs_number=NUMBER,
    )  # fmt: skip
    assert (
        IdentifierRequest.objects.get(**found_by(IdentifierRequest, "nhs_number", NUMBER)) == made
    )
    assert not IdentifierRequest.objects.filter(
        **found_by(IdentifierRequest, "nhs_number", "9990000026")
    )
    one = found_by(IdentifierRequest, "nhs_number", NUMBER)["number_index"]
    other = found_by(IssuedIdentifier, "nhs_number", NUMBER)["number_index"]
    assert one != other  # rows of two tables cannot be joined by it


def test_a_session_is_sealed_to_itself(db):
    from django.contrib.sessions.models import Session

    from joinedup.hub.sealing.sessions import SessionStore

    one = SessionStore()
    one["question"] = {"family": NAME}
    one.save()
    other = SessionStore()
    other.save()
    assert SessionStore(one.session_key)["question"] == {"family": NAME}
    row = Session.objects.get(pk=one.session_key)
    assert NAME not in row.session_data
    Session.objects.filter(pk=other.session_key).update(session_data=row.session_data)
    assert "question" not in SessionStore(other.session_key)
    Session.objects.filter(pk=one.session_key).update(session_data="not base64!")
    assert "question" not in SessionStore(one.session_key)


def test_keys_are_changed_and_everything_is_sealed_again(organisation, machine, monkeypatch):
    from joinedup.hub.identifiers.models import IdentifierRequest
    from joinedup.hub.reconciliation.models import ReviewCase
    from joinedup.hub.sealing import keys, rotating
    from joinedup.hub.sealing.columns import found_by
    from joinedup.hub.sealing.models import DataKey

    old, new = secrets.token_hex(32), secrets.token_hex(32)
    monkeypatch.setenv("JOINEDUP_SEALING_KEY", old)
    keys.forget()
    DataKey.objects.all().delete()
    kept = case(organisation, details={"family": NAME})
    number = IdentifierRequest.objects.create(
        correlation_id=uuid.uuid4(), channel="api", organisation=organisation,
        client=machine.client, purpose="x", asked_at=timezone.now(), status="Match",
        nhs_number=NUMBER,
    )  # fmt: skip
    first = DataKey.objects.get().number

    monkeypatch.setenv("JOINEDUP_SEALING_KEY", new)
    monkeypatch.setenv("JOINEDUP_SEALING_OLD_KEY", old)
    keys.forget()
    assert ReviewCase.objects.get(pk=kept.pk).details == {"family": NAME}  # meanwhile, with either
    done = rotating.rotate()
    assert (done.wrapped, done.sealed, done.destroyed) == (1, 2, 0)
    monkeypatch.delenv("JOINEDUP_SEALING_OLD_KEY")
    keys.forget()
    again = ReviewCase.objects.get(pk=kept.pk)
    assert again.details == {"family": NAME}
    assert keys.number_of(bytes(again.sealed_details)) != first
    found = IdentifierRequest.objects.get(**found_by(IdentifierRequest, "nhs_number", NUMBER))
    assert (found.pk, found.nhs_number) == (number.pk, NUMBER)

    later = rotating.rotate(timezone.now() + timedelta(days=2))
    assert later.destroyed == 1
    assert not DataKey.objects.filter(number=first).exists()
    assert ReviewCase.objects.get(pk=kept.pk).details == {"family": NAME}


def test_a_key_that_something_is_sealed_under_is_not_destroyed(organisation, monkeypatch):
    from joinedup.hub.reconciliation.models import ReviewCase
    from joinedup.hub.sealing import rotating
    from joinedup.hub.sealing.models import DataKey

    kept = case(organisation, details={"family": NAME})
    under = DataKey.objects.get(retired_at=None).number
    monkeypatch.setattr(rotating, "_seal_again", lambda model, name, how, newest, done, told: done)
    rotating.rotate()
    assert rotating.rotate(timezone.now() + timedelta(days=2)).destroyed == 0
    assert DataKey.objects.filter(number=under).exists()
    assert ReviewCase.objects.get(pk=kept.pk).details == {"family": NAME}


def test_the_wrong_wrapping_key_is_said_at_the_start(organisation, monkeypatch):
    from joinedup.hub.sealing import keys

    keys.ring().ready()
    monkeypatch.setenv("JOINEDUP_SEALING_KEY", secrets.token_hex(32))
    keys.forget()
    with pytest.raises(SettingError, match="another key"):
        keys.ring().ready()


@pytest.mark.parametrize("digits", ["abc", "zz" * 32, "ab" * 31])
def test_a_key_of_another_length_or_form_is_refused_with_what_is_needed(db, monkeypatch, digits):
    from joinedup.hub.sealing import keys

    monkeypatch.setenv("JOINEDUP_SEALING_KEY", digits)
    with pytest.raises(SettingError, match="64 hexadecimal digits"):
        keys.wrapping()


def test_every_sealed_column_is_read_back_by_the_rotation():
    from joinedup.hub.sealing.columns import every

    assert {f"{model._meta.db_table}.{name}" for model, name, _ in every()} >= {
        "identifiers_identifierrequest.nhs_number",
        "identifiers_issuedidentifier.nhs_number",
        "identifiers_keptanswer.body",
        "reconciliation_reviewcase.details",
        "discovery_subscription.secret",
    }
