"""The Common Transfer File: what one school sends another about its pupils, in XML."""

from joinedup.standards import tree, xml
from joinedup.standards.head import Head
from joinedup.standards.plan import tables_of
from joinedup.standards.reading import converted
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text

_NAME = "ctf"


def _recognise(head: Head) -> float:
    return 1.0 if head.tags & {"CTfile", "CTFpupilData"} else 0.0


def _open(head: Head, options: Options) -> Opened:
    tables = tables_of(_NAME, options.year)
    rows = xml.records(Text(head.path, head.data), "Pupil", "CTfile", "Header")
    return Opened(converted(rows, tree.TreeConverter(tables, tree.of_xml)), tables)


STANDARD = Standard(_NAME, "Common Transfer File (XML)", _recognise, _open)
