"""Delimited text is split fast where it is plain, and loses no line where it is not."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.standards import cells, text
from joinedup.standards.delimited import UNCLOSED
from joinedup.standards.text import Text


def read(path: Path, content: str) -> tuple[list[list[str]], dict[int, str]]:
    path.write_text(content, encoding="utf-8", newline="")
    rows: list[list[str]] = []
    problems: dict[int, str] = {}
    for piece in cells.pieces(Text(path, content.encode()[:100]), ","):
        assert piece.number == len(rows) + 1
        problems |= {piece.number + index: text for index, text in piece.problems.items()}
        rows += [list(row) for row in piece.rows()]
        if piece.tidy:
            assert all(cell == cell.strip() for column in piece.columns for cell in column)
    return rows, problems


CELLS = st.text(st.sampled_from('ab1é ,"\n\u3000\t'), max_size=6)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=12),
    size=st.sampled_from([1, 13, 1000]),
)
def test_what_csv_writes_is_what_is_read(
    rows: list[list[str]], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Separators beside line ends look like rows run together, which is another test.
    rows = [
        [cell.replace("\n", "") if place or set(cell) & set(',"') else cell
         for place, cell in enumerate(row)]
        for row in rows
    ]  # fmt: skip
    monkeypatch.setattr(text, "CHUNK", size)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    assert read(tmp_path / "f.csv", out.getvalue()) == (rows, {})


@pytest.mark.parametrize("size", [7, 64, 100_000])
def test_an_open_quotation_costs_its_row(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "CHUNK", size)
    lines = [f"{n},name {n},street" for n in range(1, 200)]
    lines[49] = '50,"name 50,street'
    rows, problems = read(tmp_path / "f.csv", "\n".join(lines) + "\n")
    assert len(rows) == 199
    assert problems == {50: UNCLOSED}
    assert rows[50] == ["51", "name 51", "street"]
