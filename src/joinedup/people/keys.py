"""Phonetic keys: one short code for names that sound alike."""

import unicodedata
from functools import lru_cache

_CODES = {
    **dict.fromkeys("BFPV", "1"),
    **dict.fromkeys("CGJKQSXZ", "2"),
    **dict.fromkeys("DT", "3"),
    "L": "4",
    **dict.fromkeys("MN", "5"),
    "R": "6",
}


@lru_cache(maxsize=100_000)
def soundex(text: str) -> str:
    """Give the American Soundex of a name: "Robert" and "Rupert" are both R163.

    Rules of the United States National Archives: letters of one code side by side count once, also
    with H or W between them; a vowel between them makes them count twice. Anything that is not a
    letter is ignored; text without a letter gives "".
    """
    folded = unicodedata.normalize("NFKD", text[:200]).upper()
    letters = [letter for letter in folded if "A" <= letter <= "Z"]
    if not letters:
        return ""
    code = letters[0]
    last = _CODES.get(letters[0], "")
    for letter in letters[1:]:
        if letter in "HW":
            continue
        digit = _CODES.get(letter, "")
        if digit and digit != last:
            code += digit
            if len(code) == 4:
                return code
        last = digit
    return code.ljust(4, "0")
