"""The golden matrix and what the catalogue must never say."""

import copy
import re
from pathlib import Path

import pytest

from joinedup.policy.catalogue import Catalogue, CatalogueError, Depth, national
from joinedup.policy.question import Action
from tests.policy import matrix

SCHEMAS = Path(__file__).parents[2] / "docs" / "record-types"


def test_the_golden_matrix_is_what_the_policy_decides() -> None:
    assert matrix.FILE.read_text("utf-8") == matrix.matrix(), (
        "Who may be told what has changed. If two people want that, run "
        "`python -m tests.policy.matrix` and commit the difference."
    )


def test_consent_and_plain_legitimate_interests_are_offered_to_nobody() -> None:
    articles = {basis.article_6 for basis in national().bases.values()}
    assert not articles & {"6(1)(a)", "6(1)(f)"}
    for basis in national().bases.values():
        if basis.article_6 == "6(1)(ea)":
            assert basis.legal_classes == {"other"}  # not for public authorities


def test_every_purpose_has_its_law() -> None:
    assert len(national().purposes) >= 15
    for purpose in national().purposes.values():
        assert re.search(r"\b(Act|Article)\b", purpose.gateway), purpose.code
        assert purpose.article_9.startswith("9(2)("), purpose.code
        assert "fetch" not in purpose.actions or Depth.CONTENT in {
            depth for askers in purpose.asks.values() for depth in askers.depths.values()
        }


def test_sensitive_services_open_only_for_significant_harm_reviews_of_it_and_life() -> None:
    told = {
        purpose.code
        for purpose in national().purposes.values()
        for askers in purpose.asks.values()
        if "sensitive-service" in askers.depths
    }
    assert told == {"section-47", "child-death-review", "practice-review", "medical-emergency"}


def test_shields_open_for_enquiries_and_emergencies_alone() -> None:
    may = {p.code for p in national().purposes.values() if Action.BREAK_GLASS in p.actions}
    assert may == {"section-47", "police-emergency", "medical-emergency"}


def test_emergencies_and_closed_records_are_for_the_purposes_that_say_so() -> None:
    purposes = national().purposes.values()
    assert {p.code for p in purposes if p.emergency} == {"police-emergency", "medical-emergency"}
    assert {p.code for p in purposes if p.archive} == {
        "section-47",
        "child-death-review",
        "practice-review",
    }


def test_every_published_record_type_has_a_class() -> None:
    published = {path.stem for path in SCHEMAS.glob("*.details.md")}
    assert published
    assert published <= set(national().record_types)


def test_the_figures_that_law_and_practice_set() -> None:
    limits = national().limits
    assert (limits.child_until_age, limits.known_until_age) == (18, 25)
    assert (limits.break_glass_minutes, limits.shortest_break_glass_reason) == (30, 20)
    assert limits.complete_emergency_minutes == 24 * 60


def spoil(content, path, value):
    spoilt = copy.deepcopy(content)
    *parents, last = path
    place = spoilt
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return spoilt


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("purpose", "section-47", "bases"), ["hunch"], "hunch"),
        (("purpose", "section-47", "bases"), [], "section-47"),
        (("purpose", "section-47", "actions"), [], "section-47"),
        (("purpose", "section-47", "asks"), {}, "section-47"),
        (("purpose", "section-47", "actions"), ["gossip"], "gossip"),
        (("purpose", "section-47", "gateway"), None, "gateway"),
        (("purpose", "section-47", "asks", "police", "content"), ["horoscope"], "horoscope"),
        (("purpose", "section-47", "asks", "police", "existence"), ["horoscope"], "horoscope"),
        (("record-type", "personal.details"), "horoscope", "horoscope"),
        (("basis", "identifier-duty", "duty"), "etiquette", "etiquette"),
        (("limits", "break-glass-minutes"), None, "break_glass_minutes"),
        (("rule", "shield", "no"), None, "no"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(path, value, named) -> None:
    with pytest.raises(CatalogueError, match=re.escape(named)):
        Catalogue.read(spoil(national().content, path, value))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            ("purpose", "section-47", "bases"),
            ["whim", "hunch"],
            "purpose section-47 names what is not in the catalogue: hunch, whim",
        ),
        (
            ("basis", "identifier-duty", "duty"),
            "etiquette",
            "basis identifier-duty names what is not in the catalogue: etiquette",
        ),
    ],
)
def test_a_contradiction_is_told_with_its_place(path, value, words) -> None:
    """Whoever edits the law must find the line among hundreds."""
    with pytest.raises(CatalogueError, match=f"^{words}$"):
        Catalogue.read(spoil(national().content, path, value))
