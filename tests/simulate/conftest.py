"""One region for all the tests of this folder, and ways to read it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from joinedup.simulate import simulate

CHILDREN = 12_000


@dataclass
class Region:
    folder: Path

    @cached_property
    def patients(self) -> dict[str, dict[str, Any]]:
        with (self.folder / "pds.ndjson").open("rb") as file:
            rows = [orjson.loads(line) for line in file]
        return {row["id"]: row for row in rows}

    def table(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.folder / f"{name}.parquet").to_pylist()
        return rows

    @cached_property
    def people(self) -> dict[str, dict[str, Any]]:
        return {row["person_id"]: row for row in self.table("people")}

    @cached_property
    def children(self) -> list[dict[str, Any]]:
        return [row for row in self.people.values() if row["role"] == "child"]


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    folder = tmp_path_factory.mktemp("region")
    return Region(simulate(folder, CHILDREN, seed=7, formats=True))
