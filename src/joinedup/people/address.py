"""Addresses, and the history of where somebody lived."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.dates import read_birth_date
from joinedup.people.placeholders import is_placeholder
from joinedup.people.postcode import is_normal_postcode, read_postcode

_LONGEST = 20_000
_MOST = 200  # addresses in one history


@dataclass(frozen=True, slots=True)
class Address:
    """One address in comparable parts, and when it was lived at.

    ``lines`` are as written, without the postcode; ``flat`` ("3", "A", "3/2"), ``number`` ("12",
    "12A", "12-14") and ``street`` ("HIGH STREET") are upper case and "" when there is none;
    ``postcode`` is in its normal form, or "".
    """

    lines: tuple[str, ...]
    flat: str = ""
    number: str = ""
    street: str = ""
    postcode: str = ""
    start: date | None = None
    end: date | None = None


_POSTCODE_AT_END = re.compile(
    r"(?:^|[\s,])((?:[A-Z]{1,2}[0-9][0-9A-Z]?|GIR)\s*[0-9][A-Z]{2})[\s.,]*$", re.I
)
_UNIT = (
    r"(?:flat|flt|apartment|apt|appt|unit|maisonette|studio|room|rm|bedsit|suite|plot|caravan|"
    r"pitch|annexe|annex)"
)
_UNIT_WORD = re.compile(
    rf"{_UNIT}\b\.?\s*(?:no\.?\s*|number\s*|#\s*)?([0-9]+[A-Z]?|[A-Z])(?![A-Z0-9])", re.I
)
# A flat is looked for only where one of these is written: most addresses have none.
_MAY_BE_UNIT = re.compile(
    "fl(?:a)?t|ap(?:artmen|p)?t|unit|maisonette|studio|r(?:oo)?m|bedsit|suite|plot|caravan|pitch|"
    "annex"
)
_FLOOR = re.compile(
    r"\b(ground|first|second|third|fourth|1st|2nd|3rd|4th|top|basement|lower ground|upper|garden)"
    r"\s+(?:floor)?\s*"
    r"(?:flat|apartment|maisonette)\b",
    re.I,
)
_FLOORS = {"1st": "FIRST", "2nd": "SECOND", "3rd": "THIRD", "4th": "FOURTH"}
_SCOTTISH = re.compile(r"^\s*([0-9]+)\s*[/\\]\s*([0-9]+[A-Z]?)\b,?\s*", re.I)
_NUMBER = re.compile(
    r"^(?:no\.?\s*)?([0-9]+\s?[A-Z]?)(?:\s*(?:-|–|to)\s*([0-9]+\s?[A-Z]?))?\b",
    re.I,
)
_TRAILING_LETTER = re.compile(r"^([0-9]+) ([A-Z])$")
_PERIOD_AT_END = re.compile(
    r"[\s,]*[(\[]\s*((?:from\s+)?[0-9][0-9/.\-]{7,9}\s*(?:-|–|to|until|\.\.)?\s*"
    r"(?:[0-9][0-9/.\-]{7,9}|now|present|current)?)\s*[)\]]\s*$",
    re.I,
)
# "1~36 Tower Road~Thornthorpe~Corvenworth~LE1 0ET", as most records are written.
_REGULAR = re.compile(
    r"[0-9]{1,6}~((?:Flat ([0-9]{1,4}[A-Z]?)~)?([1-9][0-9]{0,4}[A-Z]?) "
    r"([A-Z][a-z]+(?: [A-Z][a-z]+)*)(?:~[A-Z][a-z]+(?:[ -][A-Za-z]+)*)*)"
    r"~([A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2})"
)
_DATE = re.compile(r"[0-9][0-9/.\-]{7,9}")
_NOT_WORD = re.compile(r"[^A-Z0-9 ]+")

_ABBREVIATED = {
    "RD": "ROAD", "AVE": "AVENUE", "AV": "AVENUE", "LN": "LANE", "CL": "CLOSE", "CLS": "CLOSE",
    "CRES": "CRESCENT", "CT": "COURT", "CRT": "COURT", "DR": "DRIVE", "DRV": "DRIVE",
    "GDNS": "GARDENS", "GDN": "GARDEN", "GR": "GROVE", "GRV": "GROVE", "GRO": "GROVE",
    "HSE": "HOUSE", "PL": "PLACE", "PK": "PARK", "SQ": "SQUARE", "TCE": "TERRACE",
    "TERR": "TERRACE", "TER": "TERRACE", "WY": "WAY", "WLK": "WALK", "STR": "STREET",
    "BLDGS": "BUILDINGS", "BLDG": "BUILDING", "MT": "MOUNT", "HL": "HILL", "GRN": "GREEN",
    "NTH": "NORTH", "STH": "SOUTH", "VW": "VIEW", "RW": "ROW",
}  # fmt: skip
_STREET_ENDS = frozenset(_ABBREVIATED.values()) | {
    "STREET", "MEWS", "YARD", "RISE", "FIELDS", "BANK", "VALE", "PARADE", "CROFT", "DRIVE", "END",
    "WHARF", "QUAY", "CIRCUS", "APPROACH", "BOULEVARD", "CHASE", "CAUSEWAY", "HEIGHTS", "PATH",
    "PASSAGE", "GATE", "BROW", "DENE", "MEADOW", "MEADOWS", "BROADWAY", "EMBANKMENT", "LANE",
    "ESPLANADE", "PROMENADE", "FOLD", "GARTH", "COMMON", "VILLAS", "COTTAGES", "CRESCENT",
}  # fmt: skip
# Words after which a line names a building of several homes rather than a street.
_BUILDING_ENDS = frozenset(
    {"COURT", "HOUSE", "BUILDING", "BUILDINGS", "TOWER", "TOWERS", "LODGE", "MANSIONS", "HALL"}
)


def address_from_lines(
    lines: Sequence[str],
    postcode: str | None = "",
    start: date | None = None,
    end: date | None = None,
) -> Address:
    """Make an address of lines such as a FHIR ``Address`` has, and its postcode."""
    kept = tuple(
        tidy_line for line in lines if (tidy_line := " ".join((line or "").split()).strip(" ,.;"))
    )
    code = read_postcode(postcode).value or ""
    if not code and kept:
        kept, code = _split_postcode(kept)
    flat, number, street = _parts(kept)
    return Address(kept, flat, number, street, code, start, end)


def read_address_history(raw: str | None) -> Checked[tuple[Address, ...]]:
    """Read one address or a history of them; the result is newest first.

    Three ways of writing are accepted: ``id~line~line~postcode`` with ``|`` between addresses,
    oldest first; lines with ``,`` and addresses with ``;`` between them, newest first; and one
    plain address. A period may follow an address: ``(2019-04-01 to 2021-06-30)``, or the two dates
    as fields of their own.
    """
    try:
        text = tidy(raw, _LONGEST)
    except TooLong:
        return Checked.invalid("is far longer than a history of addresses: check the columns")
    if text is None:
        return Checked.missing()
    if is_placeholder("address_history", text):
        return Checked(
            None,
            Quality.NOT_PROVIDED,
            "says that there is no known address",
            frozenset({"placeholder"}),
        )
    return _read(text)


@lru_cache(maxsize=20_000)
def _read(text: str) -> Checked[tuple[Address, ...]]:
    if "~" in text or "|" in text:
        records = [
            _tilde_address(record) for record in reversed(text.split("|")) if record.strip(" ~")
        ]
    else:
        records = [_comma_address(record) for record in text.split(";") if record.strip(" ,")]
    addresses = tuple(address for address in records if address is not None)
    if not addresses:
        return Checked.invalid("holds no address: give number, street and postcode")
    if len(addresses) > _MOST:
        return Checked.invalid("holds more addresses than anyone has lived at: check the column")
    if not any(address.postcode for address in addresses):
        return Checked.valid(
            addresses, "has no postcode, without which addresses cannot be compared",
            frozenset({"no-postcode"}),
        )  # fmt: skip
    return Checked.valid(addresses)


def _tilde_address(record: str) -> Address | None:
    return _regular_address(record) or _any_tilde_address(record)


def _regular_address(record: str) -> Address | None:
    """Read a record whose parts are where most have them, or give ``None``."""
    found = _REGULAR.fullmatch(record)
    if found is None:
        return None
    lines, flat, number, street, postcode = found.groups("")
    if not is_normal_postcode(postcode) or (not flat and _unit(street)):
        return None
    return Address(tuple(lines.split("~")), flat, number, _street(street), postcode)


@lru_cache(maxsize=20_000)
def _unit(line: str) -> re.Match[str] | None:
    """Find a flat, or a floor that stands for one, in a line."""
    if not _MAY_BE_UNIT.search(line.casefold()):
        return None
    return _UNIT_WORD.search(line) or _FLOOR.search(line)


def _any_tilde_address(record: str) -> Address | None:
    fields = [field.strip() for field in record.split("~")]
    dates = [field for field in fields if _DATE.fullmatch(field) and _read_date(field)]
    fields = [field for field in fields if field not in dates]
    if len(fields) > 1:
        # The first field is the record's id or its use ("home"), never a line.
        fields = fields[1:]
    start = _read_date(dates[0]) if dates else None
    end = _read_date(dates[1]) if len(dates) > 1 else None
    address = address_from_lines(fields, "", start, end)
    return address if address.lines or address.postcode else None


def _comma_address(record: str) -> Address | None:
    start = end = None
    if found := _PERIOD_AT_END.search(record):
        record = record[: found.start()]
        dates = _DATE.findall(found[1])
        start = _read_date(dates[0]) if dates else None
        end = _read_date(dates[1]) if len(dates) > 1 else None
    address = address_from_lines(record.split(","), "", start, end)
    return address if address.lines or address.postcode else None


def _read_date(text: str) -> date | None:
    return read_birth_date(text).value


def _split_postcode(lines: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Take the postcode off the end of the last line."""
    last = lines[-1]
    found = _POSTCODE_AT_END.search(last)
    if found:
        code = read_postcode(found[1]).value
        rest = last[: found.start()].strip(" ,.;")
    else:
        # A slip such as O for 0 is repaired only when the postcode is a line of its own.
        code = read_postcode(last).value if len(last) <= 9 else None
        rest = ""
    if not code:
        return lines, ""
    return (*lines[:-1], rest) if rest else lines[:-1], code


def _parts(lines: tuple[str, ...]) -> tuple[str, str, str]:
    """Find flat, building number and street in the lines of an address."""
    flat = number = street = ""
    for line in lines:
        rest = line
        if not flat:
            if found := _unit(rest):
                flat = _FLOORS.get(found[1].lower(), found[1].upper())
                rest = f"{rest[: found.start()]} {rest[found.end() :]}".strip(" ,-")
            elif found := _SCOTTISH.match(rest):
                # Scottish "3/2, 12 High Street": a flat before the number of the building;
                # "12/3 High Street" on a line of its own: the building, then the flat.
                if _NUMBER.match(rest[found.end() :]):
                    flat = f"{found[1]}/{found[2].upper()}"
                    rest = rest[found.end() :]
                elif rest[found.end() :].strip():
                    number, flat = found[1], found[2].upper()
                    rest = rest[found.end() :]
                else:
                    flat = f"{found[1]}/{found[2].upper()}"
                    rest = ""
        if not number and (found := _NUMBER.match(rest)):
            number = _number(found)
            rest = rest[found.end() :]
            street = _street(rest)
        elif number and not street:
            street = _street(rest)
        elif (
            not number
            and not street
            and (named := _street(rest)).rpartition(" ")[2] in _STREET_ENDS
        ):
            street = named if named.rpartition(" ")[2] not in _BUILDING_ENDS else ""
        if number and street:
            break
    return flat, number, street


def _number(found: re.Match[str]) -> str:
    first, last = found[1].upper().replace(" ", ""), (found[2] or "").upper().replace(" ", "")
    first = first.lstrip("0") or "0"
    return f"{first}-{last.lstrip('0')}" if last else first


@lru_cache(maxsize=20_000)
def _street(text: str) -> str:
    words = _NOT_WORD.sub("", text.upper().replace("-", " ")).split()
    if not words:
        return ""
    out = [_ABBREVIATED.get(word, word) for word in words]
    if words[-1] == "ST" and len(words) > 1:
        out[-1] = "STREET"
    if words[0] == "ST":
        out[0] = "SAINT"
    return " ".join(out)
