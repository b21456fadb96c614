"""Who looked at a child: what the information-governance lead sees, and what a family may."""

import pytest

CHILD, SISTER, OTHER = "9990000018", "9990000026", "9990000034"


@pytest.fixture
def looks(hub):
    def look(**facts):
        known = {"action": "record.find", "organisation": "T1", "role": "social-worker"}
        return hub.record(
            **{**known, "subject": CHILD, "person": "person-77", "purpose": "s47", **facts}
        )

    return look


def test_every_look_is_found_and_nobody_elses(hub, looks):
    mine = [looks(reason="Bruises"), looks(organisation="T2"), looks(outcome="refused")]
    looks(subject=OTHER)
    looks(subject="")
    found = hub.looked.who_looked(CHILD)
    assert [look.entry.id for look in found] == mine
    assert found[0].entry.personal == {
        "subject": CHILD, "person": "person-77", "reason": "Bruises", "case_reference": "",
    }  # fmt: skip


def test_a_child_who_was_named_beside_another_finds_the_look_without_the_other(hub, looks):
    looks(others=(SISTER,), reason="Bruises", case_reference="C-1")
    (look,) = hub.looked.who_looked(SISTER)
    assert look.entry.personal == {
        "subject": "", "person": "person-77", "reason": "", "case_reference": "",
    }  # fmt: skip


def test_another_number_of_the_same_child_is_found_as_well(hub, looks):
    looks()
    looks(subject=OTHER)
    assert len(hub.looked.who_looked(CHILD, OTHER)) == 2


def test_the_family_is_told_no_name_and_not_what_is_held_back(hub, looks):
    looks(reason="Bruises", fields=("nhs_number",))
    held = looks(organisation="P1", role="police-officer")
    looks(organisation="P2", held_back="police")
    hub.looked.hold_back(held, hub.looked.HeldBack.SECTION_47, "It would tip him off")
    with hub.writing.drafting() as draft:
        told = hub.looked.who_looked_for_family(CHILD)
        assert draft.facts["withheld"] == 3
        assert draft.facts["results"] == len(told)
    assert {each.organisation for each in told} == {"T1"}
    assert told[0].fields == ("nhs_number",)
    for text in ("person-77", "Bruises", "P1", "P2", "tip him off"):
        assert text not in repr(told)


def test_that_an_entry_is_held_back_is_on_record_and_can_be_taken_back(hub, looks):
    held = looks()
    hub.looked.hold_back(held, hub.looked.HeldBack.POLICE, "It would tip him off")
    assert [look.held_back for look in hub.looked.who_looked(CHILD)] == ["police", "police"]
    hub.looked.show_again(held, hub.looked.HeldBack.POLICE, "The trial is over")
    looks = hub.looked.who_looked(CHILD)
    assert [look.held_back for look in looks] == ["", "police", "police"]
    assert [look.entry.personal["reason"] for look in looks[1:]] == [
        "It would tip him off", "The trial is over",
    ]  # fmt: skip
    assert looks[1].entry.facts["action"] == "ledger.hold-back"


def test_what_was_forgotten_is_still_counted_and_says_nothing(hub, looks):
    looks(reason="Bruises")
    hub.forget(CHILD)
    (look,) = hub.looked.who_looked(CHILD)
    assert look.entry.personal is None
    assert look.entry.facts["organisation"] == "T1"
