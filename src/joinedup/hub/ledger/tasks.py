"""What the worker does for the ledger."""

import logging

from joinedup.hub.ledger import checkpoints, verifying
from joinedup.hub.ledger.sequencing import LogChanged
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.ledger")


@every("* * * * *")
def checkpoint() -> None:
    """Give new entries their places in the log, sign for it, and tell the witnesses."""
    checkpoints.checkpoint()
    verifying.sample()


@every("15 2 * * *")
def verify() -> None:
    """Read the whole log and hold it against every checkpoint of every witness file."""
    found = verifying.whole()
    if not found.whole:
        raise LogChanged("; ".join(fault.words for fault in found.faults))
