"""A region gives the rates that are published for England, within the tolerance that is told."""

import math
from pathlib import Path

import pytest

from joinedup.simulate import simulate
from joinedup.simulate.published import Comparison, compare
from tests.simulate.conftest import Region


def _far(one: Comparison, spread: float) -> bool:
    """Whether a figure is further off than its tolerance, and than chance with so few cases."""
    chance = spread / math.sqrt(max(one.cases, 1))
    return abs(one.here / one.figure - 1) > one.tolerance + chance


def test_rates_are_near_what_is_published(region: Region) -> None:
    found = compare(region.folder)
    assert len(found) >= 12
    assert [one for one in found if _far(one, 2.0)] == []


@pytest.mark.slow
def test_rates_are_what_is_published_in_a_large_region(tmp_path: Path) -> None:
    """Two hundred thousand children, where chance counts for little."""
    found = compare(simulate(tmp_path, 200_000, seed=9, formats=True))
    assert [one for one in found if _far(one, 1.5)] == []
