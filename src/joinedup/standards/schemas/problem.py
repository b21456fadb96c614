"""One thing that is wrong with a record."""

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong with a record, where, and how to put it right.

    ``field`` is the way to it (``payload.relatedPeople[item 2].dob``), "" for the whole record; it
    holds names of the standard only. ``rule_code`` is short and stable. ``description`` is for a
    data officer; neither it nor ``field`` repeats anything that the record says.
    """

    field: str
    rule_code: str
    description: str
