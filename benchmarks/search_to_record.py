"""From a search to a decrypted record, against a running demo.

    joinedup demo
    python benchmarks/search_to_record.py ~/.local/state/joinedup/demo.json [--searches 40]

Each search is about another child whom some custodian besides the searcher's own knows. The clock
runs from sending the search to holding the opened record: accepted, found, asked for, claimed by
the custodian's process, sealed, relayed, opened and held against its schema. It is measured twice,
with what the register knows at once, and waiting until the custodian itself has confirmed.
"""

import argparse
import json
import sqlite3
import statistics
import time
import uuid
from pathlib import Path
from typing import Any

import document
import machine

from joinedup.custodian.client import Credentials, HubClient
from joinedup.custodian.envelope import new_key, unseal

SEARCHER = "westmarch-case-system"
TYPES = ["health.details", "education.details"]
LOOK_EVERY = 0.05
PATIENCE = 30.0


def children(demo: dict[str, Any], own: str) -> list[str]:
    """Numbers of children of whom some other custodian registered a record of the types."""
    found: set[str] = set()
    for code, config in demo["custodians"].items():
        if code == own:
            continue
        store = Path(config).parent / "state" / "holdings.sqlite"
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as link:
            rows = link.execute(
                "SELECT DISTINCT sui FROM pointer WHERE sui != '' AND sent_at IS NOT NULL"
                " AND refused IS NULL AND record_type IN (?, ?)", TYPES
            )  # fmt: skip
            found.update(sui for (sui,) in rows)
    return sorted(found)


def once(hub: HubClient, sui: str, *, confirmed: bool) -> float | None:
    """Seconds from one search to one opened record; None when there is none to be had."""
    began = time.perf_counter()
    search = hub.search(
        {"sui": sui, "purpose": "section-47", "legalBasis": "public-task",
         "reason": "Measuring how long it takes", "recordTypes": TYPES}
    )  # fmt: skip
    item = _first(hub, search["searchId"], confirmed, began)
    if item is None:
        return None
    key, ask = new_key(), str(uuid.uuid4())
    question = {"publicKey": key.as_dict(private=False), "reason": "Measuring how long it takes"}
    while time.perf_counter() - began < PATIENCE:
        fetched = hub.fetch(item["fetchId"], question, ask)
        if fetched.content:
            unseal(fetched.content, key, sui=sui)
            return time.perf_counter() - began
        time.sleep(LOOK_EVERY)
    raise SystemExit("A record was not handed over in time.")


def _first(hub: HubClient, search_id: str, confirmed: bool, began: float) -> dict[str, Any] | None:
    while time.perf_counter() - began < PATIENCE:
        found = hub.results(search_id)
        for item in found["items"]:
            if item.get("fetchId") and not (confirmed and item["provisional"]):
                return dict(item)
        if found["completenessPercentage"] == 100:
            return None
        time.sleep(LOOK_EVERY)
    return None


def line(name: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    ninth = ordered[int(0.9 * (len(ordered) - 1))]
    return f"| {name} | {len(ordered)} | {statistics.median(ordered):.2f} s | {ninth:.2f} s |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=Path)
    parser.add_argument("--searches", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmarks.md")
    options = parser.parse_args()
    demo = json.loads(options.demo.read_text("utf-8"))
    client = next(one for one in demo["clients"] if one["id"] == SEARCHER)
    credentials = Credentials.from_file(client["id"], client["key_file"], client["kid"])
    hub = HubClient(demo["hub"], credentials)
    known = children(demo, client["organisation"])
    lines = []
    for name, confirmed in (("register's word is enough", False), ("custodian confirmed", True)):
        taken = [
            seconds for sui in known[: options.searches]
            if (seconds := once(hub, sui, confirmed=confirmed)) is not None
        ]  # fmt: skip
        lines.append(line(name, taken))
    head = (
        "| from search to opened record | searches | median | 90th percentile |\n|---|--:|--:|--:|"
    )
    text = f"{head}\n" + "\n".join(lines) + f"\n\n{machine.describe()}."
    if options.write:
        document.put("search-to-record", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
