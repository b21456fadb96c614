"""Conflicts between links are cases; what a person decides is a link event that can be undone."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from joinedup.identities.linking_index import Side
from joinedup.linkage.clusters import CONFLICT_SCHEMA
from joinedup.linkage.constraints import Ref
from joinedup.linkage.history import Kind as Event
from tests.hub.reviewing import elsewhere, record, sign_in

HARVEY = {"given": "Harvey", "phone": None}
A, B, C = Ref("schools", "S1"), Ref("health", "H1"), Ref("police", "P1")


def cases():
    from joinedup.hub.reconciliation.models import ReviewCase

    return ReviewCase.objects


@pytest.fixture
def identities(links):
    """Oliver at school, and at the health service a Harvey of the same home and birth date."""
    links.identities.add(record(*A))
    links.identities.add(record(*B, **HARVEY))
    return links.identities


def conflicts_file(folder, *rows):
    table = pa.Table.from_pylist(
        [
            {
                "reason": reason, "words": words, "match_weight": 1.0, "against": None,
                "records": [ref._asdict() for ref in refs],
            }
            for reason, words, refs in rows
        ],
        schema=CONFLICT_SCHEMA,
    )  # fmt: skip
    path = folder / "conflicts.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture
def case(tmp_path, identities, organisation):
    path = conflicts_file(tmp_path, ("side-by-side", "Two records of one file.", (A, B)))
    call_command("open_review_cases", str(path), organisation="T1")
    return cases().get()


def together(identities, one=A, other=B):
    return identities.identity_of(*one) == identities.identity_of(*other)


def decide(browser, case, choice, note="", confirmed="yes"):
    form = {"choice": choice, "note": note, "confirmed": confirmed}
    return browser.post(f"/review/{case.id}/decide", form)


def test_a_run_can_be_loaded_again_without_asking_twice(case, tmp_path, organisation, capsys):
    call_command("open_review_cases", str(tmp_path / "conflicts.parquet"), organisation="T1")
    assert cases().count() == 1
    assert case.records == [list(A), list(B)]
    assert case.details is None  # the records' details stay where they are


def test_the_records_of_the_conflicts_are_taken_in_from_the_files(
    links, organisation, tmp_path, capsys
):
    head = "Id,Given,Family,DOB,Postcode\n"
    (tmp_path / "schools.csv").write_text(head + "S1,Oliver,Smith,2012-03-04,LS1 4AP\n"
                                          "S2,Someone,Else,2011-01-01,LS2 9ZZ\n")  # fmt: skip
    (tmp_path / "health.csv").write_text(head + "H1,Harvey,Smith,2012-03-04,LS1 4AP\n")
    path = conflicts_file(tmp_path, ("contested", "It fits two.", (A, B)))
    files = [str(tmp_path / "schools.csv"), str(tmp_path / "health.csv")]
    call_command("open_review_cases", str(path), organisation="T1", records=files)
    assert links.identities.identity_of(*A)
    assert links.identities.identity_of(*B)
    assert links.identities.identity_of("schools", "S2") is None


def test_open_questions_of_identities_become_cases(links, organisation, capsys):
    links.identities.add(record(*A))
    placed = links.identities.add(record(*B, given="Olly", postcode="LS6 2AB", phone=None))
    assert placed.outcome == "possible"
    call_command("open_review_cases", organisation="T1")
    found = cases().get()
    assert found.kind == "possible"
    assert {tuple(each) for each in found.records} == {A, B}


@pytest.mark.parametrize("arguments", [{"organisation": "T9"}, {"organisation": "T1"}])
def test_what_cannot_be_loaded_is_said(links, organisation, tmp_path, arguments):
    wrong = tmp_path / "wrong.parquet"
    wrong.write_text("not parquet")
    with pytest.raises(CommandError, match=r"no organisation T9|cannot be read as Parquet"):
        call_command("open_review_cases", str(wrong), **arguments)


def test_a_reviewer_sees_the_records_side_by_side_with_the_evidence(
    case, browser_client, organisation
):
    sign_in(browser_client, organisation)
    page = browser_client.get(f"/review/{case.id}").content.decode()
    for words in ("Oliver", "Harvey", "Two records of one file.", "<strong>Different</strong>",
                  "the given name is different", "a twin or a sibling"):  # fmt: skip
        assert words in page
    assert "<svg" in page
    assert 'role="img"' in page
    # Where people live, and their numbers, are compared and not shown.
    for hidden in ("LS1", "+44131", "0131"):
        assert hidden not in page
    assert case.entries.filter(action="seen").exists()


def test_same_child_joins_and_undo_parts_exactly(case, identities, browser_client, organisation):
    reviewer = sign_in(browser_client, organisation)
    before = [identities.identity_of(*ref) for ref in (A, B)]
    assert "Confirm" in decide(browser_client, case, "same:1", confirmed="").content.decode()
    assert not together(identities)
    assert decide(browser_client, case, "same:1", "Both seen").status_code == 302
    assert together(identities)
    past = identities.history(identities.identity_of(*A))[-1].event
    assert past.kind is Event.MERGE
    assert past.by == f"person {reviewer.person_id}"
    assert str(case.id) in past.note
    browser_client.post(f"/review/{case.id}/undo")
    assert [identities.identity_of(*ref) for ref in (A, B)] == before
    assert identities.rebuild() == []
    case.refresh_from_db()
    assert (case.status, case.events) == ("undone", [])


def test_not_the_same_beats_the_model_from_then_on(
    tmp_path, links, organisation, browser_client, capsys
):
    identities = links.identities
    identities.add(record(*A))
    identities.add(record(*B))
    assert together(identities)
    path = conflicts_file(tmp_path, ("decision", "Look again.", (A, B)))
    call_command("open_review_cases", str(path), organisation="T1")
    sign_in(browser_client, organisation)
    assert decide(browser_client, cases().get(), "not-same").status_code == 302
    assert not together(identities)
    identities.change(record(*B, email="oliver@example.com"))
    assert not together(identities)


def test_of_several_records_the_reviewer_says_which(
    tmp_path, identities, organisation, browser_client, capsys
):
    identities.add(record(*C, given="Olly", postcode="LS6 2AB", phone=None))
    path = conflicts_file(tmp_path, ("contested", "It fits two.", (C, A, B)))
    call_command("open_review_cases", str(path), organisation="T1")
    sign_in(browser_client, organisation)
    found = cases().get()
    page = browser_client.get(f"/review/{found.id}").content.decode()
    assert "Same child: police P1 and schools S1" in page
    decide(browser_client, found, "same:1")
    assert together(identities, C, A)
    assert not together(identities, C, B)


def test_cannot_tell_moves_nothing(case, identities, browser_client, organisation):
    sign_in(browser_client, organisation)
    decide(browser_client, case, "cannot-tell", "The school is asked")
    case.refresh_from_db()
    assert (case.status, case.events) == ("decided", [])
    assert not together(identities)


def test_an_adoption_stands_against_a_decision_and_is_not_told(
    case, identities, browser_client, organisation
):
    identities.forbid(Side(refs=(A,)), Side(refs=(B,)))
    sign_in(browser_client, organisation)
    answer = decide(browser_client, case, "same:1")
    assert answer.status_code == 409
    assert "adopt" not in answer.content.decode().lower()
    assert not together(identities)
    case.refresh_from_db()
    assert case.is_waiting


def test_records_that_are_kept_apart_for_good_are_no_case(
    tmp_path, identities, organisation, browser_client, capsys
):
    """Nor were they, once two people have sealed the pair (trust rule L19)."""
    from joinedup.hub.shields.asking import hide_cases_of_both

    path = conflicts_file(tmp_path, ("side-by-side", "Two records of one file.", (A, B)))
    call_command("open_review_cases", str(path), organisation="T1")
    identities.forbid(Side(refs=(A,)), Side(refs=(B,)))
    hide_cases_of_both()
    sign_in(browser_client, organisation)
    assert browser_client.get(f"/review/{cases().get().id}").status_code == 404
    path = conflicts_file(tmp_path, ("side-by-side", "Two records of one file.", (B, A)))
    call_command("open_review_cases", str(path), organisation="T1")
    assert cases().count() == 1


def test_a_record_that_is_gone_is_said_to_be_gone(case, identities, browser_client, organisation):
    identities.remove(*B)
    sign_in(browser_client, organisation)
    assert "No longer here" in browser_client.get(f"/review/{case.id}").content.decode()


def test_another_organisation_neither_sees_nor_decides(
    case, identities, browser_client, organisation
):
    sign_in(browser_client, elsewhere())
    assert browser_client.get(f"/review/{case.id}").status_code == 404
    assert decide(browser_client, case, "same:1").status_code == 404
    assert not together(identities)
