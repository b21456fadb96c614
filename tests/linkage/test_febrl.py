"""Gates of linkage quality on the sets that everybody links, learnt without labels."""

from pathlib import Path

import pytest
from benchmarks.febrl import febrl


@pytest.mark.slow
@pytest.mark.parametrize(("number", "least"), [(3, 0.998), (4, 0.9995)])
def test_febrl(number: int, least: float, tmp_path: Path) -> None:
    result = febrl(number, tmp_path)
    assert result.f1 >= least
    assert result.wrong == 0
