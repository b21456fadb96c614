"""Telephone numbers and e-mail addresses."""

import re
from functools import lru_cache

import phonenumbers

from joinedup.people.cell import TooLong, tidy
from joinedup.people.checked import Checked, Quality
from joinedup.people.placeholders import is_placeholder

_PLACEHOLDER = frozenset({"placeholder"})
# The Crown dependencies share the United Kingdom's numbering plan.
_REGIONS = frozenset({"GB", "GG", "JE", "IM"})
# Ofcom keeps these for drama: no telephone rings there, so training data may use them.
_DRAMA = re.compile(
    r"\+44(7700900|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|"
    r"1514960|1614960|1914980|1632960|2079460|2890180|2920180|3069990)[0-9]{3}"
)
_PLAIN = re.compile(r"(?:0|\+44|0044)([1-9][0-9]{8,9})")
_PUNCTUATION = re.compile(r"[ ()-]")
_LETTERS = re.compile(r"[a-z]", re.I)
_EXTENSION = re.compile(r"(?:ext?n?\.?|extension|x|#)\s*[0-9]{1,6}$", re.I)

_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])",
    re.I,
)


def read_phone(raw: str | None) -> Checked[str]:
    """Read a United Kingdom telephone number to E.164, such as +447700900123."""
    if raw is not None and len(raw) > 60:
        try:
            raw = tidy(raw, 60)
        except TooLong:
            return Checked.invalid("is far longer than a telephone number: give one number")
    return _read_phone(raw)


@lru_cache(maxsize=50_000)
def _read_phone(raw: str | None) -> Checked[str]:
    text = tidy(raw, 60)
    if text is None:
        return Checked.missing()
    if is_placeholder("phone", text):
        return Checked(
            None, Quality.NOT_PROVIDED, "says that the number is not known", _PLACEHOLDER
        )
    reason = ""
    if _EXTENSION.search(text):
        text = _EXTENSION.sub("", text)
        reason = "had an extension, which was taken off"
    if _LETTERS.search(text):
        return Checked.invalid("holds letters: give the number alone")
    if text.isdigit() and len(text) == 10 and text[0] != "0":
        reason = "had lost its leading 0, which was put back"
    try:
        number = _number(text)
    except phonenumbers.NumberParseException:
        return Checked.invalid("is not a telephone number: give one number")
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _DRAMA.fullmatch(form):
        return Checked.valid(
            form, reason or "is in the range kept for examples", frozenset({"test-range"})
        )
    if number.country_code != 44:
        return Checked.invalid("is not a United Kingdom number")
    if len(set(str(number.national_number))) == 1:
        return Checked.invalid("is one digit repeated: leave it empty when not known", _PLACEHOLDER)
    if phonenumbers.region_code_for_number(number) not in _REGIONS:
        return Checked.invalid(
            "is not a number in use in the United Kingdom: a digit is missing, extra or wrong"
        )
    return Checked.valid(form, reason)


def _number(text: str) -> phonenumbers.PhoneNumber:
    """Take a number apart; one plainly written needs no long look, and most are."""
    if plain := _PLAIN.fullmatch(_PUNCTUATION.sub("", text)):
        return phonenumbers.PhoneNumber(country_code=44, national_number=int(plain[1]))
    return phonenumbers.parse(text, "GB")


def read_email(raw: str | None) -> Checked[str]:
    """Read an e-mail address; the part after @ becomes lower case, as it is the same either way."""
    try:
        text = tidy(raw, 320)
    except TooLong:
        return Checked.invalid("is far longer than an e-mail address: give one address")
    if text is None:
        return Checked.missing()
    if is_placeholder("email", text):
        return Checked(
            None, Quality.NOT_PROVIDED, "says that the address is not known", _PLACEHOLDER
        )
    if text[:7].lower() == "mailto:":
        text = text[7:]
    # RFC 5321, section 4.5.3.1: 64 octets before the @, 254 in all.
    if len(text) > 254 or text.find("@") > 64 or not _EMAIL.fullmatch(text):
        return Checked.invalid("is not an e-mail address: it looks like name@organisation.uk")
    local, _, domain = text.rpartition("@")
    return Checked.valid(f"{local}@{domain.lower()}")
