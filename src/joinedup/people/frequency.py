"""How common a name is, and how many namesakes a child can be expected to have."""

from joinedup.people.listed import shares, spellings
from joinedup.people.names import Name

# ONS, Births in England and Wales: about 605,000 to 625,000 a year in the 2020s.
BIRTHS_A_DAY = 1_700
# Assumption: given and family names go together within communities, so a pair is this many times
# more common than its two shares multiplied.
TOGETHER = 10
# Assumptions: the share of a name that data/name_frequency.csv does not list.
RARE_GIVEN = 0.1 / 10_000
RARE_FAMILY = 0.2 / 10_000


def given_share(word: str) -> float:
    """Give the share of children in England with this first given name (an upper-case word)."""
    return shares("given").get(word, RARE_GIVEN)


def family_share(word: str) -> float:
    """Give the share of children in England with this family name (an upper-case word)."""
    return shares("family").get(word, RARE_FAMILY)


def expected_namesakes(given: Name, family: Name, days: int = 1) -> float:
    """Give how many children of these names, born on ``days`` given days, to expect.

    Spellings of one name count together, because comparing them finds them to agree. Of several
    given names the first counts, of several family names the rarest.
    """
    g = sum(given_share(spelling) for spelling in spellings("given", given.words[0]))
    f = min(
        sum(family_share(spelling) for spelling in spellings("family", word))
        for word in family.words
    )
    # A pair of names cannot be more common than either of them.
    return BIRTHS_A_DAY * max(days, 0) * min(TOGETHER * g * f, g, f)
