"""``placement.details`` of a looked-after child, from the SSDA903 tables to the sealed record."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from joinedup.custodian.children import Happened, Held
from joinedup.custodian.config import ConfigError, System, read_config
from joinedup.custodian.conformance.stub import StubHub
from joinedup.custodian.node import Node
from joinedup.custodian.placement import placement
from joinedup.standards.schemas import validate
from tests.custodian.agency import CHILDREN, settled, write_config
from tests.custodian.test_sharing import fetch

LAC = """
    [[systems]]
    id = "cms"
    name = "Case management"
    folder = "inbox"
    record_types = ["personal.details", "placement.details"]
    [systems.names]
    authority = "Exampleton"
    authority_code = "999"
"""
SHARE = '[[share]]\nrecord_types = ["placement.details"]'
HEAD = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,"
    "HOME_POST,PL_POST,URN\n"
)
MOVED = (
    "C1,04/02/2025,S,V2,N1,U6,PR4,10/06/2025,X1,CREQO,LS1 4AP,LS9 9ZZ,SC999999\n"
    "C1,10/06/2025,P,V2,N1,K2,PR1,03/09/2025,X1,,LS1 4AP,LS8 8ZZ,SC999998\n"
    "C1,03/09/2025,L,C1,N1,K2,PR1,,,,LS1 4AP,LS8 8ZZ,SC999998\n"
)


@pytest.fixture
def looked_after(make_node: Callable[..., Node], home: Path) -> Callable[[str], Node]:
    def begin(rows: str) -> Node:
        node = make_node(systems=LAC, share=SHARE)
        settled(home / "inbox" / "children.csv", CHILDREN)
        settled(home / "inbox" / "episodes.csv", HEAD + rows)
        node.once()
        return node

    return begin


def handed_over(node: Node, hub: StubHub, **more: Any) -> Any:
    return fetch(node, hub, recordType="placement.details", **more)[1]


def test_the_newest_placement_with_the_day_on_which_it_began(
    looked_after: Callable[[str], Node], hub: StubHub
) -> None:
    node = looked_after(MOVED)
    assert ("cms", "placement.details", "C1") in hub.pointers
    assert ("cms", "placement.details", "C2") not in hub.pointers
    record = handed_over(node, hub)
    assert validate(record) == []
    assert record["payload"] == {
        "status": "InPlace",
        "placingAuthority": {"name": "Exampleton", "code": "999"},
        "legalStatus": "C1",  # the newest episode changed this alone
        "needs": {"categoryOfNeed": "N1"},
        "placementType": "K2",
        "provider": {"type": "PR1", "ofstedUrn": "SC999998"},
        "startDate": "2025-06-10",
        "reasonForNewEpisode": "P",
    }


def test_a_placement_that_ended(looked_after: Callable[[str], Node], hub: StubHub) -> None:
    node = looked_after("C1,04/02/2025,S,V2,N1,U6,PR4,10/06/2025,E4A,,LS1 4AP,LS9 9ZZ,SC999999\n")
    payload = handed_over(node, hub)["payload"]
    assert (payload["status"], payload["endDate"], payload["reasonEpisodeCeased"]) == (
        "Ended", "2025-06-10", "E4A",
    )  # fmt: skip


@pytest.mark.parametrize("by", ["the hub's word", "our own data"])
def test_where_a_restricted_child_is_placed_is_left_out(
    looked_after: Callable[[str], Node], hub: StubHub, home: Path, by: str
) -> None:
    node = looked_after(MOVED)
    more = {"duties": ["mask-location"]} if by == "the hub's word" else {}
    if by == "our own data":
        node.store.holdings.execute('UPDATE part SET details = \'{"shield": "R"}\'')
    record = handed_over(node, hub, **more)
    assert validate(record) == []
    assert record["payload"]["provider"] == {"type": "PR1"}
    assert not {"SC999998", "LS8", "locationAuthority"} & set(str(record).replace("'", " ").split())


def episode(start: date, end: date | None = None, **facts: str) -> Happened:
    known = {"RNE": "S", "LS": "E1", "CIN": "N1", "PLACE": "U6", "PLACE_PROVIDER": "PR1"}
    return Happened("looked-after-episode", start, end, known | facts)


def made(*episodes: Happened) -> dict[str, Any]:
    system = System("cms", "CMS", ("placement.details",), Path(), names={"authority": "Exampleton"})
    return placement(Held("cms", "C1", {}, {}, episodes), system)


def test_the_home_of_a_child_placed_for_adoption_is_never_told() -> None:
    day = date(2025, 1, 1)
    assert "ofstedUrn" in made(episode(day, URN="SC999999"))["provider"]
    assert "ofstedUrn" not in made(episode(day, PLACE="A6", URN="SC999999"))["provider"]


@pytest.mark.parametrize("lacks", ["CIN", "PLACE", "PLACE_PROVIDER", "RNE"])
def test_without_what_a_record_must_have_there_is_none(lacks: str) -> None:
    for value in ("", "XX?"):
        found = made(episode(date(2025, 1, 1), **{lacks: value}))
        assert found == {} or (lacks == "RNE" and value and "reasonForNewEpisode" not in found)


def test_an_end_without_its_reason_is_not_made_up() -> None:
    assert made(episode(date(2025, 1, 1), date(2025, 2, 1))) == {}


def test_a_gap_or_another_home_ends_the_search_for_the_beginning() -> None:
    later = episode(date(2025, 3, 1), RNE="L")
    same = episode(date(2025, 1, 1), date(2025, 3, 1), REC="X1")
    assert made(later, same)["startDate"] == "2025-01-01"
    apart = episode(date(2025, 1, 1), date(2025, 2, 1), REC="E4A")
    assert made(later, apart)["startDate"] == "2025-03-01"
    elsewhere = episode(date(2025, 1, 1), date(2025, 3, 1), REC="X1", PLACE="U4")
    assert made(later, elsewhere)["startDate"] == "2025-03-01"


def test_the_authority_must_be_named(home: Path) -> None:
    with pytest.raises(ConfigError, match="authority is missing"):
        read_config(
            write_config(
                home, "https://hub.example", systems=LAC.replace("authority =", "practice =")
            )
        )
