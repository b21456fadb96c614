"""Write the readable pages of the record types from their schemas: ``docs/record-types/``.

Run after a schema changes; a test fails while a page says something else than its schema. Takes
nothing; gives one page a record type, one for the envelope, one for the parts they share, and an
index.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from joinedup.standards.schemas.catalogue import (
    COMMON,
    ENVELOPE,
    RECORD_TYPES,
    Schema,
    example,
    resolved,
    schema,
)
from joinedup.standards.schemas.wording import RULES

PAGES = Path(__file__).resolve().parent.parent / "docs/record-types"
SCHEMAS = "../../src/joinedup/standards/schemas"
COMMON_PARTS = f"{schema(COMMON)['$id']}#/$defs/"
# Words for the kinds of value that JSON has.
KINDS = {
    "string": "text",
    "boolean": "true or false",
    "object": "object",
    "integer": "whole number",
    "number": "number",
}

INDEX = """\
# Record types

A record is what a custodian hands over about a child: an [envelope](envelope.md) that says whose
it is, of which type, and whom to ask about it, around a payload by the schema of its type.

| record type | what it is about | schema |
|---|---|---|
{types}

The first five have the names and fields of DfE's national prototype. `placement.details` is
Joinedup's own: it describes placements in care well enough to see what a market offers and lacks.
[Shared parts](common.md) are what several types use.

`joinedup check FILE.json` says what is wrong with records, one by one or many in a file. From
Python:

```python
from joinedup.standards.schemas import validate

for problem in validate(record):
    print(problem.field, problem.rule_code, problem.description)
```

Schemas are JSON Schema 2020-12, in the folder `src/joinedup/standards/schemas`. Their identifiers
(`urn:joinedup:record-type:...:v1`) are names, not addresses: nothing is fetched. A change that
could make a valid record invalid gets a new version beside the old one.

## What holds for every record

- What is not known is left out: no `null`, no empty text. An empty list says that there is
  nothing; a list that is not there says that nobody knows.
- A field that the record type does not have is refused, so that no more is shared than was agreed
  and a misspelt name does not hide what matters.
- Where the child is shielded with level `R` or `V`, every address and whatever else tells the
  place is left out.
- Days are `2026-03-31`. Codes are written exactly as listed.
- `format` is checked, not just noted: the NHS number's check digit, days that exist, postcodes.
- `x-not-before` is the schemas' one keyword of their own: a day or year that must not come before
  another. `x-fix` says how to put a value right. Other validators pass over both.

## What can be wrong

No description repeats anything that a record says.

| rule code | the record or its field |
|---|---|
{rules}
"""


class Field(NamedTuple):
    """One line of a table of fields."""

    path: str
    required: bool
    part: Schema


def fields(part: Schema, within: Schema, before: str = "") -> Iterator[Field]:
    """Every field of an object and of the objects within it, save those on the shared page."""
    for name, inner in part["properties"].items():
        path = f"{before}{name}"
        yield Field(path, name in part.get("required", ()), inner)
        item = inner.get("items", inner)
        if "properties" in item:
            yield from fields(item, within, f"{path}[]." if "items" in inner else f"{path}.")


def kind(part: Schema, path: str, within: Schema) -> str:
    """What stands in a field, in a few words."""
    if part.get("$ref", "").startswith(COMMON_PARTS):
        name = part["$ref"].removeprefix(COMMON_PARTS)
        return f"[{name}]({'' if within is schema(COMMON) else 'common.md'}#{name.lower()})"
    part = resolved(part, within)
    if "oneOf" in part:
        return f"[code](#{anchor(path)})"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if part["type"] == "array":
        return f"list of {kind(part['items'], path, within)}"
    words = KINDS[part["type"]]
    if "minimum" in part:
        words += f", {part['minimum']} to {part['maximum']}"
    return words


def anchor(path: str) -> str:
    """The anchor that a Markdown reader gives to the heading of a field's codes."""
    return "codes-of-" + "".join(c for c in path.lower() if c.isalnum())


def table_of_fields(part: Schema, within: Schema) -> list[str]:
    lines = ["| field | must be there | what stands in it | meaning |", "|---|---|---|---|"]
    for field in fields(part, within):
        meaning = resolved(field.part, within).get("description", "")
        must = "yes" if field.required else ""
        what = kind(field.part, field.path, within)
        lines.append(f"| `{field.path}` | {must} | {what} | {meaning} |")
    return lines


def rules(part: Schema, within: Schema, name: str = "") -> Iterator[str]:
    """What must hold between fields, as lines of a list."""
    of = f" of the same `{name}`" if name else ""
    for rule in part.get("allOf", ()):
        [(field, value)] = rule["if"]["properties"].items()
        if needed := rule["then"].get("required"):
            yield f"- When `{field}` is `{value['const']}`, these must be there: {quoted(needed)}."
    if "anyOf" in part:
        ways = [name for way in part["anyOf"] for name in way["required"]]
        yield f"- At least one of {quoted(ways)} must be there{of}."
    for later, earlier in part.get("x-not-before", {}).items():
        yield f"- `{later}` must not come before `{earlier}`{of}."
    for inner_name, inner in part["properties"].items():
        item = inner.get("items", inner)
        if "properties" in item:
            yield from rules(item, within, inner_name)


def quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def code_lists(part: Schema, within: Schema) -> Iterator[str]:
    for field in fields(part, within):
        item = resolved(field.part.get("items", field.part), within)
        if "oneOf" in item:
            # The heading's anchor is made of its letters: the path's points and brackets fall out.
            yield from (f"\n### Codes of {field.path}\n", "| code | meaning |", "|---|---|")
            yield from (f"| `{code['const']}` | {code['title']} |" for code in item["oneOf"])


def as_json(value: Any) -> list[str]:
    return ["```json", *json.dumps(value, indent=2, ensure_ascii=False).splitlines(), "```"]


def page(name: str) -> str:
    """The page of a record type, or of the envelope."""
    read = schema(name)
    title = read["title"] if name == ENVELOPE else f"{read['title']}: `{name}`"
    lines = [f"# {title}", "", read["description"], ""]
    lines += [f"Identifier `{read['$id']}`, schema [{name}.v1.json]({SCHEMAS}/{name}.v1.json)."]
    if name != ENVELOPE:
        lines += ["The fields stand in the `payload` of the [envelope](envelope.md)."]
    lines += ["", "## Fields", "", *table_of_fields(read, read)]
    between = list(rules(read, read))
    if read.get("minProperties"):
        between.insert(0, "- At least one field must be there.")
    if between:
        lines += ["", "## Rules between fields", "", *between]
    if codes := list(code_lists(read, read)):
        lines += ["", "## Codes", *codes]
    lines += ["", "## Example", "", "The child is invented.", ""]
    if name == ENVELOPE:
        lines += as_json(read["examples"][0])
    for number in range(len(read["examples"]) if name != ENVELOPE else 0):
        lines += as_json(example(name, number)) if not number else ["", "Another payload:", ""]
        lines += as_json(read["examples"][number]) if number else []
    return "\n".join(lines) + "\n"


def common_page() -> str:
    """The page of the parts that record types share."""
    read = schema(COMMON)
    lines = [f"# {read['title']}", "", read["description"]]
    for name, part in read["$defs"].items():
        lines += ["", f"## {name}", "", part["description"]]
        if "x-fix" in part:
            lines += ["", part["x-fix"]]
        if "properties" in part:
            lines += ["", *table_of_fields(part, read)]
            if between := list(rules(part, read)):
                lines += ["", *between]
    return "\n".join(lines) + "\n"


def index_page() -> str:
    """The index."""
    types = [
        f"| [`{name}`]({name}.md) | {what} | [{name}.v1.json]({SCHEMAS}/{name}.v1.json) |"
        for name, what in RECORD_TYPES.items()
    ]
    codes = [f"| `{code}` | {what} |" for code, what in RULES.items()]
    return INDEX.format(types="\n".join(types), rules="\n".join(codes))


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    return {
        "README.md": index_page(),
        "common.md": common_page(),
        **{f"{name}.md": page(name) for name in (ENVELOPE, *RECORD_TYPES)},
    }


def main() -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
