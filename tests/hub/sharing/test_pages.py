"""The request pages, walked by both sides without a browser; and what they must not tell."""

import re

import pytest

from tests.hub.sharing.known import HEALTH, SUI


@pytest.fixture
def sides(region, people):
    """Browsers of both sides' people, with the cookie of their reading key."""
    from joinedup.hub.sharing.reading_keys import cookie_name
    from tests.hub.organisations.people import browser

    found = {}
    for code in ("LA", "TRUST", "LEAD", "TRUST-LEAD", "POLICE", "SCHOOL"):
        found[code] = browser(people[code])
        if f"key of {code}" in people:
            found[code].cookies[cookie_name()] = people[f"key of {code}"].code
    return found


WHY = {
    "purpose": "section-47", "reason": "A referral this morning.", "case_reference": "C-1",
    "urgency": "urgent",
}  # fmt: skip
ITEMS = [f"{HEALTH}/missedAppointments", f"{HEALTH}/registeredGP"]


def send(browser, **changes):
    """Go through the task list and send."""
    browser.post("/requests/new")
    assert browser.post("/requests/new/why", {**WHY, **changes}).status_code == 302
    assert browser.post("/requests/new/child", {"nhs_number": SUI}).status_code == 302
    assert browser.post("/requests/new/who", {"holder": "TRUST"}).status_code == 302
    assert browser.post("/requests/new/what", {"items": ITEMS}).status_code == 302
    check = browser.get("/requests/new/check").content.decode()
    assert "A referral this morning." in check
    sent = browser.post("/requests/new/check")
    assert sent.status_code == 200, sent
    from joinedup.hub.sharing.models import ShareRequest

    return ShareRequest.objects.latest("received_at"), sent.content.decode()


ANSWER = {
    "item0-decision": "share", "item0-text": "Missed two appointments.", "item0-standing": "fact",
    "item0-source": "Neighbour", "item0-protected": "on",
    "item1-decision": "withhold", "item1-why": "not-held",
    "words": "It helps them.", "told": "not-told", "why_not_told": "Not safe.",
}  # fmt: skip


def test_from_the_task_list_to_the_receipt(sides, db):
    la, trust = sides["LA"], sides["TRUST"]
    first = la.get("/requests/new").content.decode()
    assert first.count("Cannot start yet") == 3
    request, sent = send(la)
    assert request.reference in sent
    assert "reading code" not in sent  # this browser had one already
    assert request.reference in trust.get("/requests").content.decode()
    at = f"/requests/{request.id}"
    assert "A referral this morning." in trust.get(at).content.decode()
    assert trust.post(f"{at}/answer", ANSWER).status_code == 302
    told = la.get(at).content.decode()
    assert "Nothing was given" in told
    assert "Not safe" not in told
    read = la.get(f"{at}/read")
    text = read.content.decode()
    assert "Missed two appointments." in text
    assert "Neighbour" not in text  # a protected source is not in what was sent at all
    assert read["Cache-Control"] == "no-store"
    for browser in (la, trust):
        entry = re.search(rf"{at}/receipts/([0-9a-f-]+)", browser.get(at).content.decode())[1]
        assert browser.get(f"{at}/receipts/{entry}").status_code == 202
    from joinedup.hub.ledger.checkpoints import checkpoint
    from joinedup.hub.ledger.sequencing import sequence

    sequence()
    checkpoint()
    for browser in (la, trust):
        assert browser.get(f"{at}/receipts/{entry}").json()["proof"] is not None


def test_detriment_and_not_held_are_the_same_bytes(sides):
    seen = []
    for why in ("detriment", "not-held"):
        request, _ = send(sides["LA"])
        review = {"review_day": "1", "review_month": "3", "review_year": "2027"}
        withheld = {
            "item0-decision": "withhold", "item0-why": why,
            "item1-decision": "withhold", "item1-why": why,
            "words": "x" * (400 if why == "detriment" else 4),
            **(review if why == "detriment" else {}),
        }  # fmt: skip
        at = f"/requests/{request.id}"
        done = sides["TRUST"].post(f"{at}/answer", withheld)
        assert done.status_code == 302, done.content.decode()
        answers = [
            sides["LA"].get(at), sides["LA"].get(f"{at}/read"), sides["LEAD"].get(at),
            sides["LA"].post(at, {"act": "withdraw"}),
        ]  # fmt: skip
        seen.append([_plain(each, request) for each in answers])
        assert answers[1].status_code == 404
    assert seen[0] == seen[1]


def _plain(answer, request):
    text = answer.content.decode()
    text = text.replace(str(request.id), "ID").replace(request.reference, "REF")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    text = re.sub(r"\d+ \w+ 2026 at \d\d:\d\d", "WHEN", text)
    loose = {"X-Correlation-ID", "Date", "Set-Cookie"}
    return answer.status_code, text, {k: v for k, v in answer.items() if k not in loose}


def test_a_detriment_and_nothing_held_take_the_same_time(sides, monkeypatch):
    """What takes time is the same for both: every statement to the database, and being held."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from joinedup.hub.shields import same_time

    held = []
    monkeypatch.setattr(same_time, "hold", lambda since, times=1: held.append(times))
    done = []
    for why in ("detriment", "not-held"):
        request, _ = send(sides["LA"])
        at = f"/requests/{request.id}"
        withheld = {
            "item0-decision": "withhold", "item0-why": why,
            "item1-decision": "withhold", "item1-why": why, "words": "x" * 40,
            "review_day": "1", "review_month": "3", "review_year": "2027",
        }  # fmt: skip
        assert sides["TRUST"].post(f"{at}/answer", withheld).status_code == 302
        sides["LA"].get(at)  # what a process learns once is learnt
        for path, status in ((at, 200), (f"{at}/read", 404)):
            held.clear()
            with CaptureQueriesContext(connection) as statements:
                assert sides["LA"].get(path).status_code == status
            assert held == [1]
            done.append([_shape(each["sql"]) for each in statements.captured_queries])
    assert len(done[0]) > 3
    assert done[:2] == done[2:]


def _shape(statement):
    """A statement without what it is about."""
    return re.sub(r"'[^']*'|\b\d+\b", "?", statement)


def test_a_form_that_lacks_something_says_what(sides):
    request, _ = send(sides["LA"])
    page = sides["TRUST"].post(
        f"/requests/{request.id}/answer",
        {"item0-decision": "share", "item1-decision": "withhold", "item1-why": "detriment"},
    ).content.decode()  # fmt: skip
    for said in (
        "Write what you share, or choose a file", "Select how sure it is", "Say why you decide so",
        "Enter the date on which to look at this again",
        "Select whether the child or family was told",
    ):  # fmt: skip
        assert said in page
    nothing = sides["TRUST"].post(f"/requests/{request.id}/answer", {}).content.decode()
    assert nothing.count("Select whether you share this") == 4  # each in the summary and beside it


def test_a_file_is_closed_and_comes_back_as_it_was(sides):
    from django.core.files.uploadedfile import SimpleUploadedFile

    request, _ = send(sides["LA"])
    picture = bytes(range(256)) * 40
    upload = SimpleUploadedFile("plan.pdf", picture, content_type="application/pdf")
    body = {**ANSWER, "item0-text": "", "item0-file": upload}
    assert sides["TRUST"].post(f"/requests/{request.id}/answer", body).status_code == 302
    got = sides["LA"].get(f"/requests/{request.id}/read/0/file")
    assert got.content == picture
    assert got["Content-Type"] == "application/octet-stream"
    assert "attachment" in got["Content-Disposition"]
    assert sides["LA"].get(f"/requests/{request.id}/read/1/file").status_code == 404


@pytest.mark.parametrize(("name", "kind", "size"), [
    ("page.html", "text/html", 10), ("big.pdf", "application/pdf", 1024 * 1024 + 1),
])  # fmt: skip
def test_some_files_are_not_taken(sides, name, kind, size):
    from django.core.files.uploadedfile import SimpleUploadedFile

    request, _ = send(sides["LA"])
    upload = SimpleUploadedFile(name, b"x" * size, content_type=kind)
    body = {**ANSWER, "item0-file": upload}
    page = sides["TRUST"].post(f"/requests/{request.id}/answer", body).content.decode()
    assert "The file must be" in page
    request.refresh_from_db()
    assert request.state == "received"


def test_dialogue_and_handing_on(sides):
    request, _ = send(sides["LA"])
    at = f"/requests/{request.id}"
    sides["TRUST"].post(at, {"act": "message", "message": "Which months?"})
    assert "Which months?" in sides["LA"].get(at).content.decode()
    sides["TRUST"].post(at, {"act": "hand-on", "message": "Too close to me"})
    mine = sides["LA"].get(at).content.decode()
    assert "Handed to the safeguarding lead" in mine
    assert "Too close" not in mine
    assert "Too close" in sides["TRUST-LEAD"].get(at).content.decode()
    assert sides["LA"].post(at, {"act": "hand-on", "message": "x"}).status_code == 200
    assert sides["LA"].post(at, {"act": "withdraw"}).status_code == 302
    assert sides["TRUST"].get(f"{at}/answer").status_code == 404


def test_an_emergency_takes_three_inputs_and_is_completed(sides):
    la = sides["LA"]
    three = {"nhs_number": SUI, "holder": "TRUST", "reason": "Taken to hospital."}
    assert la.post("/requests/emergency", {**three, "reason": ""}).status_code == 200
    sent = la.post("/requests/emergency", three).content.decode()
    assert "within 24 hours" in sent
    from joinedup.hub.sharing.models import ShareRequest

    request = ShareRequest.objects.get()
    assert [(each.record_type, each.field) for each in request.items.all()] == [(HEALTH, "")]
    assert "Complete this emergency request" in la.get("/requests").content.decode()
    at = f"/requests/{request.id}"
    la.post(at, {"act": "complete", "case_reference": "C-9", "words": "A fall."})
    request.refresh_from_db()
    assert request.case_reference == "C-9"
    assert request.completed_at is not None


def test_what_somebody_should_know_is_offered_and_read(sides):
    trust, la = sides["TRUST"], sides["LA"]
    assert "Testshire police" in trust.get("/requests/offer").content.decode()
    trust.post("/requests/offer", {"nhs_number": SUI, "to": "LA"})
    made = trust.post("/requests/offer/what", {
        "about": f"section-47/{HEALTH}", "reason": "Unexplained.", "text": "A burn.",
        "standing": "fact", "told": "told",
    }).content.decode()  # fmt: skip
    assert "can read it" in made
    from joinedup.hub.sharing.models import ShareRequest

    at = f"/requests/{ShareRequest.objects.get().id}"
    assert "Offered to us" in la.get("/requests").content.decode()
    assert "A burn." in la.get(f"{at}/read").content.decode()
    assert sides["SCHOOL"].get(at).status_code == 404


def test_who_has_no_key_asks_for_what_was_offered(sides, people):
    from joinedup.hub.sharing import reading_keys
    from joinedup.hub.sharing.models import ReadingKey, ShareRequest

    ReadingKey.objects.all().delete()
    trust, la = sides["TRUST"], sides["LA"]
    trust.post("/requests/offer", {"nhs_number": SUI, "to": "LA"})
    made = trust.post("/requests/offer/what", {
        "about": f"section-47/{HEALTH}", "reason": "Unexplained.", "text": "A burn.",
        "standing": "fact", "told": "told",
    }).content.decode()  # fmt: skip
    assert "can open it yet" in made
    offer = ShareRequest.objects.get()
    assert la.get(f"/requests/{offer.id}/read").status_code == 302  # to make a key
    code = la.post("/requests/key", {"act": "new"}).content.decode()
    assert reading_keys.shown(la.cookies[reading_keys.cookie_name()].value) in code
    assert "Ask for it" in la.get(f"/requests/{offer.id}/read").content.decode()
    assert la.post(f"/requests/{offer.id}/take-up").status_code == 302
    asked = ShareRequest.objects.get(origin="asked")
    assert (asked.asker_id, asked.holder_id) == (offer.asker_id, offer.holder_id)
    assert offer.reference in asked.reason


def test_another_browser_needs_the_code(sides, people):
    from joinedup.hub.sharing.reading_keys import cookie_name
    from tests.hub.organisations.people import browser

    request, _ = send(sides["LA"])
    sides["TRUST"].post(f"/requests/{request.id}/answer", ANSWER)
    elsewhere = browser(people["LA"])
    read = f"/requests/{request.id}/read"
    assert elsewhere.get(read).status_code == 302
    wrong = elsewhere.post("/requests/key", {"act": "code", "code": "ABCD" * 8}).content.decode()
    assert "This is not your reading code" in wrong
    right = people["key of LA"].code.lower()
    assert elsewhere.post("/requests/key", {"act": "code", "code": right}).status_code == 302
    assert "Missed two" in elsewhere.get(read).content.decode()
    cookie = elsewhere.cookies[cookie_name()]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    # Somebody else's browser with this person's code has nothing.
    sides["POLICE"].cookies[cookie_name()] = people["key of LA"].code
    assert sides["POLICE"].get(read).status_code == 404


def test_a_colleague_sees_neither_the_request_nor_the_answer(sides, region):
    from tests.hub.organisations.people import browser, member

    request, _ = send(sides["LA"])
    sides["TRUST"].post(f"/requests/{request.id}/answer", ANSWER)
    colleague = browser(member(region.la.organisation, "social-worker"))
    assert colleague.get(f"/requests/{request.id}").status_code == 404
    assert request.reference not in colleague.get("/requests").content.decode()
    lead = sides["LEAD"]
    assert lead.get(f"/requests/{request.id}").status_code == 200
    assert lead.get(f"/requests/{request.id}/read").status_code in (403, 404)


def test_the_report_counts(sides):
    request, _ = send(sides["LA"])
    sides["TRUST"].post(f"/requests/{request.id}/answer", ANSWER)
    send(sides["LA"])
    page = sides["TRUST-LEAD"].get("/requests/report").content.decode()
    numbers = re.findall(r'summary-list__value">([^<]+)<', page)
    assert numbers[:3] == ["2", "1", "1"]
    assert sides["TRUST"].get("/requests/report").status_code == 403


def test_nothing_of_the_child_is_in_an_address_or_a_title(sides):
    request, sent = send(sides["LA"])
    page = sides["LA"].get(f"/requests/{request.id}").content.decode()
    addresses = re.findall(r'(?:href|action)="([^"]+)"', page + sent)
    assert not any(SUI in each for each in addresses)
    assert SUI not in re.search(r"<title>(.*?)</title>", page)[1]
