"""Records of a few invented children, as agencies hold them."""

from typing import Any

from joinedup.linkage.record import LinkRecord


def record(source: str, id: str, child: int = 0, **changes: Any) -> LinkRecord:
    """A record of one child, the same in every agency but for the changes."""
    made = LinkRecord(
        source,
        id,
        given=f"GIVEN{child}",
        family=f"FAMILY{child}",
        birth_date=f"2012-{child % 12 + 1:02d}-{child % 27 + 1:02d}",
        postcodes=(f"LS{child} 4AB",),
        phone=f"+44{child}",
    )
    return made._replace(**changes)


def twin(source: str, id: str, child: int = 0) -> LinkRecord:
    """A record of that child's twin."""
    return record(source, id, child, given="TWIN")


def moved(source: str, id: str, child: int = 0) -> LinkRecord:
    """A record that may be of that child: little enough agrees for a person to have to look."""
    return record(source, id, child, family="OTHER", postcodes=(), phone=None)
