"""Train the model that is shipped, ``src/joinedup/linkage/model.json``, on an invented region.

Starts from what is shipped: its comparisons, rules and what is set by hand stay. Run it when a
comparison or the simulator changes: ``.venv/bin/python tools/train_model.py REGION VERSION``, where
REGION is a folder of ``joinedup simulate --children 100000 --seed 11 --no-formats``.
"""

import sys
from dataclasses import replace
from pathlib import Path

from joinedup.identities.files import read_records
from joinedup.linkage.model import Model
from joinedup.linkage.train import train

MODEL = Path(__file__).resolve().parent.parent / "src/joinedup/linkage/model.json"
# They never change in a region, as they do in life: what is shipped says so by judgement.
BY_HAND = ("phone", "email")


def main(region: Path, version: str) -> None:
    """Train and replace the shipped model."""
    start = Model.load(MODEL)
    files = sorted(region.glob("*.csv"))
    records = read_records(files).table
    trained_on = (
        f"{records.num_rows:,} records of {len(files)} agencies in an invented region (joinedup "
        "simulate), without labels. Phone and email, which never change there, and how many "
        "adopted children and namesakes there are, are set by hand."
    )
    model = train(records, start, version=version, trained_on=trained_on)
    by_hand = {each.name: each for each in start.comparisons if each.name in BY_HAND}
    model = replace(
        model, comparisons=tuple(by_hand.get(each.name, each) for each in model.comparisons)
    )
    model.check()
    model.save(MODEL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
