"""Addresses, their histories, and whether two are the same place."""

from datetime import date

import pytest

from joinedup.people.address import Address, address_from_lines, read_address_history
from joinedup.people.checked import Quality
from joinedup.people.compare import Level, compare_addresses, compare_histories, in_history


def one(raw: str) -> Address:
    addresses = read_address_history(raw).value
    assert addresses is not None
    assert len(addresses) == 1
    return addresses[0]


@pytest.mark.parametrize(
    ("raw", "flat", "number", "street"),
    [
        ("12 High Street, Leeds, LS11 6AD", "", "12", "HIGH STREET"),
        ("12 High St., Leeds, LS11 6AD", "", "12", "HIGH STREET"),
        ("12A High Rd LS11 6AD", "", "12A", "HIGH ROAD"),
        ("12 a High Rd LS11 6AD", "", "12A", "HIGH ROAD"),
        ("12-14 High Street, LS11 6AD", "", "12-14", "HIGH STREET"),
        ("12 - 14 High Street, LS11 6AD", "", "12-14", "HIGH STREET"),
        ("Flat 3, 12 High Street, LS11 6AD", "3", "12", "HIGH STREET"),
        ("Flat 3 12 High Street, LS11 6AD", "3", "12", "HIGH STREET"),
        ("Apt. 4B, 12 High Street, LS11 6AD", "4B", "12", "HIGH STREET"),
        ("FLAT A, 12 High Street, LS11 6AD", "A", "12", "HIGH STREET"),
        ("First Floor Flat, 12 High Street, LS11 6AD", "FIRST", "12", "HIGH STREET"),
        ("1st Floor Flat, 12 High Street, LS11 6AD", "FIRST", "12", "HIGH STREET"),
        ("3/2, 12 Argyle Street, Glasgow, G2 8BH", "3/2", "12", "ARGYLE STREET"),
        ("Flat 2, Tower House, 9 Dock St, LS10 1AA", "2", "9", "DOCK STREET"),
        ("12 St Johns Road, LS11 6AD", "", "12", "SAINT JOHNS ROAD"),
        ("Rose Cottage, Church Lane, LS11 6AD", "", "", "CHURCH LANE"),
    ],
)
def test_an_address_is_taken_apart(raw: str, flat: str, number: str, street: str) -> None:
    address = one(raw)
    assert (address.flat, address.number, address.street) == (flat, number, street)
    assert address.postcode


def test_a_history_with_tildes_is_oldest_first_and_comes_out_newest_first() -> None:
    history = read_address_history(
        "1~12 High St~Leeds~LS11 6AD|home~Flat 2~9 Low Rd~YO1 7HH|"
    ).value
    assert history is not None
    assert [address.postcode for address in history] == ["YO1 7HH", "LS11 6AD"]
    assert history[0].flat == "2"
    assert history[1].lines == ("12 High St", "Leeds")


def test_a_history_with_semicolons_is_newest_first_already() -> None:
    history = read_address_history("9 Low Rd, York, YO1 7HH; 12 High St, Leeds, LS11 6AD").value
    assert history is not None
    assert [address.postcode for address in history] == ["YO1 7HH", "LS11 6AD"]


def test_periods_are_kept() -> None:
    address = one("12 High St, LS11 6AD (2019-04-01 to 30/06/2021)")
    assert (address.start, address.end) == (date(2019, 4, 1), date(2021, 6, 30))
    address = one("home~12 High St~LS11 6AD~2019-04-01")
    assert (address.start, address.end) == (date(2019, 4, 1), None)
    assert one("12 High St, LS11 6AD (from 2019-04-01)").start == date(2019, 4, 1)


def test_no_address_says_why() -> None:
    assert read_address_history("~~|~").quality is Quality.INVALID
    assert read_address_history("NFA").quality is Quality.NOT_PROVIDED
    assert read_address_history("12 High Street").flags == {"no-postcode"}


@pytest.mark.parametrize(
    ("asked", "held", "level"),
    [
        ("12 High St, Leeds, LS11 6AD", "12 HIGH STREET, LS116AD", Level.EXACT),
        ("Flat 1, 12 High St, LS11 6AD", "Flat 1, 12 High St, LS11 6AD", Level.EXACT),
        ("Flat 1, 12 High St, LS11 6AD", "Apartment 1, 12 High Street, LS11 6AD", Level.EXACT),
        ("Flat 1, 12 High St, LS11 6AD", "Flat 2, 12 High St, LS11 6AD", Level.DIFFERENT),
        ("Flat 1, 12 High St, LS11 6AD", "12 High St, LS11 6AD", Level.POSSIBLE),
        ("12-14 High St, LS11 6AD", "12 - 14 High St, LS11 6AD", Level.EXACT),
        ("13 High St, LS11 6AD", "12-14 High St, LS11 6AD", Level.POSSIBLE),
        ("15 High St, LS11 6AD", "12-14 High St, LS11 6AD", Level.DIFFERENT),
        ("12A High St, LS11 6AD", "12B High St, LS11 6AD", Level.DIFFERENT),
        ("12 High St, LS11 6AD", "14 High St, LS11 6AD", Level.DIFFERENT),
        ("12 High St, LS11 6AD", "12 High St, LS11 6AE", Level.DIFFERENT),
        ("12 High St, LS11 6AD", "12 Low Road, LS11 6AD", Level.DIFFERENT),
        ("12 High St, LS11 6AD", "12 High Stret, LS11 6AD", Level.EXACT),
        ("12 High St, LS11 6AD", "High St, LS11 6AD", Level.POSSIBLE),
        ("12 High St, LS11 6AD", "LS11 6AD", Level.POSSIBLE),
        ("Rose Cottage, Church Lane, LS11 6AD", "Rose Cottage, LS11 6AD", Level.EXACT),
        ("Rose Cottage, Church Lane, LS11 6AD", "Ivy Cottage, Church Lane, LS11 6AD",
         Level.POSSIBLE),
        ("12 High St", "12 High St", Level.MISSING),
    ],
)  # fmt: skip
def test_two_addresses_compared(asked: str, held: str, level: Level) -> None:
    for a, b in ((one(asked), one(held)), (one(held), one(asked))):
        agreement = compare_addresses(a, b)
        assert agreement.level is level, agreement.words
        assert "LS11" not in agreement.words


def test_a_possible_address_found_first_hides_no_sure_one_after_it() -> None:
    asked = read_address_history("12 High St, LS11 6AD; Flat 1, 12 High St, LS11 6AD").value
    held = read_address_history("Flat 1, 12 High St, LS11 6AD").value
    assert asked is not None
    assert held is not None
    assert compare_addresses(asked[0], held[0]).level is Level.POSSIBLE
    assert compare_histories(asked, held).level is Level.EXACT
    assert in_history(asked[1], held).level is Level.EXACT
    assert compare_histories(asked, ()).level is Level.MISSING


def test_an_address_of_fhir_lines() -> None:
    fhir = address_from_lines(["Flat 1", "12 High Street", "", "Leeds"], "ls116ad")
    assert compare_addresses(fhir, one("Flat 1, 12 High St, LS11 6AD")).level is Level.EXACT
