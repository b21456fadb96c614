"""A region that never existed: families, agencies, mistakes, and the truth about them."""

from joinedup.simulate.errors import SimulateError
from joinedup.simulate.questions import Question, agency_rows, questions, write_demo_sample
from joinedup.simulate.region import (
    ENOUGH_NUMBERS,
    REGION_VERSION,
    Counts,
    demo_people,
    region_counts,
    simulate,
)

__all__ = [
    "ENOUGH_NUMBERS",
    "REGION_VERSION",
    "Counts",
    "Question",
    "SimulateError",
    "agency_rows",
    "demo_people",
    "questions",
    "region_counts",
    "simulate",
    "write_demo_sample",
]
