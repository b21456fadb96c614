"""Rows of a file without a number are cases, and their answers come back as a file."""

import csv

import pytest
from django.core.management import CommandError, call_command

from tests.hub.reviewing import sign_in
from tests.hub.sources import FOUND, NUMBER
from tests.hub.test_review_identifiers import FORM

HEAD = "Id,Given,Family,DOB,Postcode,SUI_Status,SUI_NHSNo,SUI_Score,SUI_Reason\n"
ROWS = (
    "C1,Rowan,Testertown,27/03/2014,LS1 4AP,PotentialMatch,,0.9,family name is similar\n"
    "C2,Alex,Example,09/11/2013,LS1 4AP,Match,9990548609,1.0,all agree\n"
    ",Sam,Doubleday,01/06/2015,,ManyMatch,,0.5,several fit\n"
)


def cases():
    from joinedup.hub.reconciliation.models import ReviewCase

    return ReviewCase.objects


@pytest.fixture
def matched(tmp_path, organisation):
    path = tmp_path / "census.csv"
    path.write_text(HEAD + ROWS)
    call_command("open_review_cases", organisation="T1", matched=path)
    return path


def test_every_row_without_a_number_is_one_case(matched, capsys):
    call_command("open_review_cases", organisation="T1", matched=matched)
    assert [case.records for case in cases().order_by("outcome")] == [
        [["census", "row 4"]], [["census", "C1"]],
    ]  # fmt: skip
    assert cases().get(outcome="PotentialMatch").reasons == ["family name is similar"]


def test_the_number_that_a_reviewer_found_comes_back_with_its_row(
    matched, answers_with, browser_client, organisation, tmp_path
):
    sign_in(browser_client, organisation)
    case = cases().get(outcome="PotentialMatch")
    assert "census C1" in browser_client.get("/review").content.decode()
    assert "Testertown" in browser_client.get(f"/review/{case.id}").content.decode()
    answers_with(FOUND)
    browser_client.post(f"/review/{case.id}/ask-again", FORM)
    call_command("review_answers", str(tmp_path / "answers.csv"), organisation="T1")
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert (rows["C1"]["decision"], rows["C1"]["nhs_number"]) == ("same", NUMBER)
    assert (rows["row 4"]["status"], rows["row 4"]["nhs_number"]) == ("open", "")
    case.refresh_from_db()
    assert case.answered_by.issued.get().record_id == "C1"
    assert case.entries.filter(action="collected").exists()


def test_another_table_is_refused_with_what_to_give(tmp_path, organisation):
    path = tmp_path / "census.csv"
    path.write_text("Id,Given,Family,DOB\nC1,Rowan,Testerton,27/03/2014\n")
    with pytest.raises(CommandError, match="give what `joinedup match` wrote"):
        call_command("open_review_cases", organisation="T1", matched=path)
