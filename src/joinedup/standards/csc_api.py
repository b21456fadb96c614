"""DfE's children's social care API payloads: full, delta, and requests to delete (``purge``)."""

from joinedup.standards import tree
from joinedup.standards.head import Head
from joinedup.standards.json_rows import json_rows
from joinedup.standards.plan import tables_of
from joinedup.standards.reading import converted
from joinedup.standards.standard import Opened, Options, Standard
from joinedup.standards.text import Text

_NAME = "csc_api"
_LISTS = frozenset({"Children", "children"})
_TABLE = "Children"


def _recognise(head: Head) -> float:
    found = head.keys & {"la_child_id", "child_details", "social_care_episodes", "mis_child_id"}
    return min(1.0, 0.4 + 0.3 * len(found)) if found else 0.0


def _open(head: Head, options: Options) -> Opened:
    tables = tables_of(_NAME, options.year)
    converter = tree.TreeConverter(tables, tree.of_json)
    rows = json_rows(Text(head.path, head.data), _LISTS, _TABLE)
    return Opened(converted(rows, converter), tables)


STANDARD = Standard(_NAME, "DfE children's social care API payload (JSON)", _recognise, _open)
