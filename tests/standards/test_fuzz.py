"""Whatever is done to a file: no exception, and no row lost without being reported."""

import io
import json
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joinedup.standards import STANDARDS
from tests.standards.files import MAKERS, annex_a, everything

ROWS = 6

_JUNK = ['"', "'", "<", ">", "&", "&amp;", ",", ";", "\t", "\n", "\r", "\0", "{", "}", "[", "]",
         ":", "\\", "\ufeff", "\u202e", "\ud7ff", "é", "😀", "x" * 140_000, "9" * 5_000, "null",
         "<Child>", "</Child>", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE a>", "0000-00-00",
         "99/99/9999", "1e400", "-1", "NaN", "=cmd|' /C calc'!A0"]  # fmt: skip


def mutated(text: str, seed: int) -> bytes:
    """One of the things that happen to files: cut, re-encoded, shuffled, overwritten, pasted."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.choice([0, 1, 3, 20, 400]))
        what = chance.randrange(8)
        if what == 0:
            text = text[:at]
        elif what == 1:
            text = text[at:]
        elif what == 2:
            text = text[:at] + chance.choice(_JUNK) + text[end:]
        elif what == 3:
            text = text[:at] + text[end:]
        elif what == 4:
            text = text[:at] + text[at:end] * chance.randint(2, 5) + text[end:]
        elif what == 5:
            lines = text.split("\n")
            chance.shuffle(lines)
            text = "\n".join(lines)
        elif what == 6:
            cells = [line.split(",") for line in text.split("\n")]
            for line in cells:
                chance.shuffle(line)
            text = "\n".join(",".join(line) for line in cells)
        else:
            text = text.replace(chance.choice('<>,":0123456789aeE'), chance.choice(_JUNK[:20]), 3)
    encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    data = text.encode(encoding, "replace")
    if chance.random() < 0.2 and data:
        broken = bytearray(data)
        for _ in range(chance.randint(1, 9)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        data = bytes(broken)
    return data


def survives(path: Path, standard: str) -> None:
    everything(path)
    everything(path, standard=standard)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_mangled_file_is_read_to_its_end(kind: str, tmp_path: Path) -> None:
    standard, ending, make = MAKERS[kind]
    text, path = make(ROWS), tmp_path / f"file.{ending}"
    for seed in range(150):
        path.write_bytes(mutated(text, seed))
        survives(path, standard)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_ten_thousand_mangled_files_are_read_to_their_end(kind: str, tmp_path: Path) -> None:
    standard, ending, make = MAKERS[kind]
    text, path = make(ROWS), tmp_path / f"file.{ending}"
    for seed in range(1_000, 11_000):
        path.write_bytes(mutated(text, seed))
        everything(path, standard=standard)


def test_a_mangled_workbook_is_read_to_its_end(tmp_path: Path) -> None:
    good = annex_a(tmp_path / "good.xlsx").read_bytes()
    path = tmp_path / "bad.xlsx"
    for seed in range(60):
        chance = random.Random(seed)
        data = bytearray(good)
        if seed % 3 == 0:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.randint(1, 30)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data))
        survives(path, "annex_a")


def mangled_sheets(members: dict[str, str], seed: int) -> bytes:
    """A workbook of which one part was mangled before it was packed."""
    chance = random.Random(seed)
    name = chance.choice([*members, *[one for one in members if "sheet" in one] * 3])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, mutated(text, seed) if member == name else text)
    return out.getvalue()


def workbook_members(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(annex_a(path)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_workbook_with_mangled_sheets_is_read_to_its_end(tmp_path: Path) -> None:
    members, path = workbook_members(tmp_path / "good.xlsx"), tmp_path / "bad.xlsx"
    for seed in range(100):
        path.write_bytes(mangled_sheets(members, seed))
        survives(path, "annex_a")


@pytest.mark.slow
def test_ten_thousand_workbooks_with_mangled_sheets_are_read_to_their_end(tmp_path: Path) -> None:
    members, path = workbook_members(tmp_path / "good.xlsx"), tmp_path / "bad.xlsx"
    for seed in range(1_000, 11_000):
        path.write_bytes(mangled_sheets(members, seed))
        everything(path, standard="annex_a")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400), standard=st.sampled_from(sorted(STANDARDS)))
def test_bytes_of_no_meaning_are_read_to_their_end(
    data: bytes, standard: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "meaningless"
    path.write_bytes(data)
    survives(path, standard)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["Children", "child_details", "social_care_episodes", "la_child_id", "purge",
                 "entry", "resource", "resourceType", "name", "identifier", "period", "events",
                 "date_of_birth", "adoption"]
            ),
            inner, max_size=6,
        ),
        max_leaves=25,
    ),
    standard=st.sampled_from(["csc_api", "fhir", "crime"]),
)  # fmt: skip
def test_json_of_wrong_types_is_read_to_its_end(
    value: object, standard: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "types.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    survives(path, standard)
