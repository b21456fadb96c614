"""Row versions that say at once whether what a process keeps in memory still holds.

Triggers change a version in the transaction that changes the rows it stands for, so whoever reads
the version reads the truth: revoking an organisation, a client or a key counts on the next
request, and still nobody reads those rows again for each of a thousand polls.
"""

from enum import StrEnum

from joinedup.hub.prepared import rows

_READ = "SELECT coalesce((SELECT number FROM register_version WHERE name = %s), 0)"


class Kept(StrEnum):
    """What is kept in memory."""

    CALLERS = "callers"  # organisations, machine clients and their keys
    CUSTODIANS = "custodians"  # organisations, and the record types that custodians answer for


READ = "(" + _READ.replace("%s", "'{kept}'") + ")"
"""The version as an expression of a larger query, for ``format(kept=...)``."""


def version(kept: Kept) -> int:
    """The number now; any other than the one kept means: read again."""
    ((number,),) = rows(_READ, [kept.value])
    return int(number)
