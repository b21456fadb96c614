"""What a region gives, beside what is published for England (``rates.toml``, [published]).

It is measured in the files as they were written, through the readers that everybody uses.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq

from joinedup.simulate.rates import rates
from joinedup.standards import Event, read

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure: what the region gives, from how many cases, and what is published."""

    name: str
    here: float
    cases: int
    figure: float
    unit: str
    tolerance: float


def compare(region: Path) -> list[Comparison]:
    """Every published figure beside the region's own, for a region with all its formats."""
    measured = _social_care(region) | _schools(region)
    raw = tomllib.loads(files(__package__).joinpath("rates.toml").read_text("utf-8"))
    return [
        Comparison(name, *measured[name], entry["figure"], entry["unit"], entry["tolerance"])
        for name, entry in raw["published"].items()
    ]


def _events(region: Path, pattern: str) -> Iterator[Event]:
    for path in sorted(region.glob(pattern)):
        yield from (one for one in read(path, checks=False) if isinstance(one, Event))


def _social_care(region: Path) -> dict[str, tuple[float, int]]:
    as_at = rates().as_at
    roles = pq.read_table(region / "people.parquet", columns=["role"])["role"].to_pylist()
    children = roles.count("child")
    in_need: set[str] = set()
    begun = dict.fromkeys(
        ("social-care-episode", "section-47-enquiry", "initial-child-protection-conference",
         "child-protection-plan"), 0,
    )  # fmt: skip
    on_plan = 0
    for event in _events(region, "childrens_services/children_in_need.xml"):
        if event.kind not in begun:
            continue
        begun[event.kind] += _within(event.start, as_at)
        if event.end is None and event.kind == "social-care-episode":
            in_need.add(event.child_id)
        on_plan += event.end is None and event.kind == "child-protection-plan"
    in_care: set[str] = set()
    in_year: set[str] = set()
    gone: list[str] = []
    for event in _events(region, "childrens_services/ssda903_*.csv"):
        if event.kind == "looked-after-episode":
            if event.end is None:
                in_care.add(event.child_id)
            if event.end is None or event.end > as_at - _YEAR:
                in_year.add(event.child_id)
        elif event.kind == "missing" and _within(event.start, as_at):
            gone.append(event.child_id)
    missing = len(set(gone))

    def per_10_000(count: int) -> tuple[float, int]:
        return count / children * 10_000, count

    return {
        "children_in_need": per_10_000(len(in_need)),
        "child_protection_plans": per_10_000(on_plan),
        "looked_after": per_10_000(len(in_care)),
        "referrals": per_10_000(begun["social-care-episode"]),
        "section_47_enquiries": per_10_000(begun["section-47-enquiry"]),
        "conferences": per_10_000(begun["initial-child-protection-conference"]),
        "plans_begun": per_10_000(begun["child-protection-plan"]),
        "missing_from_care": (missing / max(len(in_year), 1), missing),
        "times_missing": (len(gone) / max(missing, 1), missing),
    }


def _within(day: date | None, as_at: date) -> bool:
    return day is not None and as_at - _YEAR < day <= as_at


def _schools(region: Path) -> dict[str, tuple[float, int]]:
    """Absence among those whose sessions of the term are given; suspensions among all pupils."""
    missed: list[float] = []
    pupils = suspended = 0
    for event in _events(region, "schools/*_pupilonroll.csv"):
        pupils += 1
        if possible := float(event.facts.get("termlysessionspossible") or 0):
            absent = sum(
                float(event.facts[f"termlysessions{kind}"])
                for kind in ("authorised", "unauthorised")
            )
            missed.append(absent / possible)
    for event in _events(region, "schools/*_termlyexclusionsonroll.csv"):
        suspended += event.facts["category"] == "SUSP"
    often = sum(share >= 0.1 for share in missed)
    return {
        "absence": (sum(missed) / max(len(missed), 1), len(missed)),
        "persistent_absence": (often / max(len(missed), 1), often),
        "suspensions": (suspended / max(pupils, 1) * 100, suspended),
    }
