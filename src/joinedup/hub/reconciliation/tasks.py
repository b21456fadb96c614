"""What the worker does each night for review cases and links."""

import logging

from django.utils import timezone

from joinedup.hub.reconciliation import cases, links
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.reconciliation")


class LinksDiffer(Exception):
    """Current links are not what their events come to."""


@every("45 2 * * *")
def compare_links() -> None:
    """Compare current links with what their events come to."""
    found = links.current().identities.rebuild()
    if found:
        raise LinksDiffer(f"{len(found)} rows differ; docs/identities.md says what to do")


@every("15 3 * * *")
def forget_details() -> None:
    """Delete the details of review cases decided long enough ago."""
    log.info("forgot the details of %s review cases", cases.forget(timezone.now()))
