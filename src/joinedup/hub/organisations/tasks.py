"""What the worker does so that machine clients can rotate their keys themselves."""

import logging

from joinedup.hub.organisations.jwks import fetch_all
from joinedup.hub.worker import every

log = logging.getLogger("joinedup.hub.organisations")


@every("25 */6 * * *")
def fetch_published_keys() -> None:
    """Read the keys of every client that publishes them."""
    for client, fault in fetch_all("worker").items():
        log.warning("the keys of %s stay as they are: %s", client, fault)
