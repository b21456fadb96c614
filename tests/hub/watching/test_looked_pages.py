"""Who looked, as pages and files: for whom, and what is never in them."""

import csv
import io

import pytest

from tests.hub.watching.conftest import SUI

ASK = {
    "sui": SUI, "reason": "A parent asked who had looked", "case_reference": "SAR-1",
    "show": "full",
}  # fmt: skip


def text(answer):
    return answer.content.decode()


def test_the_lead_sees_names_reasons_and_asking_is_itself_recorded(hub):
    hub.look()
    page = hub.browser(hub.lead).post("/looked", ASK)
    for shown in ("Pat Testerton", "Bruises seen", "C-7", "Looked up the NHS number"):
        assert shown in text(page)
    last = hub.last()
    assert last.facts["action"] == "ledger.who-looked"
    assert last.personal["reason"] == "A parent asked who had looked"
    assert last.personal["subject"] == SUI


def test_a_reason_is_needed_and_the_number_is_in_no_address(hub):
    hub.look()
    page = hub.browser(hub.lead).post("/looked", {**ASK, "reason": ""})
    assert "Say why you need to see who looked" in text(page)
    assert "Pat Testerton" not in text(page)
    assert hub.browser(hub.lead).get(f"/looked?sui={SUI}").content.decode().count(SUI) == 0
    assert hub.browser(hub.pat).get("/looked").status_code == 403
    assert hub.browser(hub.lead, stepped_up=False).post("/looked", ASK).status_code == 302


def test_a_lead_answers_for_their_own_people_and_records(hub):
    hub.look()
    nurse = hub.member(hub.trust, "nurse", "Nia Nurse")
    hub.look(nurse, holders=("T1",), reason="Seen in A&E")
    hub.look(nurse, reason="Another matter")
    page = text(hub.browser(hub.lead).post("/looked", ASK))
    assert page.count("govuk-table__row") == 3  # the head, and two entries
    assert "Pat Testerton" in page
    assert "Nia Nurse" not in page
    assert "Seen in A" not in page
    assert "Another matter" not in page
    everybody = text(hub.browser(hub.hub_lead).post("/looked", ASK))
    assert "Nia Nurse" in everybody
    assert "Pat Testerton" in everybody


def test_the_lead_sees_how_their_own_people_had_to_do_with_the_child(hub):
    """Of another organisation's people they learn it there, and the family is not told it."""
    nurse = hub.member(hub.trust, "nurse", "Nia Nurse")
    hub.look(action="record.find", relationship="caseload")
    hub.look(nurse, action="record.find", relationship="self-claimed", holders=("T1",))
    lead = hub.browser(hub.lead)
    page = text(lead.post("/looked", ASK))
    assert page.count("The child was in their caseload") == 1
    assert "By their own word" not in page
    assert "By their own word" in text(hub.browser(hub.hub_lead).post("/looked", ASK))
    assert "caseload" not in text(lead.post("/looked", {**ASK, "show": "family"}))


def test_the_family_is_given_no_name_and_nothing_held_back(hub):
    hub.look()
    hub.look(purpose="early-help")
    held = hub.look(purpose="section-47", role="police-sergeant")
    lead = hub.browser(hub.lead)
    done = lead.post(
        f"/looked/{held}/hold", {"code": "police", "why": "It would tip the father off"}
    )
    assert done.status_code == 302
    page = text(lead.post("/looked", {**ASK, "show": "family"}))
    last = hub.last()
    assert (last.facts["results"], last.facts["withheld"]) == (2, 2)  # the entry, and its holding
    as_csv = lead.post("/looked", {**ASK, "show": "family", "as": "csv"})
    printed = lead.post("/looked", {**ASK, "show": "family", "as": "print"})
    for given in (page, text(as_csv), text(printed)):
        for hidden in ("Pat Testerton", "Bruises", "C-7", "Police sergeant", "tip", "held back:"):
            assert hidden not in given
        assert "Testshire" in given
    rows = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert len(rows) == 2 + 3, "two heads; two looks; and that the page was written before"
    assert "Contains personal data" in rows[0][0]
    assert "<link" not in text(printed), "it needs nothing else"
    assert "<script" not in text(printed)
    assert as_csv["Content-Disposition"].startswith("attachment")


def test_a_formula_in_a_name_runs_in_no_spreadsheet(hub):
    hub.organisation.name = '=HYPERLINK("http://evil.example","x")'
    hub.organisation.save()
    hub.look()
    answer = hub.browser(hub.lead).post("/looked", {**ASK, "show": "family", "as": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[2][2].startswith("'=HYPERLINK")


def test_an_entry_is_shown_again_and_nobody_elses_is_held(hub):
    own = hub.look()
    lead = hub.browser(hub.lead)
    why = {"code": "police", "why": "It would tip the father off"}
    assert hub.browser(hub.trust_lead).post(f"/looked/{own}/hold", why).status_code == 404
    lead.post(f"/looked/{own}/hold", why)
    assert "Held back" in text(lead.post("/looked", ASK))
    lead.post(f"/looked/{own}/hold", {**why, "why": "The trial is over now"})
    assert [each.facts["action"] for each in hub.entries() if "hold" in each.facts["action"] or
            "again" in each.facts["action"]][-1] == "ledger.show-again"  # fmt: skip
    family = text(lead.post("/looked", {**ASK, "show": "family"}))
    assert "Looked up the NHS number" in family


REPLACED = "9990000026"


@pytest.fixture
def renumbered(hub):
    """The child's number was replaced: looks by either, by own people and by others."""
    from joinedup.hub.register import supersession

    nurse = hub.member(hub.trust, "nurse", "Nia Nurse")
    hub.look(reason="By the number of now")
    hub.look(sui=REPLACED, reason="By the number of then")
    hub.look(nurse, sui=REPLACED, holders=("T1",), purpose="early-help")
    hub.look(nurse, sui=REPLACED, reason="Not of this child’s council")
    supersession.learnt(REPLACED, SUI)
    return hub


@pytest.mark.parametrize(("asked", "other"), [(SUI, 2), (REPLACED, 1)])
def test_looks_by_a_replaced_number_are_found_by_either(renumbered, asked, other):
    lead = renumbered.browser(renumbered.lead)
    page = text(lead.post("/looked", {**ASK, "sui": asked}))
    assert "By the number of now" in page
    assert "By the number of then" in page
    assert page.count("govuk-table__row") == 4, "the head, two of our own, one of our records"
    assert page.count("Under another NHS number of this child") == other
    family = text(lead.post("/looked", {**ASK, "sui": asked, "show": "family"}))
    assert family.count("Looked up the NHS number") == 3
    everybody = text(renumbered.browser(renumbered.hub_lead).post("/looked", ASK))
    assert everybody.count("Looked up the NHS number") == 4


def test_that_a_shielded_child_has_another_number_is_not_told_by_who_looked(renumbered):
    """Own people's looks by it are found, which are ours to answer for; what others did is not."""
    from tests.hub.register.test_supersession import shield

    shield(renumbered.trust, SUI)
    lead = renumbered.browser(renumbered.lead)
    page = text(lead.post("/looked", ASK))
    assert "By the number of then" in page
    assert "Under another NHS number" not in page
    assert page.count("Looked up the NHS number") == 2
    family = text(lead.post("/looked", {**ASK, "show": "family"}))
    assert family.count("Looked up the NHS number") == 2
    everybody = text(renumbered.browser(renumbered.hub_lead).post("/looked", ASK))
    assert everybody.count("Looked up the NHS number") == 4


def test_numbers_that_are_kept_apart_find_no_looks_of_each_other(renumbered, links):
    """One before adoption and one after (trust rule L19)."""
    from joinedup.identities.linking_index import Side

    links.identities.forbid(Side((REPLACED,)), Side((SUI,)))
    page = text(renumbered.browser(renumbered.hub_lead).post("/looked", ASK))
    assert "By the number of now" in page
    assert "By the number of then" not in page
