"""Explaining a pair: steps that come to the weight, in words that tell nothing personal."""

import json
import math
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from joinedup.cli import main
from joinedup.linkage import LinkRecord, Model, Scorer
from joinedup.linkage.explain import DOUBTS, RARITY, explain, percent, signed, waterfall_svg
from joinedup.people.demographics import Demographics
from tests.linkage.generated import children, records
from tests.linkage.models import small_model

SHIPPED = Scorer(Model.default())
SMALL = Scorer(small_model())
OLIVER = {"given": "Oliver", "family": "Smith", "birth_date": "2012-03-04", "postcode": "LS1 4AP"}


def record(source: str = "a", **changes: str | None) -> LinkRecord:
    return LinkRecord.of(source, "1", Demographics.read({**OLIVER, **changes}))


@pytest.mark.parametrize("scorer", [SHIPPED, SMALL], ids=["shipped", "small"])
@given(st.lists(children, min_size=2, max_size=2))
def test_the_steps_end_at_the_scorers_weight_exactly(scorer, raw):
    one, other = records(raw)
    found = explain(scorer, one, other)
    weighed = scorer.weigh(one, other)
    assert found.weight == found.steps[-1].total == weighed.weight
    assert found.probability == weighed.probability
    for at, step in enumerate(found.steps):
        so_far = math.fsum(each.bits for each in found.steps[: at + 1])
        assert step.total == pytest.approx(so_far, abs=1e-9)
    # What the other doubts take away is never more than one bit for each time the doubts double.
    assert -math.log2(len(scorer.model.doubts)) - 1e-9 <= found.steps[-1].bits <= 1e-9
    assert found.steps == explain(scorer, other, one).steps


def test_brothers_and_twins_are_named_as_the_doubt():
    twin = explain(SHIPPED, record(), record("b", given="Harvey"))
    assert twin.doubt == DOUBTS["twin"]
    brother = explain(SHIPPED, record(), record("b", given="Harvey", birth_date="2015-07-21"))
    assert brother.doubt == DOUBTS["relative"]
    assert brother.weight < twin.weight < 0


def test_a_common_name_is_said_apart_from_its_agreement():
    def rarity(given_name: str) -> tuple[str, float]:
        one, other = (
            record(source, given=given_name, family=None, birth_date=born, postcode=None)
            for source, born in (("a", "2012-03-04"), ("b", "2012-04-03"))
        )
        step = next(s for s in explain(SHIPPED, one, other).steps if s.name == RARITY)
        return step.words, step.bits

    common, bits = rarity("Oliver")
    assert common == "the given name is common"
    assert bits < -1
    rare, bits = rarity("Peregrine")
    assert rare == "the given name is rare"
    assert bits > 1


def test_what_is_missing_is_listed_and_is_no_step():
    found = explain(SHIPPED, record(phone="0131 496 0781"), record("b"))
    assert "phone number" in found.not_compared
    assert not any(step.name == "phone" for step in found.steps)


def test_the_picture_says_its_figures_and_no_name():
    found = explain(SHIPPED, record(family="Featherstonehaugh"), record("b"))
    drawn = waterfall_svg(found)
    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    title, steps = (root[at].text or "" for at in (0, 1))
    assert signed(found.weight) in title
    assert all(step.words in steps and signed(step.bits) in steps for step in found.steps)
    assert "style=" not in drawn  # the hub's policy lets no inline style through
    for detail in ("oliver", "featherstonehaugh", "2012", "ls1"):
        assert detail not in drawn.lower()


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.99999999, "over 99.9 %"), (1.0, "over 99.9 %"), (1e-9, "under 0.1 %"), (0.25, "25.0 %")],
)
def test_nothing_is_said_to_be_certain(chance, said):
    assert percent(chance) == said


@pytest.fixture
def files(tmp_path):
    head = "Id,Given,Family,DOB,Postcode\n"
    (tmp_path / "schools.csv").write_text(head + "S/1,Oliver,Smith,2012-03-04,LS1 4AP\n")
    (tmp_path / "health.csv").write_text(head + "H1,Olly,Smith,2012-03-04,LS1 4AP\n")
    return [str(tmp_path / "schools.csv"), str(tmp_path / "health.csv")]


def run(*arguments: str):
    return CliRunner().invoke(main, ["explain", *arguments])


def test_the_command_explains_two_records_of_files(files, tmp_path):
    drawn = tmp_path / "why.svg"
    done = run(*files, "--pair", "schools/S/1", "health/H1", "--svg", str(drawn))
    assert done.exit_code == 0, done.output
    assert "the given names are forms of one name" in done.stdout
    assert "Smith" not in done.stdout
    assert ET.fromstring(drawn.read_text("utf-8")).get("role") == "img"

    told = json.loads(run(*files, "--pair", "schools/S/1", "health/H1", "--json").stdout)
    assert told["pair"] == [["schools", "S/1"], ["health", "H1"]]
    assert told["steps"][-1]["total"] == told["match_weight"]


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("schools/S9", "health/H1"), "no record S9"),
        (("police/1", "health/H1"), "no source police, only health, schools"),
        (("schools", "health/H1"), "SOURCE/ID"),
    ],
)
def test_a_record_that_is_not_there_is_wrong_usage(files, pair, said):
    done = run(*files, "--pair", *pair)
    assert done.exit_code == 2
    assert said in done.output
