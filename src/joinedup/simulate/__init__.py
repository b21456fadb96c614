"""A region that never existed: families, agencies, mistakes, and the truth about them."""

from joinedup.simulate.errors import SimulateError
from joinedup.simulate.questions import Question, agency_rows, questions, write_demo_sample
from joinedup.simulate.region import REGION_VERSION, demo_people, simulate

__all__ = [
    "REGION_VERSION",
    "Question",
    "SimulateError",
    "agency_rows",
    "demo_people",
    "questions",
    "simulate",
    "write_demo_sample",
]
