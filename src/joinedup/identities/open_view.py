"""What of a record stands in the index that is searched.

Nobody finds by what is not there: no filter to forget, no count, score or time that depends on it.
"""

from joinedup.linkage.record import LinkRecord
from joinedup.policy.question import Level

LOCATION = ("postcode", "postcodes", "homes", "phone", "email", "upns")
"""Columns that say where a child is, or lead there.

The PDS takes address, contacts and GP from a restricted person's record. A UPN names the local
authority and the school that gave it (DfE, *Unique pupil numbers: guidance*).
"""
_HIDDEN = {name: LinkRecord._field_defaults[name] for name in LOCATION}


def open_view(record: LinkRecord, level: Level) -> LinkRecord | None:
    """Give what may be searched of a record at this level: all, no location, or nothing."""
    if level is Level.OPEN:
        return record
    return record._replace(**_HIDDEN) if level is Level.NO_LOCATION else None
