"""The names that the package's own tables list: common names, and forms of one name."""

from functools import lru_cache

from joinedup.people.tables import rows

_FORMS_FILES = {"given": "given_name_forms.csv", "family": "family_name_forms.csv"}


@lru_cache(maxsize=2)
def shares(kind: str) -> dict[str, float]:
    """Give the share of children in England with each listed name of this kind, upper-case."""
    return {
        row["name"]: float(row["per_10000"]) / 10_000
        for row in rows("name_frequency.csv")
        if row["kind"] == kind
    }


def is_listed(kind: str, word: str) -> bool:
    """Say whether an upper-case word is a name of this kind that the tables know."""
    return word in shares(kind) or word in _spellings(kind) or word in _short_forms(kind)


def spellings(kind: str, word: str) -> frozenset[str]:
    """Give all spellings of one name, the word itself among them."""
    return _spellings(kind).get(word) or frozenset((word,))


def is_form(kind: str, one: str, other: str) -> bool:
    """Say whether two upper-case words are forms of one name: spellings, or long and short.

    Two short forms of one long name ("Ella" and "Ellie" of Eleanor) are not forms of each other:
    sisters may well be called so.
    """
    if one == other:
        return True
    same = _spellings(kind).get(one)
    if same is not None and other in same:
        return True
    short = _short_forms(kind)
    return other in short.get(one, ()) or one in short.get(other, ())


@lru_cache(maxsize=1)
def shared_given() -> frozenset[str]:
    """Give the given names, all spellings, that brothers and sisters commonly share."""
    return frozenset(
        spelling
        for row in rows("shared_given_names.csv")
        for spelling in (
            spellings("given", row["name"]) if row["spellings"] == "all" else (row["name"],)
        )
    )


@lru_cache(maxsize=2)
def _spellings(kind: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for row in rows(_FORMS_FILES[kind]):
        if row["kind"] == "spelling":
            group = frozenset((row["name"], *row["forms"].split()))
            for word in group:
                found[word] = group | found.get(word, frozenset())
    return found


@lru_cache(maxsize=2)
def _short_forms(kind: str) -> dict[str, frozenset[str]]:
    """Short forms by long name, every spelling of either included."""
    found: dict[str, set[str]] = {}
    for row in rows(_FORMS_FILES[kind]):
        if row["kind"] == "short":
            forms = {
                spelling for form in row["forms"].split() for spelling in spellings(kind, form)
            }
            for name in spellings(kind, row["name"]):
                found.setdefault(name, set()).update(forms)
    return {name: frozenset(forms) for name, forms in found.items()}


@lru_cache(maxsize=100_000)
def name_tokens(kind: str, word: str) -> tuple[str, ...]:
    """Give tokens of which two upper-case words share one exactly when ``is_form`` holds.

    One token is the word's spelling group; another stands for each pair of long and short form.
    Engines without the tables, such as SQL, compare lists of them.
    """
    group = min(spellings(kind, word))
    tokens = {group}
    for short in _short_forms(kind).get(word, ()):
        tokens.add(f"{group}>{min(spellings(kind, short))}")
    for long in _long_forms(kind).get(word, ()):
        tokens.add(f"{min(spellings(kind, long))}>{group}")
    return tuple(sorted(tokens))


@lru_cache(maxsize=2)
def _long_forms(kind: str) -> dict[str, frozenset[str]]:
    """Long forms by short name."""
    found: dict[str, set[str]] = {}
    for long, shorts in _short_forms(kind).items():
        for short in shorts:
            found.setdefault(short, set()).add(long)
    return {name: frozenset(longs) for name, longs in found.items()}


@lru_cache(maxsize=2)
def _second_names(kind: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Custom by whole name, and (beginning, custom)."""
    listed = [
        (name, row["custom"])
        for row in rows("second_names.csv")
        if row["kind"] == kind
        for name in row["names"].split()
    ]
    whole = {name: custom for name, custom in listed if not name.endswith("*")}
    begins = tuple((name[:-1], custom) for name, custom in listed if name.endswith("*"))
    return whole, begins


@lru_cache(maxsize=50_000)
def custom_of(kind: str, word: str) -> str | None:
    """Give the custom of two first names that an upper-case name is of, if any."""
    whole, begins = _second_names(kind)
    return whole.get(word) or next(
        (custom for start, custom in begins if word.startswith(start) and len(word) > len(start)),
        None,
    )
