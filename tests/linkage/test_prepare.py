"""Raw text of a whole table prepared for linking: as each row alone, and without losing one."""

from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joinedup.linkage.prepare import SCHEMA, prepare, rows, to_table
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import FIELDS, Demographics

# What agencies write, the dirty beside the clean; each is a text that some reader minds.
DIRTY: Mapping[str, tuple[str, ...]] = {
    "given": ("Anne-Marie", "ANNE MARIE", "Kate (Katherine)", "Muhammad Ali", "Twin 1", "Ｊo", "?"),
    "family": ("O'Neil", "O’NEIL", "Smith-Jones", "Smith, Ann", "nee Brown", "Baby", "null"),
    "birth_date": ("2015-03-04", "04/03/2015", "20150304", "1/1/2015", "31/02/2015", "12/3/15"),
    "gender": ("1", "F", "male", "not known", "x", "purple"),
    "postcode": ("LS11 6AD", "ls116ad", "LS1I 6AD", "ZZ99 3VZ", "LS11"),
    "phone": ("07700 900123", "+447700900123", "0113 496 0123 ext 4", "unknown"),
    "email": ("a.b@Example.ORG", "mailto:a@b.org", "nobody"),
    "nhs_number": ("999 000 0018", "9990000018", "9990000019", "9.99E+09", "0000000000"),
    "upn": ("A123456789012", "H801200001001", "UN1", "h801200001001"),
    "address_history": (
        "1~12 High St~Leeds~LS11 6AD|2~Flat 3~4 Lodge Hill~Leeds~LS1 4DY",
        "12 High Street, Leeds, LS11 6AD; 4 Lodge Hill, Leeds, LS1 4DY",
        "no fixed abode",
        "Leeds",
    ),
}


def cells(field: str) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(["", " ", *DIRTY[field]]), st.text(max_size=12))


RECORD = st.fixed_dictionaries({field: cells(field) for field in FIELDS})


def table_of(children: list[dict[str, str | None]]) -> pa.Table:
    columns = {field: pa.array([c[field] for c in children], pa.string()) for field in FIELDS}
    ids = [str(number) for number in range(len(children))]
    return pa.table({"source": ["here"] * len(children), "id": ids, **columns})


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORD, max_size=8))
def test_a_table_is_prepared_as_each_of_its_rows_alone(
    children: list[dict[str, str | None]],
) -> None:
    alone = [
        LinkRecord.of("here", str(number), Demographics.read(child))
        for number, child in enumerate(children)
    ]
    prepared = prepare(table_of(children))
    assert list(rows(prepared)) == alone
    assert to_table(alone).equals(prepared)


def test_every_dirty_value_is_read_as_alone() -> None:
    most = max(map(len, DIRTY.values()))
    children: list[dict[str, str | None]] = [
        {field: texts[at % len(texts)] for field, texts in DIRTY.items()} for at in range(most)
    ]
    prepared = list(rows(prepare(table_of(children))))
    assert prepared == [
        LinkRecord.of("here", str(at), Demographics.read(child))
        for at, child in enumerate(children)
    ]
    assert any(record.homes for record in prepared)
    assert any(record.nhs_numbers for record in prepared)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[dict[str, str | None]] = [
        {field: texts[at % len(texts)] for field, texts in DIRTY.items()} for at in range(20)
    ]
    whole = prepare(table_of(children))
    monkeypatch.setattr("joinedup.linkage.prepare._BLOCK", 7)
    monkeypatch.setattr("joinedup.linkage.prepare._PIECE", 2)
    monkeypatch.setattr("joinedup.linkage.prepare._BATCH", 3)
    assert prepare(table_of(children)).combine_chunks().equals(whole.combine_chunks())
    assert len(list(rows(whole))) == 20


def test_columns_that_the_agency_does_not_hold_are_empty() -> None:
    prepared = prepare(pa.table({"source": ["a"], "id": ["1"], "upn": ["H801200001001"]}))
    assert prepared.schema.equals(SCHEMA)
    assert list(rows(prepared)) == [LinkRecord("a", "1", upns=("H801200001001",))]


@pytest.mark.parametrize(
    "former",
    [
        pa.array([["N801200001014", "H801200001001", "not one"], None], pa.list_(pa.string())),
        pa.array(["N801200001014, H801200001001", None]),
    ],
    ids=["lists", "text"],
)
def test_former_upns_follow_the_current_one(former: pa.Array) -> None:
    table = pa.table(
        {
            "source": ["a", "a"],
            "id": ["1", "2"],
            "upn": ["H801200001001", "H801200001001"],
            "former_upn": former,
        }
    )
    found = [record.upns for record in rows(prepare(table))]
    assert found == [("H801200001001", "N801200001014"), ("H801200001001",)]


def test_an_id_or_source_that_is_not_there_is_said() -> None:
    with pytest.raises(KeyError, match="source"):
        prepare(pa.table({"id": ["1"], "given": ["Ann"]}))


def test_a_table_without_rows_keeps_its_columns() -> None:
    assert prepare(table_of([])).schema.equals(SCHEMA)
    assert to_table([]).schema.equals(SCHEMA)
    assert list(rows(to_table([]))) == []


def test_equal_text_in_other_arrow_types_is_read_alike() -> None:
    plain = table_of([{field: texts[0] for field, texts in DIRTY.items()}] * 3)
    wide = plain.cast(pa.schema([(name, pa.large_string()) for name in plain.column_names]))
    encoded = pa.table({name: plain[name].dictionary_encode() for name in plain.column_names})
    assert prepare(wide).equals(prepare(plain))
    assert prepare(encoded).equals(prepare(plain))


def test_two_processes_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[dict[str, str | None]] = [
        {field: texts[at % len(texts)] for field, texts in DIRTY.items()} for at in range(20)
    ]
    alone = prepare(table_of(children))
    monkeypatch.setattr("joinedup.linkage.prepare._PAYS", 0)
    monkeypatch.setattr("joinedup.linkage.prepare._PIECE", 3)
    assert prepare(table_of(children), workers=2).equals(alone)
