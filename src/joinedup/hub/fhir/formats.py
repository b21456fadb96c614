"""The two forms that a FHIR answer can have, JSON and XML, and which of them a caller wants.

IHE ITI TF-2 Appendix Z.6: ``Accept`` or ``_format`` says it, and a supplier has both.
"""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from joinedup.hub.api.problems import FHIR_MEDIA_TYPES

ALL = JSON, XML = FHIR_MEDIA_TYPES

_NAMES = {
    JSON: JSON, "application/json": JSON, "text/json": JSON, "json": JSON,
    "application/*": JSON, "*/*": JSON,
    XML: XML, "application/xml": XML, "text/xml": XML, "xml": XML,
}  # fmt: skip
_NAMESPACE = "http://hl7.org/fhir"
_ATTRIBUTES = frozenset({"url", "id"})
"""Of an extension, and of anything but a resource, these are attributes (FHIR R4, 2.6.1)."""


def wanted(accept: str, format_parameter: str = "") -> str | None:
    """Give the media type to answer with; ``None`` when the caller takes neither.

    ``_format`` counts more than ``Accept`` (FHIR R4, 3.1.0.1.11).
    """
    if format_parameter:
        # A plus sign in a query string is read as a space.
        return _NAMES.get(format_parameter.split(";")[0].strip().lower().replace(" ", "+"))
    if not accept.strip():
        return JSON
    ranges = [_range(each) for each in accept.split(",")]
    for name, _ in sorted((each for each in ranges if each[1] > 0), key=lambda each: -each[1]):
        if name in _NAMES:
            return _NAMES[name]
    return None


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0


def written(resource: Mapping[str, Any], form: str) -> bytes:
    """Write a resource. Its members stand in the order that the standard gives them."""
    if form == JSON:
        return json.dumps(resource).encode()
    root = _resource(resource)
    root.set("xmlns", _NAMESPACE)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _resource(resource: Mapping[str, Any]) -> Element:
    element = Element(str(resource["resourceType"]))
    for name, value in resource.items():
        if name != "resourceType":
            _add(element, name, value)
    return element


def _add(parent: Element, name: str, value: Any) -> None:
    """Add a member: once for each of a list; a simple one has its text in ``value``."""
    if isinstance(value, list):
        for each in value:
            _add(parent, name, each)
    elif not isinstance(value, dict):
        text = json.dumps(value) if isinstance(value, bool | int | float) else str(value)
        SubElement(parent, name).set("value", text)
    elif "resourceType" in value:
        SubElement(parent, name).append(_resource(value))
    else:
        element = SubElement(parent, name)
        for inner, content in value.items():
            if inner in _ATTRIBUTES and name == "extension":
                element.set(inner, str(content))
            else:
                _add(element, inner, content)
