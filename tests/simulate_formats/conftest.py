"""A region in all formats, with what was written known from its makers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest

from joinedup.simulate import region as region_module
from joinedup.simulate import simulate
from joinedup.simulate.agency_files import Row
from joinedup.simulate.formats import Setting, render
from joinedup.simulate.formats.health_care import HealthCare, HealthService
from joinedup.simulate.formats.occurrences import Occurrence, Police
from joinedup.simulate.formats.schooling import Schooling, Schools
from joinedup.simulate.social_care import Episode
from joinedup.standards import Child, Event, Issue, read

CHILDREN = 5000
WITH_FORMATS = ("childrens_services", "schools", "health", "police")


@dataclass
class Written:
    """A region's folder, and the settings from which its formats were written."""

    folder: Path
    settings: list[Setting] = field(default_factory=list)

    def rows(self, agency: str) -> Iterator[tuple[Setting, Row]]:
        for setting in self.settings:
            for row in setting.rows[agency]:
                yield setting, row

    def care(self) -> Iterator[tuple[Setting, Row, list[Episode]]]:
        for setting, row in self.rows("childrens_services"):
            yield setting, row, setting.caseload.of(row)

    def schools(self) -> Iterator[tuple[Setting, Row, Schooling]]:
        for setting in self.settings:
            maker = Schools(setting.rates, setting.seed, setting.block, setting.lives)
            for row in setting.rows["schools"]:
                yield setting, row, maker.of(row)

    def health(self) -> Iterator[tuple[Setting, Row, HealthCare]]:
        for setting in self.settings:
            maker = HealthService(setting)
            for row in setting.rows["health"]:
                yield setting, row, maker.of(row)

    def police(self) -> Iterator[tuple[Setting, Row, list[Occurrence], list[Occurrence]]]:
        for setting in self.settings:
            maker = Police(setting)
            for row in setting.rows["police"]:
                yield setting, row, maker.of(row), maker.justice(row)

    def read(self, pattern: str) -> "Back":
        back = Back()
        for path in sorted(self.folder.glob(pattern)):
            reading = read(path)
            back.standards.add(reading.standard)
            for record in reading:
                if isinstance(record, Child):
                    back.children.append(record)
                elif isinstance(record, Event):
                    back.events.append(record)
                else:
                    back.issues.append(record)
            assert reading.count.balanced
        return back


@dataclass
class Back:
    """What the readers give of files."""

    children: list[Child] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    standards: set[str] = field(default_factory=set)


@contextmanager
def watched() -> Iterator[list[Setting]]:
    """Keep the settings that ``simulate`` renders, in this process."""
    kept: list[Setting] = []

    def spy(setting: Setting) -> dict[str, bytes]:
        kept.append(setting)
        return render(setting)

    with patch.object(region_module, "render", spy):
        yield kept


def write(folder: Path, children: int, seed: int) -> Written:
    with watched() as settings:
        simulate(folder, children, seed, workers=1, formats=True)
    return Written(folder, settings)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("formats"), CHILDREN, seed=11)
