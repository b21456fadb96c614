"""What the worker does for watching."""

import logging

from joinedup.hub.watching import running
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.watching")


@every("*/5 * * * *")
def judge_new_looks() -> None:
    """Judge the looks at children since last time, for whoever reviews them."""
    if new := running.just_now():
        log.info("%s new alerts", new)


@every("30 1 * * *")
def judge_all_looks() -> None:
    """Judge all looks again, with hindsight, and draw the samples to review."""
    log.info("%s new alerts and samples", running.tonight())
