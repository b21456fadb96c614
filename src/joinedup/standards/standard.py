"""What every standard offers to the registry."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from joinedup.standards.blocks import Block
from joinedup.standards.head import Head
from joinedup.standards.plan import Table


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may say about a file: the year of its rules, and which column is which."""

    year: int | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file opened as a standard: what it holds.

    ``tables`` is asked for the columns of a field when an issue names them, by table title.
    """

    blocks: Iterable[Block]
    tables: Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Standard:
    """One kind of agency file.

    ``recognise`` says from 0 to 1 how surely a file is of this standard, from the file itself.
    ``open`` must not fail on content: what is wrong comes out as issues.
    """

    name: str
    title: str
    recognise: Callable[[Head], float]
    open: Callable[[Head, Options], Opened]
