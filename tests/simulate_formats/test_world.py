"""What the formats tell is what could happen, and keeps what must be kept."""

import csv
import math
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
from fhir.resources.R4B.bundle import Bundle

from joinedup.people.nhs_number import read_nhs_number
from joinedup.people.upn import read_upn
from joinedup.simulate import simulate
from joinedup.simulate.formats import fhir
from joinedup.simulate.people import Role
from joinedup.simulate.rates import AGENCIES, rates
from joinedup.simulate.social_care import POLICE
from tests.simulate_formats.conftest import WITH_FORMATS, Written


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_formats_change_nothing_else(tmp_path: Path) -> None:
    """An agency's plain table is the same bytes with the formats and without."""
    whole = _bytes(simulate(tmp_path / "whole", 1200, seed=4, workers=1, formats=True))
    plain = _bytes(simulate(tmp_path / "plain", 1200, seed=4, workers=2))
    assert len(whole) > len(plain) + 10
    assert {name: whole[name] for name in plain} == plain


def test_every_child_named_in_a_format_is_in_the_truth(written: Written) -> None:
    truth = pq.read_table(written.folder / "truth.parquet").to_pylist()
    known = {(row["source"], row["id"]) for row in truth}
    for agency in WITH_FORMATS:
        back = written.read(f"{agency}/*")
        named = {child.local_ids.get("application_reference", child.id) for child in back.children}
        assert named
        assert {(agency, key) for key in named} <= known


def test_nothing_joins_the_child_before_an_adoption_to_the_child_after(written: Written) -> None:
    """No former UPN leads from one to the other, and no event of the one is of the other's time."""
    before = {
        row.person.upn
        for _, row in written.rows("schools")
        if row.person.role is Role.BEFORE_ADOPTION
    }
    formers = {at.former_upn for _, _, at in written.schools() if at.former_upn}
    held = {row.values["upn"] for agency in AGENCIES for _, row in written.rows(agency)}
    assert formers
    assert not formers & (before | held)
    adopted = 0
    for _, row, episodes in written.care():
        day = row.person.adopted_on
        if day is None:
            continue
        adopted += 1
        for episode in episodes:
            if row.person.role is Role.BEFORE_ADOPTION:
                assert (episode.closed or date.max) <= day
            else:
                assert episode.referred >= day
    assert adopted > 5


def test_where_a_child_is_placed_for_adoption_is_not_told(written: Written) -> None:
    path = written.folder / "childrens_services" / "ssda903_episodes.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    adoptive = [row for row in rows if row["PLACE"] == "A5"]
    assert adoptive
    assert not any(row["PL_POST"] for row in adoptive)
    assert any(row["PL_POST"] for row in rows)


def test_care_goes_on_without_gaps(written: Written) -> None:
    """A placement begins the day the one before it ends, and only the last may be open."""
    stays = 0
    for setting, row in written.rows("childrens_services"):
        care = setting.lives.of(row.person).care
        for earlier, later in pairwise(care):
            stays += 1
            assert (earlier.end, earlier.ceased) == (later.start, "X1")
            # SSDA903: P when the placement changes, B when the legal status does with it.
            assert later.reason == ("P" if later.legal == earlier.legal else "B")
        if care:
            assert care[0].reason == "S"
            assert bool(care[-1].end) == bool(care[-1].ceased)
    assert stays > 10


def test_nothing_happens_before_birth_or_arrival_nor_after_death_or_today(
    written: Written,
) -> None:
    as_at = rates().as_at
    for setting, row, episodes in written.care():
        person = row.person
        last = min(person.died or as_at, as_at)
        for episode in episodes:
            assert person.born <= episode.referred <= (episode.closed or last) <= last
            for plan in episode.protection:
                assert episode.referred <= plan.start <= (plan.end or last)
                assert all(plan.start < day < (plan.end or last) for day in plan.reviews)
        for gone in setting.lives.of(person).missing:
            assert person.born + timedelta(days=10 * 365) < gone.start <= (gone.end or last) <= last
    for _, row, care in written.health():
        last = min(row.person.died or as_at, as_at)
        for given in care.immunisations:
            assert row.person.born < given.day <= last
        for appointment in care.appointments:
            assert (appointment.start.date() > as_at) == (appointment.status == "booked")
    for _, row, at in written.schools():
        assert row.person.born < at.entered <= (at.left or as_at) <= as_at


def test_the_police_know_every_child_who_went_missing_or_whom_they_referred(
    written: Written,
) -> None:
    """A child missing from care is reported to the police, who write down each time."""
    told = referred = 0
    recorded: dict[str, set[tuple[str, date, date | None]]] = defaultdict(set)
    for _, row, events, _ in written.police():
        recorded[row.person.id] |= {(one.kind, one.start, one.end) for one in events}
    for setting, row, episodes in written.care():
        person = row.person.id
        for gone in setting.lives.of(row.person).missing:
            told += 1
            assert ("missing", gone.start, gone.end) in recorded[person]
        for episode in episodes:
            if episode.source == POLICE:
                referred += 1
                assert episode.referred in {start for _, start, _ in recorded[person]}
    assert told > 5
    assert referred > 50


def test_health_knows_every_child_looked_after(written: Written) -> None:
    known = {row.person.id for _, row in written.rows("health")}
    in_care = {
        row.person.id
        for setting, row in written.rows("childrens_services")
        if setting.lives.of(row.person).care
    }
    assert len(in_care) > 20
    assert in_care <= known


def test_health_is_told_of_children_in_care_and_on_plans(written: Written) -> None:
    """As with CP-IS: by NHS number, so a record without one has no flag."""
    flagged = 0
    for setting, row, care in written.health():
        life, plans = setting.lives.of(row.person), setting.caseload.plans(row.person)
        if "duplicate" in row.mistakes:
            continue
        expected = len(plans) + bool(life.care) if row.values["nhs_number"] else 0
        assert len(care.flags) == expected
        flagged += expected
    assert flagged > 20


def test_nobody_under_ten_is_a_suspect_or_an_offender(written: Written) -> None:
    for _, row, recorded, decided in written.police():
        tenth = row.person.born + timedelta(days=int(10 * 365.25) - 1)
        for occurrence in (*recorded, *decided):
            if occurrence.role in ("suspect", "offender"):
                assert occurrence.start >= tenth


def test_identifiers_are_valid_where_the_agency_made_no_mistake(written: Written) -> None:
    checked = 0
    for agency in AGENCIES:
        for _, row in written.rows(agency):
            upn, number = row.values["upn"], row.values["nhs_number"]
            if upn and "upn_wrong" not in row.mistakes:
                checked += 1
                assert read_upn(upn).value == upn
            if number and "nhs_number_transposed" not in row.mistakes:
                assert read_nhs_number(number).value == number
                assert number.startswith("999")
    for _, _, at in written.schools():
        if at.former_upn:
            assert "temporary-upn" in read_upn(at.former_upn).flags
        if number := at.learner_number:
            weighted = sum(int(d) * w for d, w in zip(number[:9], range(10, 1, -1), strict=True))
            assert weighted % 11 == 10 - int(number[9])
    assert checked > 3000


def test_former_upns_and_learner_numbers_are_each_one_childs(written: Written) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for _, row, at in written.schools():
        for number in (at.former_upn, at.learner_number):
            if number:
                owners[number].add(row.person.id)
    assert all(len(people) == 1 for people in owners.values())


def test_bundles_are_fhir_r4(written: Written) -> None:
    seen = set[str]()
    for nth, (_, row, care) in enumerate(written.health()):
        if nth % 40 == 0 or row.person.security != "U" or care.flags:
            bundle = fhir.bundle(row, care)
            Bundle.model_validate(bundle)
            seen.update(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert seen == {"Patient", "Encounter", "Immunization", "Appointment", "Flag"}


def test_a_traced_record_of_a_protected_child_carries_the_flag(written: Written) -> None:
    shields = {
        child.id: child.details.get("shield") for child in written.read("health/*.ndjson").children
    }
    protected = 0
    for _, row in written.rows("health"):
        security = row.person.security
        flagged = security in ("R", "V") and row.values["nhs_number"]
        assert shields[row.id] == (security if flagged else None)
        protected += bool(flagged)
    assert protected > 5


def _near(count: float, of: int, rate: float) -> bool:
    return abs(count - of * rate) <= 5 * math.sqrt(of * rate * (1 - rate)) + 2


def test_events_come_at_their_rates(written: Written) -> None:
    table = rates().happenings
    care = table["childrens_services"]
    usual = [
        (setting.lives.of(row.person), row)
        for setting, row in written.rows("childrens_services")
        if "duplicate" not in row.mistakes
        and not row.person.unaccompanied
        and row.person.adopted_on is None
    ]
    assert _near(sum(bool(life.care) for life, _ in usual), len(usual), care["looked_after"])
    assert all(
        setting.lives.of(row.person).care
        for setting, row in written.rows("childrens_services")
        if row.person.unaccompanied
    )
    health = table["health"]
    past = [a for _, _, c in written.health() for a in c.appointments if a.status != "booked"]
    not_brought = sum(a.status == "noshow" for a in past)
    assert _near(not_brought, len(past), health["appointment_missed"])


def test_every_rate_of_a_happening_is_used() -> None:
    package = Path(simulate.__code__.co_filename).parent
    code = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    for agency, table in rates().happenings.items():
        for key in table:
            assert f'"{key}"' in code, (agency, key)
    assert set(rates().ethnicity) == {path.stem for path in (package / "data/names").glob("*.toml")}
