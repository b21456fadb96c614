"""Sealed columns: a model's attribute reads and writes in clear, the table holds what is closed.

What is sealed is bound to its table, column and row (AES-256-GCM's associated data), so that
whoever can write to the database cannot move one row's content to another (reference 2.6).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from joinedup.hub.sealing.keys import ring


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a sealed attribute is kept, and what it is bound to.

    ``row`` names the fields that say which row it is; they are set before it. ``index`` is the
    column of its blind index, where it must be found by its value.
    """

    column: str
    row: tuple[str, ...]
    index: str = ""
    empty: Any = None

    def read(self, instance: models.Model) -> Any:
        """Give the content in clear; ``empty`` when there is none. Raises ``SealError``."""
        box = getattr(instance, self.column)
        if box is None:
            return self.empty
        return json.loads(ring().open(bytes(box), self.place(instance)))

    def write(self, instance: models.Model, content: Any) -> None:
        """Close a content; ``empty`` is kept as nothing."""
        gone = content is None or content == self.empty
        box = None if gone else ring().seal(json.dumps(content).encode(), self.place(instance))
        setattr(instance, self.column, box)
        if self.index:
            found_by = None if gone else ring().blind(self.use(type(instance)), str(content))
            setattr(instance, self.index, found_by)

    def place(self, instance: models.Model) -> bytes:
        """What the content is bound to."""
        table = instance._meta.db_table
        return json.dumps(
            [table, self.column, *(str(getattr(instance, f)) for f in self.row)]
        ).encode()

    def use(self, model: type[models.Model]) -> str:
        """What its blind index is for: another's for the same value is another."""
        return f"{model._meta.db_table}.{self.index}"


_sealed: dict[Callable[[Any], Any], Sealed] = {}


def sealed(column: str, *row: str, index: str = "", empty: Any = None) -> Any:
    """Make the attribute of a model whose content is closed in ``column`` (JSON, in bytes).

    A property, so that Django takes it in ``Model(...)``, ``create`` and ``defaults``; in
    ``update_fields`` and ``filter`` it is the column that is named.
    """
    how = Sealed(column, row, index, empty)

    def read(instance: models.Model) -> Any:
        return how.read(instance)

    def write(instance: models.Model, content: Any) -> None:
        how.write(instance, content)

    _sealed[read] = how
    return property(read, write)


def found_by(
    model: type[models.Model], attribute: str, value: str, through: str = ""
) -> dict[str, bytes]:
    """Give the filter that finds rows by a sealed attribute's value; ``through`` a relation."""
    how = _sealed[getattr(model, attribute).fget]
    return {through + how.index: ring().blind(how.use(model), value)}


def every() -> Iterator[tuple[type[models.Model], str, Sealed]]:
    """Every sealed attribute of every model."""
    for model in apps.get_models():
        for name, value in vars(model).items():
            if isinstance(value, property) and value.fget in _sealed:
                yield model, name, _sealed[value.fget]
