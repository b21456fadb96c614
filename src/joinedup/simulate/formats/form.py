"""The files of the formats: what stands at the head of each, between blocks and at the end."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from joinedup.simulate.agency_files import Row
from joinedup.simulate.events import Lives
from joinedup.simulate.places import Map
from joinedup.simulate.rates import Rates
from joinedup.simulate.social_care import Caseload


@dataclass(frozen=True, slots=True)
class Form:
    """One file: its path in the region's folder, and what stands around its records."""

    path: str
    head: str = ""
    between: str = ""
    tail: str = ""


@dataclass(frozen=True)
class Setting:
    """What a format needs to write a block: the agencies' rows, and what happened to the people."""

    rates: Rates
    map: Map
    seed: int
    block: int
    rows: Mapping[str, list[Row]]
    lives: Lives
    caseload: Caseload


class Files:
    """The files of all formats; each is begun when its first records come.

    Those of an earlier region in the same folder are deleted: they would tell of other children.
    """

    def __init__(self, out: Path, forms: Iterable[Form], stack: ExitStack) -> None:
        self._out = out
        self._forms = {form.path: form for form in forms}
        self._stack = stack
        self._open: dict[str, IO[bytes]] = {}
        for path in self._forms:
            (out / path).unlink(missing_ok=True)

    def __call__(self, texts: Mapping[str, bytes]) -> None:
        """Add a block's records, by path."""
        for path, text in texts.items():
            if not text:
                continue
            form = self._forms[path]
            file = self._open.get(path)
            if file is None:
                file = self._begin(form)
            else:
                file.write(form.between.encode())
            file.write(text)

    def _begin(self, form: Form) -> IO[bytes]:
        place = self._out / form.path
        place.parent.mkdir(parents=True, exist_ok=True)
        file = self._open[form.path] = self._stack.enter_context(place.open("wb"))
        file.write(form.head.encode())
        self._stack.callback(file.write, form.tail.encode())
        return file


def csv_form(path: str, columns: Sequence[str]) -> Form:
    """A CSV file with these columns."""
    return Form(path, head=csv_lines([columns]).decode())


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as CSV, each line ended as RFC 4180 says."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
