"""The data inventory: what every column of the hub's tables is for.

Each app keeps a ``data_inventory.toml`` beside its models: a table per database table, a line per
column with what it is for. ``personal`` lists the columns that say something about a person;
``kept`` how long. A column that is in no inventory fails the schema test: it must be justified
before it can hold anything (trust rule L12).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.apps import AppConfig, apps

FILE = "data_inventory.toml"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its purpose, how long rows are kept, its columns, and which are personal."""

    purpose: str
    kept: str
    columns: Mapping[str, str]
    personal: frozenset[str]


def hub_apps() -> list[AppConfig]:
    """The hub's own apps that have tables."""
    return [
        app
        for app in apps.get_app_configs()
        if app.name.startswith("joinedup.hub.") and any(True for _ in app.get_models())
    ]


def inventory(app: AppConfig) -> dict[str, Table] | None:
    """The app's inventory by table name, or None when it has none."""
    path = Path(app.path) / FILE
    if not path.is_file():
        return None
    return {
        name: Table(
            table["purpose"],
            table["kept"],
            table["columns"],
            frozenset(table.get("personal", ())),
        )
        for name, table in tomllib.loads(path.read_text("utf-8")).items()
    }
