"""A custodian in under a hundred lines, with joinedup's client: for a supplier to start from.

It holds the records of a JSON file (``standards/schemas``: a list of records), registers a pointer
for each, and answers what the hub asks.

    python examples/custodian_in_python.py https://hub.example.org our-client key.pem records.json

``joinedup conformance --serve --key key.pem`` says whether what you make of it is right.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from joinedup.custodian.client import Credentials, HubClient, Refused, WorkItem
from joinedup.custodian.envelope import EnvelopeError, seal
from joinedup.custodian.http import HubAway

SYSTEM = "cms"
POLL_SECONDS = 0.5
Record = dict[str, Any]


def place(record: Record) -> dict[str, str]:
    """What the hub is told of a record: that it is there, and nothing of what it says."""
    return {
        "systemId": SYSTEM,
        "recordType": record["recordType"],
        "recordId": record["recordId"],
    }


def register(hub: HubClient, records: list[Record]) -> None:
    """Say which records are held. Sending them again does no harm: do it every day."""
    answer = hub.put_pointers([{**place(one), "sui": one["personId"]} for one in records])
    for refused in answer["refused"]:
        print("not registered:", records[refused["index"]]["recordId"], refused["reason"])


def answer(hub: HubClient, item: WorkItem, records: list[Record]) -> None:
    """Answer one work item. A custodian says what is true, or that it could not find out."""
    held = [
        one for one in records
        if one["personId"] == item.sui and one["recordType"] == item.record_type
    ]  # fmt: skip
    if item.kind == "find":
        hub.answer(item, "hasRecords" if held else "noRecords", records=[place(r) for r in held])
        return
    record = next((one for one in held if one["recordId"] == item.record_id), None)
    if record is None or item.system_id != SYSTEM:
        hub.answer(item, "withheld", reason="not-held")
        return
    # Here your own rules decide: who asks (item.searcher), why (item.purpose), for which parts
    # (item.items). What a person must decide is answered with the reason ask-us.
    try:
        hub.answer(item, "shared", content=seal(record, item.public_key, item.id))
    except EnvelopeError:
        hub.answer(item, "permanentError")


def main(url: str, client_id: str, key_file: str, records_file: str) -> None:
    """Register, then poll until stopped; a hub that is away is waited for."""
    hub = HubClient(url, Credentials.from_file(client_id, key_file))
    records = json.loads(Path(records_file).read_text("utf-8"))
    registered, unanswered = False, None
    while True:
        try:
            if not registered:
                register(hub, records)
                registered = True
            unanswered = unanswered or (hub.claim() if hub.work_available() else None)
            if unanswered:
                answer(hub, unanswered, records)
                unanswered = None
                continue
            time.sleep(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
        except HubAway as away:  # the answer may be lost: it is sent again
            time.sleep((away.retry_after or 1) + random.random())  # noqa: S311
        except Refused as refused:  # the item was taken from us, or our client may not
            print(refused)
            unanswered = None
            time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:5])
