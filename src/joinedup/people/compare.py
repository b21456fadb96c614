"""How what was asked agrees with what is held, field by field, in levels and in words."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from joinedup.people.address_agreement import compare_addresses, compare_histories, in_history
from joinedup.people.agreement import Agreement, Level
from joinedup.people.contact import read_phone
from joinedup.people.gender import Gender
from joinedup.people.listed import custom_of, is_form, is_listed, shared_given
from joinedup.people.names import Name, of_syllables, plain_words
from joinedup.people.postcode import read_postcode

__all__ = [
    "Agreement",
    "Level",
    "compare_addresses",
    "compare_birth_date",
    "compare_email",
    "compare_family",
    "compare_gender",
    "compare_given",
    "compare_histories",
    "compare_phone",
    "compare_postcode",
    "family_elsewhere",
    "given_beside",
    "in_history",
    "names_swapped",
]

Words = tuple[str, ...]


def _all(field: str, words: dict[Level, str]) -> dict[Level, Agreement]:
    return {level: Agreement(field, level, text) for level, text in words.items()}


_GIVEN = _all(
    "given",
    {
        Level.EXACT: "given name is the same",
        Level.VARIANT: "given name is a known form of the name held",
        Level.PART: "some of the given names agree",
        Level.INITIAL: "given name agrees with an initial",
        Level.CLOSE: "given name is spelled almost the same",
        Level.DIFFERENT: "given name is different",
        Level.MISSING: "given name is missing on one side",
    },
)
_FAMILY = _all(
    "family",
    {
        Level.EXACT: "family name is the same",
        Level.VARIANT: "family name is a known form of the name held",
        Level.PART: "part of the family name agrees",
        Level.INITIAL: "family name agrees with an initial",
        Level.CLOSE: "family name is spelled almost the same",
        Level.DIFFERENT: "family name is different",
        Level.MISSING: "family name is missing on one side",
    },
)
_OTHER_GIVEN = Agreement("given", Level.VARIANT, "another given name they use is the name held")
_OTHER_FAMILY = Agreement("family", Level.VARIANT, "a former or other family name is the name held")
_GIVEN_REST = Agreement(
    "given", Level.PART, "first given name is the same and other given names differ"
)
_GIVEN_ORDER = Agreement("given", Level.PART, "given names are the same in another order")
_GIVEN_MIDDLE = Agreement("given", Level.PART, "given name is one of the other given names held")
_GIVEN_SHARED = Agreement(
    "given",
    Level.DIFFERENT,
    "only a given name that brothers or sisters often share agrees, the others differ",
)
_GIVEN_BESIDE = Agreement(
    "given",
    Level.POSSIBLE,
    "given name is different, but the child may well bear both names",
)
_FAMILY_ORDER = Agreement("family", Level.PART, "parts of the family name are in another order")
_FAMILY_AS_GIVEN = Agreement(
    "family", Level.PART, "the family name of one side is among the other's given names"
)
_FAMILY_RELIGIOUS = Agreement(
    "family",
    Level.POSSIBLE,
    "Singh or Kaur, which any Sikh may bear, is the family name of one side",
)

# A child's first names as held run together, or with an initial, still agree.
_SURE = (Level.EXACT, Level.VARIANT)


def compare_given(asked: Name, held: Sequence[str]) -> Agreement:
    """Compare given names asked about with those on a record, the first name first."""
    groups = [words for name in held for piece in name.split(" ") if (words := plain_words(piece))]
    if not asked.words or not groups:
        return _GIVEN[Level.MISSING]
    mine = [words for piece in asked.each if (words := plain_words(piece))]
    found = _compare_given(mine, groups)
    if found.level not in _SURE:
        for other in asked.known_as:
            other_words = plain_words(other)
            if other_words and _word_level("given", other_words, groups[0]) in _SURE:
                return _OTHER_GIVEN
    if found.level is Level.DIFFERENT and _beside(mine, groups):
        return _GIVEN_BESIDE
    return found


def _beside(mine: list[Words], held: list[Words]) -> bool:
    """Say whether the names can be two that one child bears, by a custom of giving both.

    An English name and one in the family's own language; Muhammad and the name that follows it.
    """
    one, other = (_flat(names) for names in (mine, held))
    if one[:1] and is_form("given", one[0], "MOHAMMED") != is_form("given", other[0], "MOHAMMED"):
        return len(mine) == 1 or len(held) == 1
    customs = (_customs(one), _customs(other))
    return any(customs) and customs[0].isdisjoint(customs[1])


def _two_of_one_custom(one: Words, other: Words) -> bool:
    """Say whether both sides have a name of the same custom, and not the same name misspelled."""
    return not _customs(one).isdisjoint(_customs(other)) and not any(
        JaroWinkler.similarity(a, b) >= 0.75 for a in one for b in other
    )


def given_beside(
    agreement: Agreement, asked: Name, held: Sequence[str], families: Sequence[str]
) -> Agreement:
    """Weigh a given name that differs by the family names: some customs give every child two.

    ``families`` are the family names of both sides. A record that shows another name of the custom
    has not left one out.
    """
    if agreement.level is not Level.DIFFERENT:
        return agreement
    if _two_of_one_custom(asked.words, tuple(word for name in held for word in plain_words(name))):
        return agreement
    customs = (custom_of("family", word) for name in families for word in plain_words(name))
    return _GIVEN_BESIDE if any(customs) else agreement


def _flat(names: list[Words]) -> Words:
    return tuple(word for words in names for word in words)


def _customs(words: Words) -> set[str]:
    found = {custom for word in words if (custom := custom_of("given", word))}
    if len(words) == 2 and of_syllables(words):
        found.add("China")
    return found


def _compare_given(mine: list[Words], groups: list[Words]) -> Agreement:
    flat_mine = [word for words in mine for word in words]
    flat_held = [word for words in groups for word in words]
    if flat_mine == flat_held:
        return _GIVEN[Level.EXACT]
    first = _word_level("given", mine[0], groups[0])
    if first in _SURE:
        # "Anne Marie" asked and "Anne-Marie" held: the hyphen is no difference.
        rest_mine, rest_held = flat_mine[len(mine[0]) :], flat_held[len(groups[0]) :]
        if _rest_agrees(rest_mine, rest_held):
            return _GIVEN[first]
        if shared_given().issuperset(mine[0]):
            return _GIVEN_SHARED
        return _GIVEN_REST
    if "".join(flat_mine) == "".join(flat_held):
        return _GIVEN[Level.VARIANT]
    if "".join(flat_mine) in _runs(flat_held) or "".join(flat_held) in _runs(flat_mine):
        # "Zihao" asked, "Jason Zi Hao" held.
        return _GIVEN_MIDDLE
    if sorted(flat_mine) == sorted(flat_held):
        return _GIVEN_ORDER
    agreeing = [
        (one, other) for one in flat_mine for other in flat_held if is_form("given", one, other)
    ]
    if not agreeing:
        return _GIVEN[first]
    firsts = (*mine[0], *groups[0])
    for one, other in agreeing:
        # Two further names that agree may be the father's, which brothers and sisters share.
        in_first_place = one in firsts or other in firsts
        if in_first_place and len(one) > 1 and one not in shared_given():
            return _GIVEN[Level.PART] if other in groups[0] else _GIVEN_MIDDLE
    return _GIVEN[first] if first is not Level.DIFFERENT else _GIVEN_SHARED


def _runs(words: list[str]) -> set[str]:
    """Give what two neighbouring words, or three, are when written as one."""
    return {
        "".join(words[at : at + size]) for size in (2, 3) for at in range(len(words) - size + 1)
    }


def _rest_agrees(mine: list[str], held: list[str]) -> bool:
    """Say whether further given names do not contradict: one side may have none, or initials."""
    return all(
        one == other
        or (min(len(one), len(other)) == 1 and one[0] == other[0])
        or is_form("given", one, other)
        or _close("given", one, other)
        for one, other in zip(mine, held, strict=False)
    ) or not set(mine).isdisjoint(held)


def compare_family(asked: Name, held: str | None) -> Agreement:
    """Compare a family name asked about with the one on a record."""
    words = plain_words(held) if held else ()
    if not asked.words or not words:
        return _FAMILY[Level.MISSING]
    level = _family_level(asked.words, words)
    if level in _SURE:
        return _FAMILY[level]
    for other in asked.known_as:
        other_words = plain_words(other)
        if other_words and _family_level(other_words, words) in _SURE:
            return _OTHER_FAMILY
    if level is Level.PART and sorted(asked.words) == sorted(words):
        return _FAMILY_ORDER
    return _FAMILY[level]


# Every Sikh man may be called Singh and every woman Kaur, beside a family name or in its place.
_RELIGIOUS = frozenset({"SINGH", "KAUR"})


def family_elsewhere(
    asked_given: Name, asked_family: Name, held_given: Sequence[str], held_family: str
) -> Agreement | None:
    """Say whether family names that differ are only names of one person in other places.

    Many customs put a name now among the given names and now last: the father's name, Singh and
    Kaur. ``None`` when nothing like that explains the difference.
    """
    held = plain_words(held_family)
    others_held = {word for name in held_given for word in plain_words(name)}
    others_held -= set(plain_words(held_given[0])) if held_given else set()
    others_asked = set(asked_given.words) - set(plain_words(asked_given.first))
    for words, others in ((asked_family.words, others_held), (held, others_asked)):
        if words and all(
            len(word) > 1 and any(is_form("given", word, other) for other in others)
            for word in words
        ):
            return _FAMILY_AS_GIVEN
    if _RELIGIOUS.issuperset(asked_family.words) or _RELIGIOUS.issuperset(held):
        return _FAMILY_RELIGIOUS
    return None


@lru_cache(maxsize=50_000)
def _family_level(mine: Words, held: Words) -> Level:
    if mine == held:
        return Level.EXACT
    one, other = _family_core(mine), _family_core(held)
    if "".join(one) == "".join(other) or "".join(mine) == "".join(held):
        return Level.VARIANT
    if len(one) == len(other) and all(
        is_form("family", a, b) for a, b in zip(one, other, strict=True)
    ):
        return Level.VARIANT
    if any(len(a) > 1 and is_form("family", a, b) for a in one for b in other):
        return Level.PART
    if len(one) == len(other) == 1 or len("".join(one)) > 3:
        return _similar("family", "".join(one), "".join(other))
    return Level.DIFFERENT


_PARTICLE_LIST = """
    AL EL UL DE DA DO DOS DAS DI DU DEL DELLA LA LE LAS LOS VAN VON DER DEN TER BIN BINT IBN O
    AP AB NI NIC MAC MC FITZ ST SAINT Y E
"""
_PARTICLES = frozenset(_PARTICLE_LIST.split())

# Beginnings that are written with or without a space: Mc Donald, O Brien.
_JOINED_ON = frozenset({"MC", "MAC", "O", "FITZ"})


@lru_cache(maxsize=50_000)
def _family_core(words: Words) -> Words:
    """Give the parts of a family name without particles, Mac written Mc, O' taken off."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in _JOINED_ON:
            joined[-1] += word
        else:
            joined.append(word)
    core = [word for word in joined if word not in _PARTICLES] or joined
    # MacDonald is McDonald; Mace and Mackie are not spelled with Mc often enough to matter.
    return tuple(
        "MC" + word[3:] if word.startswith("MAC") and len(word) > 6 else word for word in core
    )


def _word_level(kind: str, one: Words, other: Words) -> Level:
    """Compare one name (hyphened parts together) with another."""
    if one == other:
        return Level.EXACT
    joined_one, joined_other = "".join(one), "".join(other)
    if joined_one == joined_other:
        return Level.VARIANT
    if len(one) == len(other) and all(is_form(kind, a, b) for a, b in zip(one, other, strict=True)):
        return Level.VARIANT
    return _similar(kind, joined_one, joined_other)


@lru_cache(maxsize=50_000)
def _similar(kind: str, one: str, other: str) -> Level:
    if is_form(kind, one, other):
        return Level.VARIANT
    if len(one) == 1 or len(other) == 1:
        return Level.INITIAL if one[0] == other[0] else Level.DIFFERENT
    return Level.CLOSE if _close(kind, one, other) else Level.DIFFERENT


def _as_scanned(word: str) -> str:
    """Give what a machine that reads paper forms may take a word for."""
    for read, meant in (("RN", "M"), ("CL", "D"), ("VV", "W")):
        word = word.replace(read, meant)
    return word


def _close(kind: str, one: str, other: str) -> bool:
    """Say whether one word may be a slip for the other, rather than another name."""
    shorter = min(len(one), len(other))
    if shorter < 3 or (is_listed(kind, one) and is_listed(kind, other)):
        return False
    if kind == "given" and (one.startswith(other) or other.startswith(one)):
        return True  # a short form that no list has: "Sim" of Simran
    if _as_scanned(one) == _as_scanned(other):
        return True
    edits = DamerauLevenshtein.distance(one, other, score_cutoff=3)
    if edits <= (2 if shorter >= 8 else 1):
        return True
    return edits <= 3 and shorter >= 5 and JaroWinkler.similarity(one, other) >= 0.9


def names_swapped(
    asked_given: Name, asked_family: Name, held_given: Sequence[str], held_family: str | None
) -> bool:
    """Say whether given and family name stand in each other's place.

    Of several given names held, the one that stands in the family name's place may be any.
    """
    if not held_given or not held_family:
        return False
    given = compare_given(asked_family, held_given).level
    if given not in (Level.EXACT, Level.VARIANT, Level.CLOSE, Level.PART):
        return False
    family = compare_family(asked_given, held_family).level
    if family not in (Level.EXACT, Level.VARIANT, Level.CLOSE):
        # Of several given names held in the family name's place, the question may have the first.
        family = compare_given(asked_given, held_family.split(" ")).level
    if family not in (Level.EXACT, Level.VARIANT, Level.CLOSE):
        return False
    if given is Level.PART and family is Level.CLOSE:
        return False
    return Level.EXACT in (given, family) and not (
        compare_given(asked_given, held_given).level in _SURE
        and compare_family(asked_family, held_family).level in _SURE
    )


_BORN = _all(
    "birth_date",
    {
        Level.EXACT: "date of birth is the same",
        Level.SWAPPED: "day and month of birth are swapped",
        Level.CLOSE: "one digit of the birth date differs",
        Level.NEAR: "date of birth is a few days away",
        Level.DIFFERENT: "date of birth is different",
        Level.MISSING: "date of birth is missing or not complete on one side",
    },
)
_BORN_TRANSPOSED = Agreement("birth_date", Level.CLOSE, "two digits of the birth date are swapped")
_BORN_YEAR = Agreement("birth_date", Level.NEAR, "date of birth is exactly a year away")
_FEW_DAYS = 3


def compare_birth_date(asked: date, held: str | None) -> Agreement:
    """Compare a date of birth with one held as FHIR writes it; a partial one cannot confirm.

    A partial date (2012 or 2012-03) that contradicts is ``DIFFERENT``.
    """
    text = asked.isoformat()
    if held == text:
        return _BORN[Level.EXACT]
    if not held:
        return _BORN[Level.MISSING]
    return _born_differently(asked, text, held[:10])


def _born_differently(asked: date, text: str, held: str) -> Agreement:
    if len(held) < 10:
        return _BORN[Level.MISSING if text.startswith(held) else Level.DIFFERENT]
    try:
        other = date.fromisoformat(held)
    except ValueError:
        return _BORN[Level.MISSING]
    if other == asked:
        return _BORN[Level.EXACT]
    if asked.year == other.year and asked.day == other.month and asked.month == other.day:
        return _BORN[Level.SWAPPED]
    # Compared as people type it, day first, so that neighbours swapped by a slip are neighbours.
    one, two = f"{asked:%d%m%Y}", f"{other:%d%m%Y}"
    places = [place for place in range(8) if one[place] != two[place]]
    if len(places) == 1:
        return _BORN[Level.CLOSE]
    if (
        len(places) == 2
        and places[1] == places[0] + 1
        and one[places[0]] == two[places[1]]
        and one[places[1]] == two[places[0]]
    ):
        return _BORN_TRANSPOSED
    if abs((asked - other).days) <= _FEW_DAYS:
        return _BORN[Level.NEAR]
    if (asked.month, asked.day) == (other.month, other.day) and abs(asked.year - other.year) == 1:
        return _BORN_YEAR
    return _BORN[Level.DIFFERENT]


_GENDER = _all(
    "gender",
    {
        Level.EXACT: "gender is the same",
        Level.DIFFERENT: "gender is different",
        Level.MISSING: "gender is not known on one side",
    },
)


def compare_gender(asked: Gender, held: str | None) -> Agreement:
    """Compare a gender with a FHIR code; "unknown" on either side says nothing."""
    if not held or Gender.UNKNOWN in (asked, held):
        return _GENDER[Level.MISSING]
    return _GENDER[Level.EXACT if asked == held else Level.DIFFERENT]


_POSTCODE = _all(
    "postcode",
    {
        Level.EXACT: "postcode is the same",
        Level.CLOSE: "one character of the postcode differs",
        Level.SECTOR: "postcode is of the same few streets",
        Level.AREA: "postcode is of the same area",
        Level.DIFFERENT: "postcode is different",
        Level.MISSING: "postcode is missing on one side",
    },
)
_POSTCODE_ORDER = (Level.EXACT, Level.CLOSE, Level.SECTOR, Level.AREA, Level.DIFFERENT)


def compare_postcode(asked: str, held: Sequence[str]) -> Agreement:
    """Compare a postcode in normal form with those held, and give the best agreement."""
    best: Level | None = None
    for raw in held:
        if raw == asked:
            return _POSTCODE[Level.EXACT]
        other = read_postcode(raw).value
        if other is None:
            continue
        level = _postcode_level(asked, other)
        if best is None or _POSTCODE_ORDER.index(level) < _POSTCODE_ORDER.index(best):
            best = level
    return _POSTCODE[best or Level.MISSING]


@lru_cache(maxsize=50_000)
def _postcode_level(one: str, other: str) -> Level:
    if one == other:
        return Level.EXACT
    if DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1:
        return Level.CLOSE
    if one[:-2] == other[:-2]:
        return Level.SECTOR
    return Level.AREA if _area(one) == _area(other) else Level.DIFFERENT


def _area(postcode: str) -> str:
    return postcode[:2] if postcode[1].isalpha() else postcode[0]


_PHONE = _all(
    "phone",
    {
        Level.EXACT: "telephone number is the same",
        Level.DIFFERENT: "telephone number is different",
        Level.MISSING: "telephone number is missing on one side",
    },
)
_EMAIL = _all(
    "email",
    {
        Level.EXACT: "e-mail address is the same",
        Level.DIFFERENT: "e-mail address is different",
        Level.MISSING: "e-mail address is missing on one side",
    },
)


def compare_phone(asked: str, held: Sequence[str]) -> Agreement:
    """Compare a number in E.164 with those held, however they are written."""
    numbers = [number for raw in held if (number := read_phone(raw).value)]
    if not numbers:
        return _PHONE[Level.MISSING]
    return _PHONE[Level.EXACT if asked in numbers else Level.DIFFERENT]


def compare_email(asked: str, held: Sequence[str]) -> Agreement:
    """Compare an e-mail address with those held; capitals make no difference."""
    addresses = {address.strip().lower() for address in held if address.strip()}
    if not addresses:
        return _EMAIL[Level.MISSING]
    return _EMAIL[Level.EXACT if asked.lower() in addresses else Level.DIFFERENT]
