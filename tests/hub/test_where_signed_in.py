"""People see where they are signed in, and sign out of the others (OWASP ASVS 5.0 V7.5.2)."""

import re
from datetime import timedelta

import pytest

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0"
PHONE = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def nurse(organisation):
    from tests.hub.organisations.people import member

    return member(organisation, "nurse", name="Pat Invented")


@pytest.fixture
def at(nurse):
    """A browser of the nurse's, used once."""
    from tests.hub.organisations.people import browser

    def open(user_agent, *, whose=None, stepped_up=True):
        made = browser(whose or nurse, stepped_up=stepped_up)
        made.defaults["HTTP_USER_AGENT"] = user_agent
        made.get("/find/reason")
        return made

    return open


def text(answer):
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def ids(answer):
    return re.findall(r'name="session" type="checkbox" value="([\w-]+)"', answer.content.decode())


def is_in(browser):
    return browser.get("/find/reason").status_code == 200


def test_each_browser_is_listed_without_an_address(at, organisation):
    here, there = at(FIREFOX), at(PHONE)
    said = text(here.get("/where-signed-in"))
    assert "2 browsers" in said
    assert "Firefox (this one)" in said
    assert "Safari, on a phone or tablet" in said
    assert f"Nurse, {organisation.name}" in said.replace("&#39;", "'")
    assert "127.0.0.1" not in said
    assert "iPhone" not in said
    there.post("/sign-out")
    assert "You are signed in nowhere else" in text(here.get("/where-signed-in"))


def test_nobody_elses_sessions_are_listed_or_ended(at, organisation):
    from joinedup.hub.pages.models import SignedIn
    from tests.hub.organisations.people import member

    here = at(FIREFOX)
    theirs = at(EDGE, whose=member(organisation, "nurse"))
    assert "Edge" not in text(here.get("/where-signed-in"))
    wanted = SignedIn.objects.exclude(membership__person__name="Pat Invented").get()
    assert "Select where" not in text(here.get("/where-signed-in/end"))
    assert here.post("/where-signed-in/end", {"session": str(wanted.id)}).status_code == 200
    assert is_in(theirs)


def test_signing_out_of_the_others_ends_them_and_not_this_one(at):
    from joinedup.hub.ledger.models import Entry
    from joinedup.hub.ledger.opening import opened

    here, phone, edge = at(FIREFOX), at(PHONE), at(EDGE)
    page = here.get("/where-signed-in/end")
    assert page.content.decode().count("checked") == 2
    before = Entry.objects.count()
    here.post("/where-signed-in/end", {"session": ids(page)})
    assert Entry.objects.count() == before + 1
    entry = opened(Entry.objects.order_by("number"))[-1].facts
    assert (entry["action"], entry["results"]) == ("session.end", 2)
    assert (is_in(here), is_in(phone), is_in(edge)) == (True, False, False)
    assert "You are signed in nowhere else" in text(here.get("/where-signed-in/end"))


def test_one_alone_can_be_ended_and_none_is_an_error(at):
    here, phone, edge = at(FIREFOX), at(PHONE), at(EDGE)
    page = here.get("/where-signed-in/end")
    assert "Select where to sign out" in text(here.post("/where-signed-in/end"))
    phones = next(
        id
        for id in ids(page)
        if "Safari, on a phone" in page.content.decode().partition(id)[2][:600]
    )
    assert here.post("/where-signed-in/end", {"session": phones}).status_code == 302
    assert (is_in(here), is_in(phone), is_in(edge)) == (True, False, True)


def test_one_proves_again_who_one_is_before(at):
    here, phone = at(FIREFOX, stepped_up=False), at(PHONE)
    assert here.get("/where-signed-in").status_code == 200
    assert here.get("/where-signed-in/end")["Location"] == "/sign-in/again"
    assert here.post("/where-signed-in/end", {"session": "x"})["Location"] == "/sign-in/again"
    assert is_in(phone)


def test_what_ran_out_is_not_listed_and_leaves_no_row(at):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from joinedup.hub.pages.models import SignedIn
    from joinedup.hub.pages.tasks import end_idle_sessions

    here, phone = at(FIREFOX), at(PHONE)
    key = phone.cookies["__Host-session"].value
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(minutes=1))
    assert "1 browser" in text(here.get("/where-signed-in"))
    end_idle_sessions()
    assert SignedIn.objects.count() == 1


def test_a_new_key_of_the_same_session_is_the_same_browser(at):
    """Proving again who one is changes the key (cycle_key): the list still has one line."""
    from joinedup.hub.pages.models import SignedIn
    from joinedup.hub.sealing.sessions import SessionStore

    here = at(FIREFOX)
    store = SessionStore(here.cookies["__Host-session"].value)
    store.cycle_key()
    store.save()
    here.cookies["__Host-session"] = store.session_key
    assert "1 browser " in text(here.get("/where-signed-in"))
    assert SignedIn.objects.get().session_id == store.session_key


def test_stopping_a_person_ends_their_sessions_for_good(at, nurse):
    """Also one that was not used meanwhile, once they are let in again."""
    from joinedup.hub.organisations.models import Person
    from joinedup.hub.organisations.stopping import block_person

    phone = at(PHONE)
    block_person(nurse.person, "T1", None, "A lost telephone")
    Person.objects.update(blocked_at=None)
    assert not is_in(phone)
    assert is_in(at(FIREFOX))


def test_a_session_that_was_just_ended_is_no_error(at, nurse):
    """Its first click and its end at the same moment: it is signed out."""
    from django.contrib.sessions.models import Session
    from django.db import IntegrityError

    from joinedup.hub.pages import sessions
    from joinedup.hub.sealing.sessions import SessionStore

    store = SessionStore()
    store.create()
    Session.objects.all().delete()
    with pytest.raises(IntegrityError):
        sessions.know(store, nurse, 0.0, FIREFOX)


@pytest.mark.parametrize(
    ("said", "family"),
    [
        (FIREFOX, "Firefox"),
        (EDGE, "Microsoft Edge"),
        (PHONE, "Safari, on a phone or tablet"),
        (EDGE.partition(" Edg")[0], "Chrome"),
        ("curl/8", "Another browser"),
        ("", "Another browser"),
    ],
)
def test_a_browser_is_told_by_its_family(django_ready, said, family):
    from joinedup.hub.pages.sessions import browser_family

    assert browser_family(said) == family
