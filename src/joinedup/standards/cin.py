"""The Children in Need census: DfE's yearly XML return, which authorities also keep all year."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from joinedup.standards import tree, xml
from joinedup.standards.blocks import Block
from joinedup.standards.dates import read_date
from joinedup.standards.head import Head
from joinedup.standards.plan import Table, tables_of
from joinedup.standards.reading import Row, converted
from joinedup.standards.records import Issue, Severity
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text


class _Cin:
    """The year of the rules comes from the file's own header, unless a person says another."""

    def __init__(self, year: int | None) -> None:
        self._fixed = year
        self._convert = self._converter(year)

    def _converter(self, year: int | None) -> tree.TreeConverter:
        self.tables: dict[str, Table] = tables_of("cin", year)
        return tree.TreeConverter(self.tables, tree.of_xml)

    def header(self, element: Element) -> Iterator[Issue]:
        """Take the year from the header, and say what is wrong with it."""
        values = tree.flat(tree.of_xml(element))
        reference = read_date(str(values.get("ReferenceDate", "")))
        stated = str(values.get("Year", ""))
        if reference is None:
            yield _issue("ReferenceDate", "header-date", "is missing or no date")
        elif (reference.month, reference.day) != (3, 31):
            yield _issue("ReferenceDate", "header-date", "is not a 31 March")
        if reference and stated != str(reference.year):
            yield _issue("Year", "header-year", "is not the year of the reference date")
        if str(values.get("Collection", "")).strip() != "CIN":
            yield _issue("Collection", "header-collection", "is not CIN")
        year = reference.year if reference else int(stated) if stated.isdecimal() else None
        if year and self._fixed is None:
            self._convert = self._converter(year)

    def convert(self, rows: Sequence[Row]) -> Block:
        """The records of some children."""
        return self._convert(rows)


def _issue(column: str, rule: str, problem: str) -> Issue:
    return Issue(
        "", "Header", (column,), 0, rule, Severity.WARNING, f"{column} in the header {problem}."
    )


def _recognise(head: Head) -> float:
    if not head.is_xml or "Message" not in head.tags:
        return 0.0
    known = {"LAchildID", "ChildIdentifiers", "CINdetails"} & head.tags
    if ">CIN<" in head.text.replace(" ", ""):
        return 1.0
    return 0.9 if known else 0.0


def _open(head: Head, options: Options) -> Opened:
    cin = _Cin(options.year)
    rows = xml.records(Text(head.path, head.data), "Child", "Message", "Header", cin.header)
    return Opened(converted(rows, cin.convert), cin.tables)


STANDARD = Standard("cin", "Children in Need census (XML)", _recognise, _open)
