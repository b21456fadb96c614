"""The numbers that shape the region, read from ``rates.toml`` with their sources."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

AGENCIES = ("childrens_services", "schools", "health", "police", "gp")


@dataclass(frozen=True)
class Rates:
    """Every rate, by the table it stands in.

    ``table("pds")["sex_wrong"]`` is a chance from 0 to 1. ``mistakes[agency][kind]`` is already
    multiplied by the agency's noise, and a convention is the agency's own where it has one.
    """

    as_at: date
    tables: Mapping[str, Mapping[str, float]]
    mistakes: Mapping[str, Mapping[str, float]]
    children: tuple[tuple[int, ...], tuple[float, ...]]  # numbers at home, and their weights
    address_lag: tuple[tuple[float, float], ...]  # (share of moves known by then, months)
    groups: Mapping[str, float]
    groups_unaccompanied: Mapping[str, float]
    happenings: Mapping[str, Mapping[str, float]]  # by agency, and "all"
    occurrences: Mapping[str, Mapping[str, float]]  # shares of kinds, by table
    ethnicity: Mapping[str, str]  # DfE code by name group

    def table(self, name: str) -> Mapping[str, float]:
        return self.tables[name]


def _flat(table: Mapping[str, Any]) -> dict[str, float]:
    return {
        key: float(value["rate"])
        for key, value in table.items()
        if isinstance(value, dict) and "rate" in value
    }


def _shares(table: Mapping[str, Any]) -> dict[str, float]:
    shares = {key: float(value) for key, value in table.items() if key != "source"}
    total = sum(shares.values())
    return {key: value / total for key, value in shares.items()}


@lru_cache(maxsize=1)
def rates() -> Rates:
    """The rates of this version of Joinedup."""
    raw = tomllib.loads(files(__package__).joinpath("rates.toml").read_text("utf-8"))
    families, agencies = raw["families"], raw["agencies"]
    slips = _flat(raw["mistakes"])
    habits = _flat(raw["conventions"])
    lag = raw["pds"]["address_lag"]
    return Rates(
        as_at=raw["as_at"],
        tables={
            "multiple_births": _flat(families["multiple_births"]),
            "shape": _flat(families["shape"]),
            "homes": _flat(raw["homes"]),
            "events": _flat(raw["events"]),
            "pds": _flat(raw["pds"]),
            **{agency: _flat(agencies[agency]) for agency in AGENCIES},
        },
        mistakes={
            agency: {
                **{kind: rate * agencies[agency]["noise"]["rate"] for kind, rate in slips.items()},
                **habits,
                **_flat(agencies[agency].get("conventions", {})),
            }
            for agency in AGENCIES
        },
        children=(tuple(families["children"]["values"]), tuple(families["children"]["weights"])),
        address_lag=tuple(zip(lag["share"], lag["months"], strict=True)),
        groups=_shares(raw["name_groups"]),
        groups_unaccompanied=_shares(raw["name_groups_unaccompanied"]),
        happenings={key: _flat(table) for key, table in raw["happenings"].items()},
        occurrences={
            name: _shares(raw[f"occurrences_{name}"])
            for name in ("under_10", "from_10", "youth_justice")
        },
        ethnicity={key: code for key, code in raw["ethnicity"].items() if key != "source"},
    )
