"""Signs that a child is near to whoever looked: family, neighbours, colleagues.

Staff of St Helens and of Redcar were found to have opened files of people they knew (trust L30).
"""

from collections.abc import Callable, Iterable, Sequence

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits

OWN_SURNAME = "own-surname"
OWN_POSTCODE = "own-postcode"
OWN_CHILD = "own-child"
COLLEAGUE_HOME = "colleague-home"
COLLEAGUE_CHILD = "colleague-child"

NEAR = (OWN_SURNAME, OWN_POSTCODE, OWN_CHILD, COLLEAGUE_HOME, COLLEAGUE_CHILD)


def near(name: str) -> Callable[[Sequence[Access], Limits], Iterable[Access]]:
    """Give the sign of this name: looks at a child who is near in this way."""

    def find(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
        return (look for look in looks if name in look.near)

    return find
