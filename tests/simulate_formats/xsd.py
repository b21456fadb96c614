"""As much of XML Schema as DfE's CIN schemas use: sequences, counts, codes, patterns and dates.

A full validator is used beside it where one is installed; this one always runs.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET  # only files of our own and of the samples

_XS = "{http://www.w3.org/2001/XMLSchema}"
_BUILT_IN: dict[str, Callable[[str], bool]] = {
    "xs:string": lambda text: True,
    "xs:date": lambda text: bool(date.fromisoformat(text)),
    "xs:dateTime": lambda text: bool(datetime.fromisoformat(text)),
    "xs:gYear": lambda text: bool(re.fullmatch(r"\d{4}", text)),
    "xs:integer": lambda text: bool(re.fullmatch(r"[+-]?\d+", text)),
}


class Schema:
    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()
        self._types = {node.get("name"): node for node in root if node.tag != _XS + "element"}
        (self._root,) = (node for node in root if node.tag == _XS + "element")

    def faults(self, document: bytes) -> list[str]:
        """What is wrong, by element; empty when the document is valid."""
        element = ET.fromstring(document)
        if element.tag != self._root.get("name"):
            return ["the root"]
        return self._element(element, self._root)

    def _element(self, element: ET.Element, declared: ET.Element) -> list[str]:
        kind = declared.get("type")
        node = self._types.get(kind) if kind else declared[0]
        if node is None:
            return self._text(element, str(kind))
        if node.tag == _XS + "simpleType":
            return self._simple(element, node)
        if (element.text or "").strip() or any((inner.tail or "").strip() for inner in element):
            return [f"{element.tag}: text between elements"]
        return self._sequence(element, node[0])

    def _sequence(self, element: ET.Element, sequence: ET.Element) -> list[str]:
        faults, at, inner = [], 0, list(element)
        for declared in sequence:
            name, count = declared.get("name"), 0
            while at < len(inner) and inner[at].tag == name:
                faults += self._element(inner[at], declared)
                at, count = at + 1, count + 1
            most = declared.get("maxOccurs", "1")
            if count < int(declared.get("minOccurs", "1")):
                faults.append(f"{element.tag}: too few {name}")
            if most != "unbounded" and count > int(most):
                faults.append(f"{element.tag}: too many {name}")
        if at < len(inner):
            faults.append(f"{element.tag}: {inner[at].tag} is out of place")
        return faults

    def _text(self, element: ET.Element, kind: str) -> list[str]:
        try:
            fine = _BUILT_IN[kind](element.text or "") and not len(element)
        except ValueError:
            fine = False
        return [] if fine else [f"{element.tag}: not a {kind}"]

    def _simple(self, element: ET.Element, node: ET.Element) -> list[str]:
        restriction = node.find(_XS + "restriction")
        assert restriction is not None
        base, text = str(restriction.get("base")), element.text or ""
        inherited = self._types.get(base)
        if inherited is not None:
            faults = self._simple(element, inherited)
        else:
            faults = self._text(element, base)
        codes = {code.get("value") for code in restriction.findall(_XS + "enumeration")}
        if codes and text not in codes:
            faults.append(f"{element.tag}: no such code")
        for pattern in restriction.findall(_XS + "pattern"):
            if not re.fullmatch(str(pattern.get("value")), text, re.ASCII):
                faults.append(f"{element.tag}: wrong shape")
        for least in restriction.findall(_XS + "minInclusive"):
            if int(text) < int(str(least.get("value"))):
                faults.append(f"{element.tag}: too small")
        return faults
