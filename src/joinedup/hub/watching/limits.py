"""The limits that signs go by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What each number means is said in ``rules.toml``."""

    hindsight_days: int
    history_days: int
    unworked_days: int
    unworked_least: int
    unworked_share: float
    eye_days: int
    eye_over_days: int
    case_others: int
    run_days: int
    run_gap: int
    run_neighbours: int
    missed_hours: int
    missed_least: int
    missed_days: int
    missed_total: int
    missed_mads: float
    school_days: int
    school_least: int
    school_share: float
    own_school_share: float
    day_least: int
    day_mads: float
    crowd_days: int
    crowd_people: int
    crowd_organisations: int
    crowd_share: float
    first_hour: int
    last_hour: int
    usual_least: int
    usual_share: float
    dormant_days: int
    emergency_days: int
    emergency_least: int
    emergency_mads: float
