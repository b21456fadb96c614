"""Names as agencies write them."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from joinedup.people.cell import is_absent, without_invisible
from joinedup.people.checked import Checked
from joinedup.people.listed import is_listed
from joinedup.people.placeholders import is_placeholder_name, placeholder_words

# The NHS Personal Demographics Service takes at most 35 characters in each name.
LONGEST = 35
_MOST = 200  # characters in a cell that may still be a name with its other names

_APOSTROPHES = re.compile(
    "[\u2018\u2019\u201b\u02b9\u02bb-\u02bf\u02c8\u055a\u05f3\u2032\u2035\u00b4`\ua78b\ua78c\uff07]"
)
_HYPHENS = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_DOUBLE_QUOTES = re.compile("[\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02]")
_OPENING_BRACKETS = frozenset("([{<")

_OTHER_WORDS = (
    r"(?:also |better |previously |formerly |usually |now )?known as|a\.? ?k\.? ?a\b\.?|k/a|f/k/a|"
    r"now|formerly|previously|prev\.|alias|goes by|likes to be called|called|"
    r"pref(?:erred|ers)?\.?(?: name| first name| given name)?|n[e\u00e9]e"
)
_OTHER = re.compile(rf"(?<=\S)[ ,;]+(?:{_OTHER_WORDS})(?:\s*:\s*|\s+)(?=\S)", re.I)
_OTHER_LEAD = re.compile(rf"^(?:{_OTHER_WORDS})(?:\s*:\s*|\s+)", re.I)
_BRACKETS = re.compile(r"[(\[{<]([^)\]}>]*)(?:[)\]}>]|$)")
_QUOTED = re.compile(r"\"([^\"]*)\"|(?<![^\s])'([^']+)'(?![^\s])")
_NOTE = re.compile(
    r"(?:[0-9]+|twins?|triplets?|unborn|deceased|adopted|male|female|boy|girl|[mf]|baby|child|"
    r"duplicate|dup|deleted|lac|cla|cin|cp|do not use|see .*)\b.*",
    re.I,
)
_LEADING_LIST = """
    MR MRS MS MISS MX MASTER MSTR DR DOCTOR PROF PROFESSOR REV REVD REVEREND SIR DAME
"""
_TRAILING_LIST = "MR MRS MS MISS DR JR JNR JUNIOR SR SNR SENIOR ESQ II III IV"
_LEADING_TITLES = frozenset(_LEADING_LIST.split())
_TRAILING_TITLES = frozenset(_TRAILING_LIST.split())
# Alone these are no name; some families really are called Doctor, Master or Senior.
_ONLY_TITLES = frozenset(
    {"MR", "MRS", "MS", "MISS", "MX", "MSTR", "DR", "PROF", "JR", "JNR", "ESQ"}
)
# Letters that do not come apart into a plain letter and a mark.
_PLAIN = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L",
        "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ə": "a", "Ə": "A",
        "ɓ": "b", "Ɓ": "B", "ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ƴ": "y", "Ƴ": "Y",
        "ɛ": "e", "Ɛ": "E", "ɔ": "o", "Ɔ": "O", "ŀ": "l", "ſ": "s", "ĸ": "k",
    }
)  # fmt: skip
_LETTERS_ONLY = re.compile(r"[' -]*[A-Za-z][A-Za-z' -]*")
_NOT_IN_WORDS = re.compile(r"[^A-Z -]+")
# UTF-8 that was opened as Windows text and saved again: "ZoÃ«".
_DAMAGED = re.compile("\ufffd|[\u00c2\u00c3\u00c4\u00c5][\u0080-\u00bf\u2013-\u203a\u0152-\u0178]")
_GLUED = re.compile(r"([A-Z][a-z]{3,})([A-Z][a-z]*)")
_PIECE = re.compile(r"[^ '-]+")

# Names as most are written. They are read at once when no word of them may mean something else.
_PLAINLY = re.compile(r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*|[A-Z]{2,}(?:[ -][A-Z]{2,})*")
_MEANS_MORE_LIST = """
    ALSO BETTER PREVIOUSLY FORMERLY USUALLY NOW KNOWN AKA ALIAS GOES LIKES CALLED PREF PREFERRED
    PREFERS NEE NULL NONE NA NAN NAT
"""

_PLACEHOLDER = frozenset({"placeholder"})
_WHOLE_NAME = frozenset({"whole-name"})

# As Mandarin, Cantonese and Vietnamese names are written in Latin letters. Some English names look
# the same ("Ben"), so this only says what to try first.
_SYLLABLE = re.compile(
    r"(?=.{2,6}\Z)(?:NGH?|NH|ZH|[CGKPST]H|TR|TSZ?|SZ?|[KG]W|GI|QU|HS|[BCDFGHJKLMNPQRTVWXYZ])?"
    r"[AEIOUY]{0,3}(?:NG|NH|CH|[NKTPMRHC])?"
)


def of_syllables(words: tuple[str, ...]) -> bool:
    """Say whether comparable words can be the one or two syllables of a Chinese name.

    Or of a Vietnamese one.
    """
    return 0 < len(words) <= 2 and all(map(_SYLLABLE.fullmatch, words))


@dataclass(frozen=True, slots=True)
class Name:
    """A name as read: to show, to compare, and what else the person is called.

    ``text`` is the tidy form ("Anne-Marie"); ``words`` its comparable words (upper-case plain
    letters: ``("ANNE", "MARIE")``); ``known_as`` other names given beside it, tidy.
    """

    text: str
    words: tuple[str, ...]
    known_as: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The first of several given names, a hyphened one whole: what to ask for first."""
        return self.text.partition(" ")[0]

    @property
    def each(self) -> tuple[str, ...]:
        """The names one by one, hyphened ones whole."""
        return tuple(self.text.split(" "))

    @property
    def to_ask(self) -> tuple[str, ...]:
        """What a source may hold as the first given name, the likeliest first.

        A Chinese or Vietnamese name of two syllables ("Zi Han") is one name, and held so more often
        than not;
        otherwise it is the first of several, or one of the others, by which the child is called.
        """
        if of_syllables(self.words) and len(self.words) == 2:
            return (self.text, *self.each) if " " in self.text else (self.text,)
        return self.each


def read_given(raw: str | None) -> Checked[Name]:
    """Read given names: one, or several with spaces between."""
    return _bounded(raw, "given")


def read_family(raw: str | None) -> Checked[Name]:
    """Read a family name."""
    return _bounded(raw, "family")


def plain_words(text: str) -> tuple[str, ...]:
    """Give a name's comparable words: "Zoë O’Neil-Çelik" gives ZOE, ONEIL, CELIK.

    Letters of other scripts are left out.
    """
    return _plain_words(text[:_MOST])


@lru_cache(maxsize=50_000)
def _plain_words(text: str) -> tuple[str, ...]:
    if not text.isascii():
        text = _HYPHENS.sub("-", _APOSTROPHES.sub("'", text))
        text = _plain(text)
    upper = _NOT_IN_WORDS.sub("", text.upper().replace(".", " "))
    return tuple(upper.replace("-", " ").split())


def _plain(text: str) -> str:
    """Give text with marks taken off its letters."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(character for character in apart if not unicodedata.combining(character))


def _bounded(raw: str | None, field: str) -> Checked[Name]:
    if raw is not None and len(raw) > _MOST:
        raw = raw.strip()
        if len(raw) > _MOST:
            return Checked.invalid("is far longer than a name can be: check the columns")
    return _read(raw, field)


@lru_cache(maxsize=1)
def _means_more() -> frozenset[str]:
    """Give the words that may make text something else than a plain name."""
    return (
        frozenset(_MEANS_MORE_LIST.split())
        | _LEADING_TITLES
        | _TRAILING_TITLES
        | _ONLY_TITLES
        | placeholder_words()
    )


@lru_cache(maxsize=50_000)
def _read(raw: str | None, field: str) -> Checked[Name]:
    if raw is not None and len(raw) <= LONGEST and _PLAINLY.fullmatch(raw):
        plain = tuple(raw.upper().replace("-", " ").split())
        if _means_more().isdisjoint(plain) and len(set(plain[0])) > 1:
            return Checked.valid(Name(_cased(raw), plain))
    return _read_with_care(raw, field)


def _read_with_care(raw: str | None, field: str) -> Checked[Name]:
    text = whole = _tidy(raw)
    if text is None or raw is None:
        return Checked.missing()
    if is_placeholder_name(field, text):
        return _no_name()
    if _DAMAGED.search(raw):
        return Checked.invalid(
            "has letters that were damaged when the file was saved: export it again as UTF-8"
        )
    text, others, reason = _without_other_names(text)
    text, note = _own_part(text, field)
    flags = _WHOLE_NAME if note else frozenset[str]()
    reason = note or reason
    bare = _without_titles(_tidy_marks(text))
    if bare is None:
        return Checked.invalid("is only a title: give the name", _PLACEHOLDER)
    text = bare
    problem = _problem(text)
    if problem:
        return Checked.invalid(problem)
    if text != whole and is_placeholder_name(field, text):
        return _no_name()
    longest = max(map(len, text.split(" "))) if field == "given" else len(text)
    if longest > LONGEST:
        return Checked.invalid(
            f"is longer than the {LONGEST} characters that the NHS holds for a name: shorten it as "
            "the NHS would have"
        )
    text = _cased(text)
    known_as = tuple(dict.fromkeys(other for other in others if other != text))
    return Checked.valid(Name(text, _plain_words(text), known_as), reason, flags)


def _no_name() -> Checked[Name]:
    return Checked.invalid("stands for a name that is not known: give the real name", _PLACEHOLDER)


def _tidy(raw: str | None) -> str | None:
    """Give text with one kind of apostrophe, hyphen, quote and space, or ``None`` for nothing."""
    if raw is None:
        return None
    text = raw
    if not text.isascii():
        # Before NFKC, which would take some apostrophes apart.
        text = _HYPHENS.sub("-", _APOSTROPHES.sub("'", text))
        text = _DOUBLE_QUOTES.sub('"', without_invisible(text))
        text = unicodedata.normalize("NFKC", text)
        text = _HYPHENS.sub("-", _APOSTROPHES.sub("'", text))
    elif not text.isprintable() or "`" in text:
        text = without_invisible(text).replace("`", "'")
    text = " ".join(text.split())
    return None if is_absent(text) else text


def _without_other_names(text: str) -> tuple[str, list[str], str]:
    """Take out names in brackets, in quotes, after "known as" and after a slash."""
    said: list[str] = []

    def take(found: re.Match[str]) -> str:
        said.append(next((group for group in found.groups() if group), ""))
        return " "

    main = text
    if not _OPENING_BRACKETS.isdisjoint(main):
        main = _BRACKETS.sub(take, main)
    if '"' in main or "'" in main:
        main = _QUOTED.sub(take, main)
    if said and not main.strip(" ,;.-'\""):
        main = said.pop(0)
    main = _OTHER_LEAD.sub("", main.strip(), count=1)
    main, *more = _OTHER.split(main)
    said += more
    if "/" in main:
        pieces = main.split("/")
        if all(len(piece.strip(" .")) > 1 for piece in pieces):
            main = pieces[0]
            said += pieces[1:]
    others = []
    for phrase in said:
        other = _without_titles(_tidy_marks(_OTHER_LEAD.sub("", phrase.strip(), count=1)))
        if other and not _NOTE.fullmatch(other) and not _problem(other) and len(other) <= LONGEST:
            others.append(_cased(other))
    reason = "gives another name as well, which is used too" if others else ""
    return main, others, reason


def _own_part(text: str, field: str) -> tuple[str, str]:
    """Take this field's part when one cell holds family and given name."""
    if "," in text:
        before, _, after = (part.strip() for part in text.strip(" ,;").partition(","))
        if not after or after.upper().strip(" .") in _TRAILING_TITLES:
            return before, ""
        if field == "family":
            return before, "holds given names after a comma, which were left out: use two columns"
        if _is_family_before_comma(before, after):
            return (
                after.replace(",", " "),
                "holds the family name before a comma, which was left out: use two columns",
            )
        return text.replace(",", " "), ""
    glued = _GLUED.fullmatch(text)
    if glued:
        given, family = glued.groups()
        if len(family) == 1 and field == "given":
            return f"{given} {family}", ""
        if (
            is_listed("given", given.upper())
            and is_listed("family", family.upper())
            and not is_listed("given", family.upper())
        ):
            own = given if field == "given" else family
            return own, "holds given and family name without a space: use two columns"
    return text, ""


def _is_family_before_comma(before: str, after: str) -> bool:
    if before.isupper() != after.isupper():
        return before.isupper()
    words = _plain_words(before)
    return bool(words) and is_listed("family", words[-1]) and not is_listed("given", words[0])


def _tidy_marks(text: str) -> str:
    """Set full stops, hyphens and apostrophes as names have them."""
    if "." in text:
        text = text.replace(".", " ")
    if "-" in text:
        text = re.sub(r"\s*-[\s-]*", "-", text)
    if "'" in text:
        text = re.sub(r"'[\s']*'", "'", text)
        text = re.sub(r"(?<=\b[A-Za-z])\s*'\s+|\s+'\s*(?=\w)", "'", text)
    return " ".join(text.split()).strip(" ,;:-'*_")


def _without_titles(text: str) -> str | None:
    """Drop titles and suffixes; ``None`` when nothing else is there."""
    words = text.split(" ")
    if len(words) == 1:
        return None if words[0].upper() in _ONLY_TITLES else text
    while len(words) > 1 and words[0].upper() in _LEADING_TITLES:
        del words[0]
    while len(words) > 1 and words[-1].upper() in _TRAILING_TITLES:
        del words[-1]
    return " ".join(words)


def _problem(text: str) -> str:
    """Say why text cannot be a name, or ""."""
    if _LETTERS_ONLY.fullmatch(text):
        return ""
    plain = _plain(text)
    if _LETTERS_ONLY.fullmatch(plain):
        return ""
    if any(map(str.isdigit, plain)):
        return "contains a digit: a name has letters only"
    if any(character.isalpha() and not character.isascii() for character in plain):
        return "is not in Latin letters: give it as English records write it"
    if "&" in text or "+" in text:
        return "seems to hold more than one person: one child in each row"
    return "contains a symbol that no name has: remove it"


def _cased(text: str) -> str:
    """Give NAMES or names typed in one case their capitals; leave mixed case alone."""
    if not (text.isupper() or text.islower()) or (len(text) == 2 and text[1] == "J"):
        return text
    out = []
    end = 0
    for found in _PIECE.finditer(text):
        piece = found[0].capitalize()
        if len(piece) > 4 and piece.startswith("Mc"):
            piece = "Mc" + piece[2:].capitalize()
        # O'Brien, but Sha'niya: a capital after the apostrophe only when one letter is before it.
        start = found.start()
        if start > 1 and text[start - 1] == "'" and start > 2 and text[start - 3] not in " -":
            piece = piece.lower()
        out.append(text[end:start])
        out.append(piece)
        end = found.end()
    return "".join(out) + text[end:]
