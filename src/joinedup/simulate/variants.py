"""How one name becomes another: spellings, short forms, slips of hand, eye and ear."""

import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from random import Random
from typing import Any

from joinedup.simulate.places import split_list

# Letters that Unicode does not decompose to a plain one.
_PLAIN = str.maketrans(
    {"ł": "l", "Ł": "L", "ı": "i", "İ": "I", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss"}
)


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("data", "variants.toml").read_text("utf-8"))


@lru_cache(maxsize=2)
def _spellings(lists: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    out: dict[str, list[str]] = {}
    for line in (line for name in lists for line in _raw()[name]):
        names = split_list(line)
        for name in names:
            out.setdefault(name, []).extend(other for other in names if other != name)
    return {name: tuple(dict.fromkeys(others)) for name, others in out.items()}


@lru_cache(maxsize=1)
def _nicknames() -> dict[str, tuple[str, ...]]:
    return {name: tuple(split_list(short)) for name, short in _raw()["nicknames"].items()}


@lru_cache(maxsize=1)
def twin_pairs() -> dict[str, list[tuple[str, str]]]:
    """Names given to twins because they sound well together, for "male" and "female"."""
    raw = _raw()["twins"]
    pairs: dict[str, list[tuple[str, str]]] = {}
    for sex, key in (("female", "girls"), ("male", "boys")):
        pairs[sex] = []
        for pair in split_list(raw[key]):
            first, second = pair.split(" & ")
            pairs[sex].append((first, second))
    return pairs


@lru_cache(maxsize=1)
def _keyboard() -> dict[str, str]:
    return dict(item.split(":") for item in split_list(_raw()["slips"]["keyboard"]))


@lru_cache(maxsize=4)
def _table(name: str) -> list[tuple[str, str]]:
    pairs = [item.split(":") for item in split_list(_raw()["slips"][name])]
    return [(read, written) for read, written in pairs]


def plain(text: str) -> str:
    """The name in A to Z, as an English keyboard writes it."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_REGISTERED = ("spellings",)
_WRITTEN = ("spellings", "heard")


def other_spelling(rng: Random, name: str, *, heard: bool = False) -> str | None:
    """Another accepted spelling or transliteration, or None where there is none.

    With ``heard``, also what a clerk may write who hears the name and nobody is registered as.
    """
    options = _spellings(_WRITTEN if heard else _REGISTERED).get(name)
    return options[int(rng.random() * len(options))] if options else None


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, in the same spelling or in two accepted ones."""
    return one == other or other in _spellings(_REGISTERED).get(one, ())


def short_form(rng: Random, name: str) -> str | None:
    """A nickname, or None where the name has none."""
    options = _nicknames().get(name)
    return options[int(rng.random() * len(options))] if options else None


def _like(pattern: str, letters: str) -> str:
    """``letters`` in capitals where ``pattern`` begins with one."""
    if not pattern[:1].isupper():
        return letters
    return letters.upper() if len(pattern) > 1 and pattern.isupper() else letters.capitalize()


def keyboard_slip(rng: Random, text: str) -> str:
    """One letter neighboured, doubled, dropped or traded with the next."""
    places = [i for i, letter in enumerate(text) if letter.isalpha()]
    if len(places) < 3:
        return text
    # The first letter is the one people look at: slips there are rarer.
    at = places[0] if rng.random() < 0.08 else places[1 + int(rng.random() * (len(places) - 1))]
    letter = text[at]
    kind = rng.random()
    if kind < 0.35:
        near = _keyboard().get(letter.lower(), "")
        if near:
            return text[:at] + _like(letter, near[int(rng.random() * len(near))]) + text[at + 1 :]
    if kind < 0.55:
        return text[: at + 1] + letter.lower() + text[at + 1 :]
    if kind < 0.78:
        rest = text[at + 1 :]
        return text[:at] + (rest[:1].upper() + rest[1:] if letter.isupper() else rest)
    if at + 1 < len(text) and text[at + 1].isalpha():
        return text[:at] + _like(letter, text[at + 1].lower()) + letter.lower() + text[at + 2 :]
    return text


def _replace_one(rng: Random, text: str, table: list[tuple[str, str]]) -> str:
    low = text.lower()
    options = [
        (at, read, written)
        for read, written in table
        for at in range(len(low) - len(read) + 1)
        if low.startswith(read, at)
    ]
    if not options:
        return text
    at, read, written = options[int(rng.random() * len(options))]
    return text[:at] + _like(text[at], written) + text[at + len(read) :]


def scanner_slip(rng: Random, text: str) -> str:
    """One letter or pair misread by a machine; the same text where nothing looks alike."""
    return _replace_one(rng, text, _table("scanner"))


def sound_slip(rng: Random, text: str) -> str:
    """Written as heard; the same text where no other writing sounds alike."""
    return _replace_one(rng, text, _table("sound"))
