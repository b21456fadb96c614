"""Eight writers at once who add records of one new child, each from an agency of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from joinedup.identities.store import Identities
from joinedup.linkage.record import LinkRecord
from tests.identities.children import record

WRITERS = 8


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do these things in threads that start together."""
    gate = threading.Barrier(len(acts))

    def act(each: Callable[[], object]) -> object:
        gate.wait()
        return each()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [each.result(60) for each in [threads.submit(act, each) for each in acts]]


def race(identities: Identities, child: int) -> set[UUID]:
    """Let eight agencies add their record of a child at once; gives the identities it then has."""
    records = [record(f"agency {writer}", str(child), child) for writer in range(WRITERS)]

    def adding(each: LinkRecord) -> Callable[[], object]:
        return lambda: identities.add(each)

    at_once(*map(adding, records))
    found = {identities.identity_of(each.source, each.id) for each in records}
    return {identity for identity in found if identity is not None}
