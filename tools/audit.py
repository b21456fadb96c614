"""Asks whether any pinned package is known to be vulnerable.

python tools/audit.py [requirements/dev.txt]

Sends the names and versions, and nothing else, to the open vulnerability database
(https://google.github.io/osv.dev/post-v1-querybatch/). Ends with status 1 for a vulnerability that
is not accepted, and 2 for a file that it cannot read. Where the service cannot be reached it says
so and ends with 0: a build without a network is not stopped, and has not been audited.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

SERVICE = "https://api.osv.dev/v1/querybatch"
PATIENCE = 20

ACCEPTED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern us, and why; with the day to look again."""

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pinned(text: str) -> list[tuple[str, str]]:
    """The packages of a requirements file, with their versions."""
    return _PINNED.findall(text)


def ask(packages: Sequence[tuple[str, str]], service: str = SERVICE) -> dict[str, list[str]]:
    """The ids of known vulnerabilities by package; raises ``OSError`` when there is no answer."""
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in packages
    ]
    request = Request(  # noqa: S310 - https, or what a test gives
        service,
        json.dumps({"queries": queries}).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        told: Any = json.load(answer)
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list) or len(results) != len(packages):
        raise URLError("the service did not answer for every package")
    found: dict[str, list[str]] = {}
    for (name, version), result in zip(packages, results, strict=True):
        ids = [each["id"] for each in (result or {}).get("vulns", ())]
        if ids:
            found[f"{name} {version}"] = ids
    return found


def main(arguments: Sequence[str]) -> int:
    """Audit one requirements file."""
    path = Path(arguments[0] if arguments else "requirements/dev.txt")
    try:
        packages = pinned(path.read_text("utf-8"))
    except OSError as error:
        print(f"Error: {path} cannot be read ({error.strerror}).", file=sys.stderr)
        return 2
    if not packages:
        print(f"Error: {path} pins no package.", file=sys.stderr)
        return 2
    try:
        found = ask(packages)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(
            f"NOT AUDITED: {len(packages)} packages were not checked for known vulnerabilities: "
            f"the service did not answer ({type(error).__name__}). Run this where it can be "
            "reached.",
            file=sys.stderr,
        )
        return 0
    left = {
        package: ids
        for package, every in found.items()
        if (ids := [each for each in every if each not in ACCEPTED])
    }
    for package, ids in left.items():
        print(f"{package}: {', '.join(ids)}")
    print(
        f"{len(packages)} packages audited, {len(left)} with known vulnerabilities.",
        file=sys.stderr,
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
