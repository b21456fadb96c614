"""United Kingdom postcodes."""

import re
from functools import lru_cache

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.placeholders import is_placeholder

# Royal Mail's areas, the Crown dependencies, the Forces (BF) and large receivers (BX, XX, XM).
_AREA_LIST = """
    AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT
    DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD
    LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK
    SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE XM XX
"""
_AREAS = frozenset(_AREA_LIST.split())
_IN_SHAPE = re.compile(r"([A-Z]{1,2})(?:[1-9][0-9]?|0|[0-9][A-HJ-NP-Z]) ?[0-9][A-Z]{2}")
_NORMAL = re.compile(r"([A-Z]{1,2})(?:[1-9][0-9]?|0|[0-9][A-HJ-NP-Z]) [0-9][ABD-HJLNP-UW-Z]{2}")
_PADDED = re.compile(r"^([A-Z]{1,2})0([0-9])$")
_OUTWARD_ONLY = re.compile(r"[A-Z]{1,2}[0-9O][0-9A-Z]?(?:[0-9])?")
_SEPARATORS = re.compile(r"[\s.,\-_]+")
# BS 7666: the last two letters are never C, I, K, M, O or V.
_NEVER_INWARD = re.compile(r"[CIKMOV]")
_OUTWARD_SHAPES = {2: ("A9",), 3: ("A99", "AA9", "A9A"), 4: ("AA99", "AA9A")}
_TO_LETTER = {"0": "O", "1": "I"}
_TO_DIGIT = {"O": "0", "I": "1"}

_REPAIRED = (
    "had O and 0, or I and 1, mixed up, or a 0 too many, which was put right: correct it in your "
    "system"
)
_UNLIKELY = frozenset({"unlikely-postcode"})


def read_postcode(raw: str | None) -> Checked[str]:
    """Read a postcode to its normal form, upper case with one space: "LS11 6AD".

    A pseudo-postcode (``ZZ99``: no fixed abode, address abroad or not known) is not provided: all
    such people share it, so it would agree where nothing does.
    """
    if raw is not None and len(raw) > 40:
        try:
            raw = tidy(raw, 40)
        except TooLong:
            return Checked.invalid("is far longer than a postcode: give the postcode alone")
    return _read(raw)


def is_plain_postcode(text: str) -> bool:
    """Say, fast, that ``read_postcode`` finds nothing invalid in text; "no" may mean "perhaps"."""
    found = _IN_SHAPE.fullmatch(text)
    return found is not None and found[1] in _AREAS


@lru_cache(maxsize=50_000)
def is_normal_postcode(text: str) -> bool:
    """Say whether text is a likely postcode in its normal form, which ``read_postcode`` keeps."""
    found = _NORMAL.fullmatch(text)
    return found is not None and found[1] in _AREAS and not is_placeholder("postcode", text)


@lru_cache(maxsize=50_000)
def _read(raw: str | None) -> Checked[str]:
    if raw is not None and is_normal_postcode(raw):
        return Checked.valid(raw)
    return _read_with_care(raw)


def _read_with_care(raw: str | None) -> Checked[str]:
    text = tidy(raw, 40)
    if text is None:
        return Checked.missing()
    if is_placeholder("postcode", text):
        return Checked(
            None, Quality.NOT_PROVIDED, "says that the postcode is not known",
            frozenset({"placeholder"}),
        )  # fmt: skip
    compact = _SEPARATORS.sub("", text.upper())
    if compact.startswith(("ZZ99", "ZZ9")) and len(compact) >= 6:
        return Checked(
            None, Quality.NOT_PROVIDED, "is a pseudo-postcode: no fixed or known address",
            frozenset({"pseudo-postcode"}),
        )  # fmt: skip
    if compact in ("GIR0AA", "GIROAA"):
        return Checked.valid("GIR 0AA", "" if compact == "GIR0AA" else _REPAIRED)
    if compact.startswith("BFPO"):
        return Checked.invalid("is a Forces post office number: give its postcode, such as BF1 2AB")
    if not compact.isascii() or not compact.isalnum():
        return Checked.invalid("holds something other than letters and digits")
    postcode = _in_shape(compact)
    if postcode is None:
        return Checked.invalid(_why_not(compact))
    reason = "" if postcode.replace(" ", "") == compact else _REPAIRED
    outward, inward = postcode.split(" ")
    if _area(outward) not in _AREAS or _NEVER_INWARD.search(inward):
        return Checked.valid(
            postcode, reason or "has letters that no postcode in use has: check it", _UNLIKELY
        )
    return Checked.valid(postcode, reason)


def _in_shape(compact: str) -> str | None:
    """Put the space in, and letters and digits that look alike where their place demands.

    A real area wins over an unreal one, then the fewest repairs; ``None`` when no shape fits, or
    when two different repairs are equally good.
    """
    if not 5 <= len(compact) <= 7:
        return None
    outward, inward = compact[:-3], compact[-3:]
    end = _as_shape(inward, "9AA")
    if end is None:
        return None
    fits = set()
    for shape in _OUTWARD_SHAPES[len(outward)]:
        start = _as_shape(outward, shape)
        # The letter that may end the first part ("EC1A") is never I or O: there they are digits.
        if start is None or (len(start) > 2 and start[-1] in "IO"):
            continue
        # Some systems pad the district: LS01 for LS1.
        unpadded = _PADDED.sub(r"\1\2", start)
        repairs = sum(map(str.__ne__, start, outward)) + len(start) - len(unpadded)
        fits.add((_area(unpadded) not in _AREAS, repairs, unpadded))
    best = sorted(fits)[:2]
    if not best or (len(best) == 2 and best[0][:2] == best[1][:2]):
        return None
    return f"{best[0][2]} {end}"


def _as_shape(text: str, shape: str) -> str | None:
    """Give text with its look-alikes exchanged so that it fits the shape, or ``None``."""
    out = []
    for character, kind in zip(text, shape, strict=True):
        if character.isdigit() == (kind == "9"):
            out.append(character)
            continue
        swapped = (_TO_DIGIT if kind == "9" else _TO_LETTER).get(character)
        if swapped is None:
            return None
        out.append(swapped)
    return "".join(out)


def _area(outward: str) -> str:
    return outward[:2] if outward[1].isalpha() else outward[0]


def _why_not(compact: str) -> str:
    if len(compact) <= 5 and _OUTWARD_ONLY.fullmatch(compact):
        return "is only the first part of a postcode: give all of it, such as LS11 6AD"
    if len(compact) > 7:
        return "is longer than a postcode: give the postcode alone, such as LS11 6AD"
    return "is not a United Kingdom postcode, which looks like LS11 6AD: check each character"
