"""JSON that is huge, broken, or not what it should be."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.standards import text
from joinedup.standards.json_items import Around, Broken, Item, Piece, pieces
from joinedup.standards.text import Text


def read(path: Path, content: str) -> list[Piece]:
    path.write_text(content, encoding="utf-8")
    return list(pieces(Text(path, content.encode()[:100]), frozenset({"items"})))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(VALUES, max_size=6), size=st.sampled_from([1, 5, 1000]), bare=st.booleans())
def test_every_item_comes_out_wherever_the_pieces_are_cut(
    values: list[object], size: int, bare: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "CHUNK", size)
    document = values if bare else {"version": 12, "items": values, "after": [1]}
    found = read(tmp_path / "f.json", json.dumps(document))
    assert [piece.value for piece in found if isinstance(piece, Item)] == values
    assert not any(isinstance(piece, Broken) for piece in found)
    if not bare:
        assert found[-1] == Around({"version": 12, "after": [1]}, alone=False)


def test_a_broken_item_costs_that_item(tmp_path: Path) -> None:
    content = '{"items": [{"id": 1}, {"id": 2, oops}, {"id": "3"}, {"id": 4 "x": "}"}, {"id": 5}]}'
    found = read(tmp_path / "f.json", content)
    assert [p.value for p in found if isinstance(p, Item)] == [{"id": 1}, {"id": "3"}, {"id": 5}]
    assert sum(isinstance(p, Broken) for p in found) == 2


def test_an_item_with_an_open_string_does_not_swallow_the_rest(tmp_path: Path) -> None:
    content = '[{"id": "1}, {"id": "2"}, {"id": "3"}]'
    found = read(tmp_path / "f.json", content)
    assert {"id": "3"} in [p.value for p in found if isinstance(p, Item)]


def test_a_file_that_is_cut_off_gives_what_is_whole_and_says_so(tmp_path: Path) -> None:
    found = read(tmp_path / "f.json", '{"items": [{"id": 1}, {"id": 2}, {"id": 3, "na')
    assert [p.value for p in found if isinstance(p, Item)] == [{"id": 1}, {"id": 2}]
    assert any(isinstance(p, Broken) for p in found)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "[1" + "0" * 6000 + "]"])
def test_what_would_exhaust_the_parser_is_reported(content: str, tmp_path: Path) -> None:
    assert any(isinstance(p, Broken) for p in read(tmp_path / "f.json", content))
