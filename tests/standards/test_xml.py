"""XML that attacks, and XML that is broken."""

import tracemalloc
from pathlib import Path

import pytest

from joinedup.standards import Child, Issue, read, text
from tests.standards.files import MAKERS, cin, cin_child, everything

BOMB = (
    '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">'
    '<!ENTITY d SYSTEM "file:///etc/hostname">]>\n'
)


def rules(path: Path) -> list[str]:
    return [r.rule_code for r in everything(path)[0] if isinstance(r, Issue)]


@pytest.mark.parametrize(
    "prolog", [BOMB, '<!DOCTYPE m SYSTEM "http://example.org/x.dtd">', "<!doctype m>"]
)
def test_a_document_type_is_refused_and_nothing_is_read(prolog: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(cin([cin_child(1)], prolog=prolog))
    records, reading = everything(path)
    assert [r.rule_code for r in records if isinstance(r, Issue)] == ["xml-unsafe"]
    assert reading.count.children == 0


def test_an_entity_in_a_child_is_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    path.write_text(cin([cin_child(1, id="&d;"), cin_child(2)]))
    records, reading = everything(path)
    assert reading.count.rows_reported == 1
    assert [r.id for r in records if isinstance(r, Child)] == ["LA2"]


def test_an_entity_hidden_in_utf_16_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(cin([cin_child(1)], prolog=BOMB).replace("UTF-8", "UTF-16"), encoding="utf-16")
    assert rules(path) == ["xml-unsafe"]


def test_one_broken_child_costs_one_child(tmp_path: Path) -> None:
    children = [cin_child(n) for n in range(1, 8)]
    children[2] = children[2].replace("<Ethnicity>WBRI", "<Ethnicity>R & B")
    children[4] = children[4].replace("</Child>\n", "")
    path = tmp_path / "cin.xml"
    path.write_text(cin(children))
    records, reading = everything(path)
    assert [r.id for r in records if isinstance(r, Child)] == ["LA1", "LA2", "LA4", "LA6", "LA7"]
    assert (reading.count.rows_in, reading.count.rows_reported) == (7, 2)


def test_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    whole = cin([cin_child(n) for n in range(1, 4)])
    path.write_text(whole[: whole.rindex("<CINdetails>")])
    assert rules(path) == ["record-cut-off", "file-cut-off"]


def test_a_child_in_a_comment_is_no_child(tmp_path: Path) -> None:
    path = tmp_path / "cin.xml"
    path.write_text(cin([cin_child(1), f"<!-- {cin_child(2)} -->", cin_child(3)]))
    records, _ = everything(path)
    assert [r.id for r in records if isinstance(r, Child)] == ["LA1", "LA3"]


def test_prefixes_are_understood(tmp_path: Path) -> None:
    plain = cin([cin_child(1)])
    prefixed = plain.replace("</", "</c:").replace("<C", "<c:C").replace("<M", "<c:M")
    for name in ("Header", "Year", "ReferenceDate", "Source>", "LEA", "LAchildID", "UPN", "Person",
                 "Sex", "Ethnicity", "Disabilit", "Referral", "Primary", "Reason", "DateOf",
                 "Assess", "Factors", "Initial", "Latest", "Number", "Reviews"):  # fmt: skip
        prefixed = prefixed.replace(f"<{name}", f"<c:{name}")
    prefixed = prefixed.replace("<c:Message>", '<c:Message xmlns:c="urn:x">')
    path = tmp_path / "cin.xml"
    path.write_text(plain)
    expected = everything(path)[0]
    path.write_text(prefixed)
    assert everything(path, standard="cin")[0] == expected


@pytest.mark.parametrize("size", [1, 7, 64, 1_000])
def test_where_the_pieces_are_cut_changes_nothing(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, (_, _, make) in MAKERS.items():
        if size == 1 and make(1).startswith("{"):
            continue  # the decoder starts anew at each piece: right, but slow
        path = tmp_path / "file"
        path.write_text(make(4))
        monkeypatch.setattr(text, "CHUNK", 1 << 18)
        expected = everything(path)[0]
        monkeypatch.setattr(text, "CHUNK", size)
        assert everything(path)[0] == expected, kind


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.xml"
    one = cin_child(1)
    with path.open("w") as file:
        head, _, tail = cin([one]).partition(one)
        file.write(head)
        for _ in range(4_000):
            file.write(one)
        file.write(tail)
    tracemalloc.start()
    reading = read(path)
    count = sum(1 for _ in reading)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count
    assert reading.count.rows_in == 4_000
    assert peak < path.stat().st_size / 2
