from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from joinedup.pds.emulator.engine import Engine
from tests.pds_emulator.people import Json, write


@pytest.fixture
def engine_of(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Builds an engine over the resources given."""
    engines: list[Engine] = []

    def build(*resources: Json) -> Engine:
        engines.append(Engine(write(tmp_path, *resources)))
        return engines[-1]

    yield build
    for engine in engines:
        engine.close()
