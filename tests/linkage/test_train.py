"""Learning without labels: what is learnt is what is true, and classes keep their meaning."""

import random
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from joinedup.cli.train import command
from joinedup.linkage import LinkRecord, Model, Scorer
from joinedup.linkage.record import birth_columns
from joinedup.linkage.train import TrainingError, train
from joinedup.linkage.train_report import report
from tests.linkage.generated import table

CHANGED_HOME, WRONG_SEX = 0.25, 0.04


def people(families: int, seed: int = 3) -> list[LinkRecord]:
    """Two records of each of two brothers or sisters; some move, some have the wrong sex."""
    from datetime import date, timedelta

    draw = random.Random(seed)
    letters = "ABCDEFGHIKLMNOPRSTUVWZ"

    def name() -> str:
        return "".join(draw.choices(letters, k=6))

    givens, made = [name() for _ in range(400)], []
    for family in range(families):
        surname, home = name(), f"LU{family % 50} {family // 50 % 10}AB"
        for child in range(2):
            given = draw.choice(givens)
            born = date(2005, 1, 1) + timedelta(days=draw.randrange(6000))
            sex = draw.choice(["male", "female"])
            for source in ("a", "b"):
                moved = source == "b" and draw.random() < CHANGED_HOME
                wrong = source == "b" and draw.random() < WRONG_SEX
                postcode = f"M{draw.randrange(90)} {draw.randrange(9)}ZZ" if moved else home
                made.append(
                    LinkRecord(
                        source, f"{family}-{child}",
                        given, (given,), (given,), given[:3],
                        surname, (surname,), (surname,), surname[:3],
                        *birth_columns(born),
                        ("female" if sex == "male" else "male") if wrong else sex,
                        postcode, (postcode,),
                    )
                )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def records() -> pa.Table:
    return table(people(900))


@pytest.fixture(scope="module")
def learnt(records: pa.Table) -> Model:
    return train(records, Model.default(), seed=5)


def level(model: Model, comparison: str, name: str) -> float:
    found = next(each for each in model.comparisons if each.name == comparison)
    return next(each.match for each in found.levels if each.name == name)


def test_it_learns_how_often_details_change(learnt: Model) -> None:
    assert level(learnt, "gender", "different") == pytest.approx(WRONG_SEX, abs=0.02)
    assert level(learnt, "place", "same postcode") == pytest.approx(1 - CHANGED_HOME, abs=0.06)
    assert learnt.priors["match"] == pytest.approx(1, rel=0.1)
    assert learnt.population == 3600


def test_brothers_and_sisters_are_told_from_the_child(learnt: Model) -> None:
    made = {(each.source, each.id): each for each in people(900)}
    scorer = Scorer(learnt)
    same = [scorer.weigh(made["a", f"{n}-0"], made["b", f"{n}-0"]).probability for n in range(900)]
    other = [scorer.weigh(made["a", f"{n}-0"], made["b", f"{n}-1"]).probability for n in range(900)]
    assert sum(each >= 0.95 for each in same) >= 890
    assert sum(each >= 0.5 for each in other) <= 1


def test_the_same_seed_gives_the_same_model(records: pa.Table, learnt: Model) -> None:
    assert train(records, Model.default(), seed=5).text() == learnt.text()


def test_probabilities_of_each_class_sum_to_one_but_for_what_was_said_before(
    learnt: Model,
) -> None:
    for comparison in learnt.comparisons:
        for doubt in ("match", "stranger", "relative"):
            told = [
                each.match if doubt == "match" else each.doubts[doubt] for each in comparison.levels
            ]
            assert sum(told) == pytest.approx(1, abs=0.02)


def test_exchanged_names_count_once(learnt: Model) -> None:
    family = next(each for each in learnt.comparisons if each.name == "family")
    again = next(each for each in family.levels if each.name == "exchanged")
    assert all(again.bits(doubt) == 0 for doubt in learnt.doubts)


def test_a_rarer_name_is_worth_more(learnt: Model) -> None:
    shares = learnt.shares["given"]
    assert len(shares) > 100
    assert shares[""] <= max(shares.values())


def test_too_little_to_learn_from_says_so() -> None:
    with pytest.raises(TrainingError, match="two records"):
        train(table(people(1)[:1]), Model.default())
    strangers = [LinkRecord("a", "1", given="ANN"), LinkRecord("a", "2", given="BEN")]
    with pytest.raises(TrainingError, match="no two records"):
        train(table(strangers), Model.default())


def test_the_report_stands_on_its_own(learnt: Model) -> None:
    page = report(learnt, Model.default())
    assert "<svg" in page
    assert "<script" not in page
    assert "same, often shared" in page


def test_the_command_writes_a_model_and_its_report(tmp_path: Path) -> None:
    source = tmp_path / "health.csv"
    lines = ["Id,GivenName,FamilyName,BirthDate,PostCode"]
    for n in range(60):
        row = f"Khadija,Musa{'abcdefghij'[n % 10]},2010-01-{n % 28 + 1:02d},LU1 0X{'ABCDE'[n % 5]}"
        lines += [f"A{n},{row}", f"B{n},{row}"]
    source.write_text("\n".join(lines))
    out = tmp_path / "model.json"
    done = CliRunner().invoke(command, [str(source), "-o", str(out), "-q", "--version", "ours"])
    assert done.exit_code == 0, done.output
    model = Model.load(out)
    assert (model.version, model.population) == ("ours", 120)
    assert "health" in model.trained_on
    assert "Khadija" not in (tmp_path / "model.html").read_text()


def test_a_file_that_is_no_model_is_wrong_usage(tmp_path: Path) -> None:
    source = tmp_path / "health.csv"
    source.write_text("Id,GivenName\n1,Ann\n")
    other = tmp_path / "start.json"
    other.write_text("{}")
    done = CliRunner().invoke(
        command, [str(source), "-o", str(tmp_path / "m.json"), "--start", str(other)]
    )
    assert done.exit_code == 2
    assert "start.json" in done.output


def test_twins_who_share_a_first_name_stay_a_doubt(learnt: Model) -> None:
    """Nothing but such a name tells them from one child, so learning would forget them."""
    given = next(each for each in learnt.comparisons if each.name == "given")
    shared = next(each for each in given.levels if each.name == "same, often shared")
    assert shared.doubts["twin"] > 0.001
