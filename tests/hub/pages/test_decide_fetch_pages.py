"""A practitioner is told to ask the agency; a person there decides; the record comes."""

import re

from tests.hub.pages.desk import SUI, Desk, answer_finds, share, text, withhold


def asked_and_left(region, worker):
    search = worker.search()
    answer_finds(region, school_education="P1")
    (fetch_id,) = worker.links(search)
    asked = worker.ask(search, fetch_id)["Location"]
    withhold(region, "ask-us")
    assert "The agency wants to speak with you first" in text(worker.get(asked))
    return asked


def decide(region, **form):
    lead = Desk.of(region.school.organisation, "safeguarding-lead")
    page = lead.get("/asked-of-us").content.decode()
    (path,) = set(re.findall(r'href="(/asked-of-us/[\w-]+)"', page))
    assert SUI not in lead.get(path).content.decode()
    assert lead.post(path, **{"words": "It helps them.", **form}).status_code == 302
    return lead, path


def test_the_record_comes_to_where_it_was_asked_for(region, worker):
    asked = asked_and_left(region, worker)
    decide(region, answer="share")
    assert "waiting" in worker.get(asked).content.decode()
    assert share(region, educationSettingName="Redwood Example Academy") == 1
    assert "Redwood Example Academy" in text(worker.get(asked))


def test_detriment_looks_as_if_nothing_were_held(region, worker):
    asked = asked_and_left(region, worker)
    decide(region, answer="withhold", reason="detriment")
    withhold(region, "detriment")
    page = text(worker.get(asked))
    assert "speak with you" not in page
    assert "harm" not in page


def test_a_whole_record_is_shared_or_not(region, worker):
    asked_and_left(region, worker)
    lead, path = decide(region, answer="share")
    page = text(lead.get(path))
    assert "all of the record" in page
    assert "Share a part" not in page
    assert lead.post(path, answer="part", words="x").status_code == 200
