"""The readable pages: a page that says something else than its schema misleads every supplier."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/record-types"


def _tool() -> ModuleType:
    path = ROOT / "tools/write_record_type_pages.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRITTEN: dict[str, str] = _tool().pages()


@pytest.mark.parametrize("name", WRITTEN)
def test_the_page_says_what_the_schema_says(name: str) -> None:
    assert (PAGES / name).read_text("utf-8") == WRITTEN[name], (
        "run .venv/bin/python tools/write_record_type_pages.py"
    )


def test_no_page_outlives_its_schema() -> None:
    assert {page.name for page in PAGES.iterdir()} == set(WRITTEN)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", WRITTEN[name]):
        file, _, anchor = target.partition("#")
        page = (PAGES / (file or name)).resolve()
        assert page.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in headings
            }
