"""What rules out, or decides, that two records are one child, whatever their details say.

From the strongest to the weakest:

1. ``cannot_link``: two records never to be joined, by machine or by hand, nor through a third. A
   child's records before and after adoption are the case in point (Adoption and Children Act 2002,
   s. 57: information that would connect them is protected).
2. ``must_link``: a person has decided that two records are one child.
3. ``one_each``: a source that holds each child once has two records, so they are two children.
4. Verified NHS numbers: an NHS number belongs to one person for life, so two records whose numbers
   were checked with the source of truth, and differ, are two people. A number that a record merely
   holds is evidence, and is in the weight already.
5. Side by side in one file: two records of one source with the same family name and birth date
   and clearly different given names are two children, most often twins.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import JaroWinkler

from joinedup.linkage.record import LinkRecord

PAIR_COLUMNS = ("source_l", "id_l", "source_r", "id_r")
# Names less alike than this are not one name misspelt; as in `people.compare`'s weakest level.
_OTHER_NAME = 0.8


class ConstraintError(ValueError):
    """What was decided about records cannot be used; the message says why and what to do."""


class Reason(StrEnum):
    """Why two records that fit are not joined."""

    CANNOT_LINK = "cannot-link"
    ONE_EACH = "one-each"
    VERIFIED = "verified-numbers"
    SIDE_BY_SIDE = "side-by-side"
    EVIDENCE = "evidence"
    CONTESTED = "contested"
    DECISION = "decision"


class Ref(NamedTuple):
    """A record's name: the source that holds it, and its own number there."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.source} {self.id}"


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is known or decided about records besides their details.

    ``one_each`` names sources that hold each child once. ``verified_sources`` names sources whose
    NHS numbers were all checked with the source of truth, ``verified`` single records.
    """

    one_each: frozenset[str] = frozenset()
    cannot_link: frozenset[tuple[Ref, Ref]] = frozenset()
    must_link: frozenset[tuple[Ref, Ref]] = frozenset()
    verified_sources: frozenset[str] = frozenset()
    verified: frozenset[Ref] = frozenset()

    def apart(self, one: LinkRecord, other: LinkRecord) -> Reason | None:
        """Say why two records cannot be one child, or ``None``.

        Looks at what is known of the two alone; ``cannot_link`` is the caller's to look up.
        """
        if one.source == other.source:
            if one.source in self.one_each:
                return Reason.ONE_EACH
            if side_by_side(one, other):
                return Reason.SIDE_BY_SIDE
        if (
            self.is_verified(one)
            and self.is_verified(other)
            and one.nhs_numbers
            and other.nhs_numbers
            and not set(one.nhs_numbers) & set(other.nhs_numbers)
        ):
            return Reason.VERIFIED
        return None

    def is_verified(self, record: LinkRecord) -> bool:
        """Say whether the record's NHS number was checked with the source of truth."""
        return (
            record.source in self.verified_sources or Ref(record.source, record.id) in self.verified
        )


def side_by_side(one: LinkRecord, other: LinkRecord) -> bool:
    """Say whether two records of one source are two children of one birth date and family.

    The given names must be clearly different: not forms of each other, no word in common (a middle
    name used as the first), not alike in writing or sound, and neither the other's beginning. A
    shared NHS number or UPN means one child written down twice.
    """
    if not (one.given and other.given and one.birth_date and one.birth_date == other.birth_date):
        return False
    if one.family != other.family and not _share(one.family_forms, other.family_forms):
        return False
    if not one.family or _share(one.nhs_numbers, other.nhs_numbers):
        return False
    if _share(one.upns, other.upns) or _share(one.given_forms, other.given_forms):
        return False
    if _share(one.given_words, other.given_words):
        return False
    if one.given.startswith(other.given) or other.given.startswith(one.given):
        return False
    if one.given_sound and one.given_sound == other.given_sound:
        return False
    return JaroWinkler.similarity(one.given, other.given) < _OTHER_NAME


def _share(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not set(one).isdisjoint(other)


def words(reason: Reason, one: Ref, other: Ref) -> str:
    """Say to a person why these two records cannot be one child; names no detail of a child."""
    return _WORDS[reason].format(one=one, other=other, source=one.source)


_WORDS = {
    Reason.CANNOT_LINK: "{one} and {other} are on the list of records never to be joined.",
    Reason.ONE_EACH: "{one} and {other} are two records of {source}, which holds each child once.",
    Reason.VERIFIED: "{one} and {other} have different NHS numbers, both checked with the source "
    "of truth.",
    Reason.SIDE_BY_SIDE: "{one} and {other} stand side by side in {source} with one family name "
    "and birth date and different given names: two children, most likely twins.",
}


def pair(one: Ref, other: Ref) -> tuple[Ref, Ref]:
    """Give two records in the order in which pairs are kept."""
    return (one, other) if one <= other else (other, one)


def read_pairs(path: Path) -> frozenset[tuple[Ref, Ref]]:
    """Read a CSV of pairs of records, with the columns source_l, id_l, source_r and id_r.

    Raises ``ConstraintError`` with the row that cannot be used, ``OSError`` when it cannot be
    opened.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return frozenset(_pairs(path.name, csv.DictReader(file)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConstraintError(f"{path.name} is not CSV in UTF-8 ({error}).") from error


def _pairs(name: str, rows: "csv.DictReader[str]") -> Iterable[tuple[Ref, Ref]]:
    missing = [column for column in PAIR_COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ConstraintError(
            f"{name} lacks the column {missing[0]}. Its first row must name the columns "
            f"{', '.join(PAIR_COLUMNS)}."
        )
    for number, row in enumerate(rows, 2):
        cells = [(row[column] or "").strip() for column in PAIR_COLUMNS]
        if not any(cells):
            continue
        if not all(cells):
            empty = PAIR_COLUMNS[cells.index("")]
            raise ConstraintError(f"{name}, row {number}: {empty} is empty. Name both records.")
        one, other = Ref(cells[0], cells[1]), Ref(cells[2], cells[3])
        if one == other:
            raise ConstraintError(f"{name}, row {number}: both records are {one}.")
        yield pair(one, other)
