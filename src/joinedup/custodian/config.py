"""A node's configuration file (TOML): which hub, which systems, what may be shared with whom.

Relative paths are from the file's own folder. Every mistake is said with the place it is in.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from joinedup.custodian.client import WITHHELD_REASONS, Credentials
from joinedup.ledger.checkpoint import CheckpointError, Verifier
from joinedup.standards import STANDARDS
from joinedup.standards.columns import ALIASES
from joinedup.standards.schemas import RECORD_TYPES

_PLACEMENT: Final = "placement.details"
_TABLES_SHARE: Final = 0.8  # a table is the whole of what is held: it seldom shrinks by a fifth
_TABLE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9_-]+")
_WITNESS_NAME: Final = re.compile(r"[^\s,+/]+")
_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


class ConfigError(Exception):
    """The file cannot be used; the text says where and what to write instead."""


@dataclass(frozen=True, slots=True)
class Source:
    """A database that a system is read from: ``variable`` names the environment variable that holds
    its address, ``queries`` are SQL by the name of the file that each makes.
    """

    variable: str
    queries: Mapping[str, str]
    every_minutes: float


@dataclass(frozen=True, slots=True)
class System:
    """One system of the agency: where its files come, and what may be answered from it.

    ``trusts_numbers``: its NHS numbers were traced with the PDS by the agency itself, so that only
    records without one are asked about. ``dated_names``: a file whose name differs only in its
    digits takes the place of the one before. ``id_from`` names the kind of local id that is the
    system's own, for files whose first id is another (a transfer file's is the UPN). ``names`` are
    words for codes in the files (a school's number, a practice). With a ``source`` the node itself
    writes the files, into a folder of its own.
    """

    id: str
    name: str
    record_types: tuple[str, ...]
    folder: Path
    standard: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    trusts_numbers: bool = False
    dated_names: bool = False
    id_from: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None
    smallest_share: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule of sharing is about; what it does not name, it does not ask.

    ``items`` limits what is shared; ``reason`` is for a rule that withholds.
    """

    record_types: frozenset[str] = frozenset()
    searchers: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    reason: str = ""

    def covers(self, record_type: str, searcher: str, purpose: str) -> bool:
        """Whether the rule is about such a request."""
        return all(
            not named or value in named
            for named, value in (
                (self.record_types, record_type),
                (self.searchers, searcher),
                (self.purposes, purpose),
            )
        )


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The hub's ledger, signed with the key ``log``, to which this node is the witness ``name``."""

    log: Verifier
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Config:
    """All that a node is told."""

    hub_url: str
    client_id: str
    key_file: Path
    key_id: str
    state: Path
    systems: tuple[System, ...]
    contacts: tuple[Mapping[str, str], ...]
    share: tuple[Rule, ...] = ()
    withhold: tuple[Rule, ...] = ()
    share_in_emergency: bool = True
    decide_at_hub: bool = True
    poll_seconds: float = 2.0
    settle_seconds: float = 2.0
    refresh_hours: float = 24.0
    ask_again_days: float = 30.0
    smallest_share: float = 0.5
    witness: Witnessed | None = None

    def credentials(self) -> Credentials:
        """Read the key; raises ``ConfigError``."""
        try:
            return Credentials.from_file(self.client_id, self.key_file, self.key_id)
        except (OSError, ValueError) as error:
            raise ConfigError(f"[hub] key_file: {error}") from error

    @property
    def record_types(self) -> tuple[str, ...]:
        """Every record type that some system answers for."""
        return tuple(sorted({kind for one in self.systems for kind in one.record_types}))

    def system(self, system_id: str) -> System | None:
        """A system by its id."""
        return next((one for one in self.systems if one.id == system_id), None)


def read_config(path: Path) -> Config:
    """Read a configuration file; raises ``ConfigError``."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from error
    try:
        return _config(_Part(raw, ""), path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _config(part: "_Part", home: Path) -> Config:
    hub, node = part.part("hub"), part.part("node")
    state = home / node.text("state", "state")
    systems = tuple(_system(one, home, state) for one in part.parts("systems"))
    contacts = tuple(one.strings() for one in part.parts("contacts"))
    share, withhold = part.parts("share"), part.parts("withhold")
    client_id = hub.text("client_id")
    config = Config(
        hub_url=_url(hub),
        client_id=client_id,
        key_file=home / hub.text("key_file"),
        key_id=hub.text("key_id", ""),
        state=state,
        systems=systems,
        contacts=contacts,
        share=tuple(_rule(one, withholds=False) for one in share),
        withhold=tuple(_rule(one, withholds=True) for one in withhold),
        share_in_emergency=node.flag("share_in_emergency", True),
        decide_at_hub=node.flag("decide_at_hub", True),
        poll_seconds=node.number("poll_seconds", 2.0, 0.05, 3600),
        settle_seconds=node.number("settle_seconds", 2.0, 0, 3600),
        refresh_hours=node.number("refresh_hours", 24.0, 0.001, 720),
        ask_again_days=node.number("ask_again_days", 30.0, 0.001, 3650),
        smallest_share=node.number("smallest_share", 0.5, 0, 1),
        witness=_witness(part, client_id) if part.has("witness") else None,
    )
    for one in (part, hub, node):
        one.nothing_else()
    if not systems:
        raise ConfigError("there is no [[systems]]: nothing would be answered.")
    if len({one.id for one in systems}) < len(systems):
        raise ConfigError("two [[systems]] have one id: give each its own.")
    if not contacts:
        raise ConfigError("there is no [[contacts]]: a record that nobody can be asked about helps "
                          "no child. Give a name with a telephone or email.")  # fmt: skip
    return config


def _url(hub: "_Part") -> str:
    url = hub.text("url").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ConfigError("[hub] url must be an address such as https://hub.example.org.")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ConfigError("[hub] url must be https: children's details go there.")
    return url


def _witness(whole: "_Part", client_id: str) -> Witnessed:
    part = whole.part("witness")
    name = part.text("name", client_id)
    if not _WITNESS_NAME.fullmatch(name):
        raise ConfigError("[witness] name must have no space, comma, + or / in it.")
    try:
        log = Verifier.parse(part.text("log_key"))
    except CheckpointError as error:
        raise ConfigError(
            f"[witness] log_key: {error}. The hub's administrator gives you the ledger's key."
        ) from error
    made = Witnessed(log, name, part.number("seconds", 60.0, 0.05, 3600))
    part.nothing_else()
    return made


def _system(part: "_Part", home: Path, state: Path) -> System:
    numbers = part.text("numbers", "to-verify")
    if numbers not in ("to-verify", "verified"):
        raise ConfigError(f"{part.place} numbers must be to-verify or verified.")
    standard = part.text("standard", "")
    if standard and standard not in STANDARDS:
        raise ConfigError(f"{part.place} standard must be one of {', '.join(STANDARDS)}.")
    system_id = part.text("id")
    source = _source(part, system_id) if part.has("database") else None
    made = System(
        id=system_id,
        name=part.text("name", system_id),
        record_types=part.known("record_types", tuple(RECORD_TYPES), needed=True),
        folder=state / "tables" / quote(system_id, "") if source else home / part.text("folder"),
        standard=standard,
        mapping=_mapping(part.part("mapping")),
        trusts_numbers=numbers == "verified",
        dated_names=part.flag("dated_names", False),
        id_from=part.text("id_from", ""),
        names=part.part("names").strings(),
        source=source,
        smallest_share=part.number("smallest_share", _TABLES_SHARE, 0, 1) if source else None,
    )
    part.nothing_else()
    if _PLACEMENT in made.record_types and not made.names.get("authority", "").strip():
        raise ConfigError(
            f"{part.place} [names] authority is missing: {_PLACEMENT} names the local authority "
            "that looks after the child."
        )
    return made


def _mapping(part: "_Part") -> dict[str, str]:
    given = part.strings()
    if wrong := [name for name in given if name not in ALIASES]:
        raise ConfigError(f"{part.place} {wrong[0]} is none of {', '.join(ALIASES)}.")
    return given


def _source(part: "_Part", system_id: str) -> Source:
    given = part.text("database")
    kind, _, variable = given.partition(":")
    if kind != "env" or not variable:
        raise ConfigError(
            f"{part.place} database must be env: and the name of an environment variable that "
            "holds the address: it has a password in it."
        )
    if part.has("folder"):
        raise ConfigError(f"{part.place} has a folder or a database, not both.")
    table, query = part.text("table", ""), part.text("query", "")
    queries = part.part("queries").strings()
    if sum(map(bool, (table, query, queries))) != 1:
        raise ConfigError(f"{part.place} needs one of table, query and queries.")
    if table and not _TABLE.fullmatch(table):
        raise ConfigError(f"{part.place} table must be a name, or schema.name: else write a query.")
    if wrong := [name for name in queries if not _FILE.fullmatch(name)]:
        raise ConfigError(f"{part.place} queries: {wrong[0]} must be letters, digits, - and _.")
    # A person lets a file in by its name: each system's have their own.
    own = quote(system_id, "")
    named = {f"{own}-{name}": text for name, text in queries.items()}
    named = named or {own: query or f"SELECT * FROM {table}"}  # noqa: S608 - a name, as above
    return Source(variable, named, part.number("every_minutes", 60.0, 0.01, 10_080))


def _rule(part: "_Part", *, withholds: bool) -> Rule:
    reason = part.text("reason") if withholds else ""
    if withholds and reason not in WITHHELD_REASONS:
        raise ConfigError(f"{part.place} reason must be one of {', '.join(WITHHELD_REASONS)}.")
    made = Rule(
        frozenset(part.known("record_types", tuple(RECORD_TYPES))),
        frozenset(part.texts("searchers")),
        frozenset(part.texts("purposes")),
        frozenset() if withholds else frozenset(part.texts("items")),
        reason,
    )
    part.nothing_else()
    return made


class _Part:
    """A table of the file, from which each setting is taken once."""

    def __init__(self, raw: Mapping[str, Any], place: str) -> None:
        self._raw = dict(raw)
        self.place = place

    def text(self, name: str, default: str | None = None) -> str:
        value = self._raw.pop(name, default)
        if value is None:
            raise ConfigError(f"{self.place} {name} is missing.".strip())
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise ConfigError(f"{self.place} {name} must be text in quotation marks.".strip())
        return value.strip()

    def has(self, name: str) -> bool:
        return name in self._raw

    def flag(self, name: str, default: bool) -> bool:
        value = self._raw.pop(name, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.place} {name} must be true or false.")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self._raw.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{self.place} {name} must be a number.")
        if not least <= value <= most:
            raise ConfigError(f"{self.place} {name} must be from {least:g} to {most:g}.")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._raw.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ConfigError(f"{self.place} {name} must be a list of texts.")
        return tuple(value)

    def known(
        self, name: str, choices: tuple[str, ...], *, needed: bool = False
    ) -> tuple[str, ...]:
        found = self.texts(name)
        if wrong := [one for one in found if one not in choices]:
            raise ConfigError(f"{self.place} {name}: {wrong[0]} is none of {', '.join(choices)}.")
        if needed and not found:
            raise ConfigError(f"{self.place} {name} must name at least one record type.")
        return found

    def strings(self) -> dict[str, str]:
        if not all(isinstance(value, str) for value in self._raw.values()):
            raise ConfigError(f"{self.place} must hold texts alone.")
        return dict(self._raw)

    def part(self, name: str) -> "_Part":
        value = self._raw.pop(name, {})
        if not isinstance(value, dict):
            raise ConfigError(f"[{name}] must be a table.")
        return _Part(value, f"{self.place} [{name}]".strip())

    def parts(self, name: str) -> "list[_Part]":
        value = self._raw.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise ConfigError(f"[[{name}]] must be tables.")
        return [_Part(one, f"[[{name}]] {place}") for place, one in enumerate(value, 1)]

    def nothing_else(self) -> None:
        """A setting that nobody reads is a mistake that nobody sees."""
        if self._raw:
            raise ConfigError(
                f"{self.place} {next(iter(self._raw))} is not a setting: is it misspelt?".strip()
            )
