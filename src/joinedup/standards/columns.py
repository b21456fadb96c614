"""Which column of a file is which field of a child.

The names are design contract 5.1: recognised with case, spaces and punctuation ignored.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RECORD_ID = "id"

# Field -> the headings it goes by. The first is the one to show people.
ALIASES: dict[str, tuple[str, ...]] = {
    "given": ("Given", "GivenName", "Forename", "FirstName"),
    "family": ("Family", "FamilyName", "Surname", "LastName"),
    "birth_date": ("DOB", "BirthDate", "DateOfBirth"),
    "gender": ("Gender", "Sex"),
    "postcode": ("PostCode", "PostalCode"),
    "phone": ("Phone", "PhoneNumber"),
    "email": ("Email",),
    "nhs_number": ("NhsNumber", "NHSNo"),
    "upn": ("UPN",),
    "address_history": ("AddressHistory",),
    RECORD_ID: ("Id", "RecordId", "LAchildID", "ChildId"),
}

# Nobody can be looked for with less (PDS minimum criteria, and the safety of what comes back).
REQUIRED = ("given", "family", "birth_date")

# Two columns that might both be a birth date are a danger; two record ids are not.
_MAY_REPEAT = frozenset({RECORD_ID})


class TableError(Exception):
    """The file cannot be used as it is. The text says why and what to do, to a data officer."""


def plain(heading: str) -> str:
    """A heading with case, spaces and punctuation taken away, for comparing."""
    return "".join(c for c in heading.casefold() if c.isalnum())


_FIELD_OF = {plain(alias): field for field, names in ALIASES.items() for alias in names} | {
    plain(field): field for field in ALIASES
}


def field_of(heading: str) -> str | None:
    """The field that a heading is recognised as, or None."""
    return _FIELD_OF.get(plain(heading))


@dataclass(frozen=True, slots=True)
class Columns:
    """A file's headings, and where each recognised field is.

    ``headings`` are as the output shows them: every one distinct, so that no tool merges two.
    ``positions`` maps a field to its column's index. ``notes`` tell people what was changed.
    """

    headings: tuple[str, ...]
    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def heading(self, field: str) -> str:
        """The heading, in this file, of a recognised field."""
        return self.headings[self.positions[field]]


def read_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Read ``name=column`` pairs as given to ``--map`` into field -> heading in the file.

    ``name`` is a field or any heading it goes by. TableError says what is wrong with a pair.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise TableError(
                f"--map takes name=column, for example --map given='Child first name'; "
                f"this is not one: {pair}"
            )
        field = field_of(name)
        if field is None:
            known = ", ".join(names[0] for names in ALIASES.values())
            raise TableError(f"--map {pair}: there is no field {name.strip()}. Fields: {known}.")
        if field in mapping:
            raise TableError(f"--map names {ALIASES[field][0]} twice. Give it once.")
        mapping[field] = column.strip()
    return mapping


def find_columns(
    header: Sequence[str],
    mapping: Mapping[str, str] | None = None,
    required: Sequence[str] = REQUIRED,
    replaced: str = "SUI_",
) -> Columns:
    """Recognise the headings of a file.

    ``mapping`` (field -> heading) wins over recognition by name. TableError when a field is
    claimed by two columns, a required one is absent, or a mapped column is not there.
    Repeated headings that are no field are kept apart by a number. ``replaced`` is the prefix of
    result columns: those of an earlier run keep their values under another name.
    """
    names = [_tidy(h) for h in header]
    positions = _mapped(names, mapping or {})
    taken = set(positions.values())
    claims: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        field = field_of(name)
        if field and field not in positions and index not in taken:
            claims.setdefault(field, []).append(index)
    for field, indexes in claims.items():
        if len(indexes) > 1 and field not in _MAY_REPEAT:
            raise TableError(_two_columns(field, [(i, names[i]) for i in indexes]))
        positions[field] = indexes[0]
    missing = [field for field in required if field not in positions]
    if missing:
        raise TableError(_missing_columns(missing, names))
    headings, notes = _distinct(names, replaced)
    return Columns(tuple(headings), positions, tuple(notes))


def recognised(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> int:
    """How many fields a header seems to have: how the right delimiter or header row is known."""
    wanted = {plain(column) for column in (mapping or {}).values()}
    fields = {field_of(name) for name in header} - {None}
    return len(fields) + len(wanted & {plain(name) for name in header})


def _tidy(heading: str) -> str:
    return " ".join(heading.replace("\ufeff", "").split())


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for field, column in mapping.items():
        wanted = _tidy(column)
        places = [i for i, name in enumerate(names) if name == wanted] or [
            i for i, name in enumerate(names) if plain(name) == plain(wanted)
        ]
        if not places:
            raise TableError(
                f"--map {field}={column}: the file has no column {column}. {_listed(names)}"
            )
        if len(places) > 1:
            raise TableError(
                f"--map {field}={column}: {len(places)} columns are called {names[places[0]]} "
                f"({_numbers(places)}). Rename one of them in the file."
            )
        if places[0] in positions.values():
            raise TableError(f"--map uses the column {column} for two fields. Use it for one.")
        positions[field] = places[0]
    return positions


def _numbers(indexes: Iterable[int]) -> str:
    return "columns " + " and ".join(str(i + 1) for i in indexes)


def _two_columns(field: str, columns: Sequence[tuple[int, str]]) -> str:
    shown = ALIASES[field][0]
    names = {name for _, name in columns}
    if len(names) == 1:
        return (
            f"The heading {columns[0][1]} is there {len(columns)} times "
            f"({_numbers(i for i, _ in columns)}), so it is not clear which holds {shown}. "
            "Rename or remove one of them in the file."
        )
    listed = " and ".join(f"{name} (column {i + 1})" for i, name in columns)
    return (
        f"More than one column looks like {shown}: {listed}. "
        f"Say which to use, for example --map {field}={_quoted(columns[0][1])}"
    )


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _missing_columns(missing: Sequence[str], names: Sequence[str]) -> str:
    wanted = "; ".join(f"{ALIASES[f][0]} (also {', '.join(ALIASES[f][1:])})" for f in missing)
    maps = " ".join(f'--map {field}="YOUR COLUMN"' for field in missing)
    return (
        f"The file has no column for: {wanted}. {_listed(names)} "
        f"If a column goes by another name, add {maps}"
    )


def _listed(names: Sequence[str]) -> str:
    """The headings found; nothing of them when they look like a row about somebody."""
    if looks_like_data(names):
        return (
            "Its first row looks like data, not headings (it is not shown here, as it may be "
            "about a child). Add a first row that names the columns."
        )
    shown = [name if len(name) <= 60 else name[:57] + "..." for name in names[:60] if name]
    more = f" and {len(names) - 60} more" if len(names) > 60 else ""
    return f"Columns found: {', '.join(shown) or 'none'}{more}."


_DATA_LIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"  # a date
    r"|\d[\d ]{6,}"  # an NHS number, a phone number, yyyymmdd
    r"|[^@\s]+@[^@\s]+\.\w"  # an e-mail address
    r"|\b[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}\b"  # a postcode
)


def looks_like_data(names: Sequence[str]) -> bool:
    """Whether a header row seems to be a row about a person, so must not be repeated to anyone."""
    return not any(field_of(name) for name in names) and any(map(_DATA_LIKE.search, names))


def _distinct(names: Sequence[str], replaced: str) -> tuple[list[str], list[str]]:
    """Headings made distinct, and notes on what was changed."""
    notes = []
    counts = Counter(names)
    used: set[str] = {name for name in names if counts[name] == 1}
    out: list[str] = []
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        new = name
        if name.startswith(replaced):
            new = _unused(f"Earlier_{name}", used)
            notes.append(f"The column {name} is from an earlier run: kept as {new}.")
        elif counts[name] > 1 and (seen[name] > 1 or not name):
            new = _unused(f"{name}_{seen[name]}" if name else f"Column_{index + 1}", used)
            if name:
                notes.append(
                    f"The heading {name} is there more than once: "
                    f"column {index + 1} is called {new} in the output."
                )
        used.add(new)
        out.append(new)
    return out, notes


def _unused(name: str, used: set[str]) -> str:
    candidate, number = name, 1
    while candidate in used:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
