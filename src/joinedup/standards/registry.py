"""Every standard, and which of them a file is."""

from collections.abc import Iterator
from pathlib import Path

from joinedup.standards import cin, crime, csc_api, ctf, fhir, mapped, ssda903
from joinedup.standards.cells import pieces
from joinedup.standards.checks import Checks
from joinedup.standards.head import Head
from joinedup.standards.reading import Input, Reading, Unread, converted, one_by_one
from joinedup.standards.records import NOTHING, Issue, Severity
from joinedup.standards.schemas import standard as record_types
from joinedup.standards.standard import Options, Standard
from joinedup.standards.tabled import table_standard
from joinedup.standards.text import Text

STANDARDS: dict[str, Standard] = {
    standard.name: standard
    for standard in (
        cin.STANDARD,
        ssda903.STANDARD,
        table_standard("school_census", "School census (one CSV a table)"),
        table_standard("vaccination", "School-age vaccination lists (CSV)"),
        table_standard("annex_a", "Ofsted Annex A lists (Excel)"),
        ctf.STANDARD,
        csc_api.STANDARD,
        fhir.STANDARD,
        crime.STANDARD,
        record_types.STANDARD,
        mapped.STANDARD,
    )
}

# Below this a guess is worse than asking.
_SURE = 0.5


def recognise(path: Path | str) -> Standard | None:
    """The standard that a file is of, from the file itself; None when it is of none."""
    return _recognise(Head.of(Path(path)))


def _recognise(head: Head) -> Standard | None:
    best = max(STANDARDS.values(), key=lambda standard: standard.recognise(head))
    return best if best.recognise(head) >= _SURE else None


def read(
    path: Path | str,
    standard: str | None = None,
    *,
    year: int | None = None,
    mapping: dict[str, str] | None = None,
    checks: bool = True,
) -> Reading:
    """Read an agency's file as children, events and issues; go through the result once.

    ``standard`` is a name in ``STANDARDS``, found out from the file when not given. ``year`` is
    that of the yearly rules (the file's own, or the newest). ``mapping`` (field -> heading) is for
    tables whose columns go by other names. Only the operating system's errors are raised.
    """
    head = Head.of(Path(path))
    if standard is None and mapping:
        standard = mapped.STANDARD.name
    found = STANDARDS[standard] if standard else _recognise(head)
    if found is None:
        return Reading("", converted(_unknown(head), one_by_one(lambda _: ())))
    opened = found.open(head, Options(year, mapping or NOTHING))
    return Reading(found.name, opened.blocks, Checks(opened.tables) if checks else None)


def _unknown(head: Head) -> Iterator[Input]:
    """What to say of a file of no standard; its lines are counted where it has lines."""
    if not head.data.strip():
        yield Issue("", "", (), 0, "file-empty", Severity.ERROR, "The file is empty.")
        return
    yield Issue(
        "", "", (), 0, "standard-unknown", Severity.ERROR,
        "The file is of no standard that is known here. Say which with --standard, or name its "
        "columns with --map.",
    )  # fmt: skip
    if head.headings:
        rows = (
            sum(sum(map(bool, piece.rows())) for piece in pieces(Text(head.path, head.data), ","))
            - 1
        )
        if rows > 0:
            yield Unread("", 2, "rows-not-read", f"{rows} rows were not read.", rows=rows)
