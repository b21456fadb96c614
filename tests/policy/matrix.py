"""The golden matrix: who may be told what for which purpose, as a file that a lawyer can read.

What is not in it is denied. A contractor stands where its principal stands.

python -m tests.policy.matrix writes it anew; a test compares. A change of it is a change of what
people may be told, and needs the eyes of two.
"""

import csv
import io
from datetime import date
from pathlib import Path

from joinedup.policy.agreement import AgreementRule
from joinedup.policy.catalogue import Depth, national
from joinedup.policy.decide import decide
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship

FILE = Path(__file__).parent / "golden_matrix.csv"
ON = date(2026, 11, 23)
KINDS = ("childrens-services", "education", "health", "police", "supplier")
STANDINGS = {
    "section 11 body": "s11",
    "designated agency (section 16E)": "s16E",
    "other body": "other",
}
HOLDER = Party("HOLDER", "health", "s11", date(2020, 1, 1))
EVERYTHING_AGREED = Policy(
    [
        AgreementRule(
            "EVERYTHING",
            "Everything that the law lets an agreement allow",
            frozenset({"HOLDER"}),
            frozenset({"ASKER"}),
            frozenset(national().record_types),
            frozenset(national().purposes),
            Depth.CONTENT,
            date(2020, 1, 1),
        )
    ]
)


def matrix() -> str:
    """Decide every cell, and give the file."""
    catalogue = national()
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    classes = [each.name for each in catalogue.classes.values()]
    rows.writerow(
        ["purpose", "organisation", "standing", "roles that ask", "the child’s number"]
        + [f"records: {name.lower()}" for name in classes]
        + ["open a shield", "closed records", "tell the register"]
    )
    for purpose in catalogue.purposes:
        for kind in KINDS:
            alike: dict[tuple[str, ...], list[str]] = {}
            for standing, legal_class in STANDINGS.items():
                alike.setdefault(_row(purpose, kind, legal_class), []).append(standing)
            for (roles, *cells), standings in alike.items():
                if any(cell != "-" for cell in cells):
                    rows.writerow([purpose, kind, " or ".join(standings), roles, *cells])
    return out.getvalue()


def _row(purpose: str, kind: str, legal_class: str) -> tuple[str, ...]:
    catalogue = national()
    asks = catalogue.purposes[purpose].asks.get(kind)
    roles = sorted(asks.roles) if asks else []
    return (
        ", ".join(roles),
        _yes(_may(Action.LOOK_UP, purpose, kind, legal_class, roles)),
        *(_depth(code, purpose, kind, legal_class, roles) for code in catalogue.classes),
        _yes(_may(Action.BREAK_GLASS, purpose, kind, legal_class, roles)),
        _yes(_may(Action.FIND, purpose, kind, legal_class, roles, died=ON)),
        _yes(_may(Action.PUBLISH, purpose, kind, legal_class, roles)),
    )


def _depth(data_class: str, purpose: str, kind: str, legal_class: str, roles: list[str]) -> str:
    types = [code for code, each in national().record_types.items() if each.code == data_class]
    found = {
        (
            _may(Action.FIND, purpose, kind, legal_class, roles, record_type=record_type),
            _may(Action.FETCH, purpose, kind, legal_class, roles, record_type=record_type),
        )
        for record_type in types
    }
    (one,) = found  # all record types of a class are treated alike
    return {(False, False): "-", (True, False): "existence", (True, True): "content"}[one]


def _may(
    action: Action,
    purpose: str,
    kind: str,
    legal_class: str,
    roles: list[str],
    record_type: str = "personal.details",
    died: date | None = None,
) -> bool:
    """Whether anybody at such an organisation may, on any of the legal bases."""
    level = Level.NO_LOCATION if action is Action.BREAK_GLASS else Level.OPEN
    return any(
        decide(
            EVERYTHING_AGREED,
            Question(
                action,
                ON,
                Party("ASKER", kind, legal_class, date(2020, 1, 1)),
                role,
                purpose,
                basis,
                Child(date(2015, 6, 1), died=died, level=level),
                HOLDER,
                record_type,
                Relationship.CASELOAD,
                reason_given=True,
                stepped_up=True,
            ),
        ).allowed
        for role in roles
        for basis in national().bases
    )


def _yes(answer: bool) -> str:
    return "yes" if answer else "-"


if __name__ == "__main__":
    FILE.write_text(matrix(), "utf-8")
