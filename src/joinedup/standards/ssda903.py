"""SSDA903, the return on looked-after children: one CSV a table, or one XML file."""

from dataclasses import replace

from joinedup.standards import tabled, tree, xml
from joinedup.standards.head import Head
from joinedup.standards.plan import Table, tables_of
from joinedup.standards.reading import converted
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text

_NAME = "ssda903"


def _recognise(head: Head) -> float:
    if head.is_xml:
        return 1.0 if "EXPSSDA903" in head.tags else 0.0
    return tabled.recognise(_NAME, head)


def _open(head: Head, options: Options) -> Opened:
    tables = tables_of(_NAME, options.year)
    if head.is_xml:
        return _open_xml(head, tables)
    return tabled.open_tables(head, tables)


def _open_xml(head: Head, tables: dict[str, Table]) -> Opened:
    """The XML nests every table in its child, so only the child's own element has the id."""
    nested = {
        name: replace(
            table,
            fields={},
            checked=tuple(c for c in table.checked if c.name not in ("CHILD", "SEX")),
        )
        for name, table in tables.items()
        if name != "header"
    }
    # DUC and UASC stand beside the child's own values here.
    header = replace(
        tables["header"],
        checked=tuple(c for c in tables["header"].checked if c.name != "CHILD"),
        one_of=(("CHILD", "CHILDID"),),
    )
    all_tables = {"child": header, **nested}
    rows = xml.records(Text(head.path, head.data), "CHILD", "EXPSSDA903")
    converter = tree.TreeConverter(all_tables, tree.of_xml, beside=(nested["uasc"],))
    return Opened(converted(rows, converter), all_tables)


STANDARD = Standard(_NAME, "SSDA903, looked-after children (CSV tables or XML)", _recognise, _open)
