"""The main job: a child's Single Unique Identifier from the source of truth, or an honest answer.

``identify`` asks for one child; ``joinedup.identify.batch`` for a file of a million.
"""

from joinedup.identify.outcome import Outcome, Status, Step
from joinedup.identify.run import STRATEGIES, identify
from joinedup.identify.strategy import Strategy

__all__ = ["STRATEGIES", "Outcome", "Status", "Step", "Strategy", "identify"]
