"""A small model with known weights, for tests of what is built on a model."""

from joinedup.linkage.model import STRANGER, Comparison, Level, Model


def level(name, when, match, stranger, twin, rarity=None):
    return Level(name, when, name, match, {STRANGER: stranger, "twin": twin}, rarity)


def small_model(**changes) -> Model:
    model = Model(
        version="test",
        comparisons=(
            Comparison(
                "given",
                ("given",),
                (
                    level("same", {"same": "given"}, 0.9, 0.005, 0.002, "given"),
                    level("like", {"alike": ["given", 0.85]}, 0.05, 0.01, 0.02),
                    level("different", None, 0.05, 0.985, 0.978),
                ),
            ),
            Comparison(
                "family",
                ("family",),
                (
                    level("same", {"same": "family"}, 0.9, 0.002, 0.9),
                    level("different", None, 0.1, 0.998, 0.1),
                ),
            ),
            Comparison(
                "birth date",
                ("birth_date",),
                (
                    level("same", {"same": "birth_date"}, 0.98, 0.0002, 0.98),
                    level("different", None, 0.02, 0.9998, 0.02),
                ),
            ),
            Comparison(
                "place",
                ("postcodes",),
                (
                    level("same", {"share": "postcodes"}, 0.8, 0.0005, 0.8),
                    level("different", None, 0.2, 0.9995, 0.2),
                ),
            ),
            Comparison(
                "phone",
                ("phone",),
                (
                    level("same", {"same": "phone"}, 0.8, 0.0005, 0.8),
                    level("different", None, 0.2, 0.9995, 0.2),
                ),
            ),
            Comparison(
                "nhs number",
                ("nhs_numbers",),
                (
                    level("same", {"share": "nhs_numbers"}, 0.97, 1e-7, 0.01),
                    level("different", None, 0.03, 1 - 1e-7, 0.99),
                ),
            ),
        ),
        block=(
            ("birth_date", "given"),
            ("birth_date", "postcodes"),
            ("phone",),
            ("nhs_numbers",),
        ),
        priors={"match": 0.7, "twin": 0.03},
        population=1_000_000,
        shares={"given": {"AMY": 0.01, "": 0.0001}},
    )
    for name, value in changes.items():
        object.__setattr__(model, name, value)
    return model
