"""Signed-in sessions as they are kept: sealed, each to its own key (``SESSION_ENGINE``).

A session holds the last question about a child, with its name and birth date.
"""

import base64
import json
from typing import Any

from django.contrib.sessions.backends import db

from joinedup.hub.sealing.keys import ring
from joinedup.ledger.seal import SealError


class SessionStore(db.SessionStore):
    """Django's sessions in the database, with what they hold closed."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Close what a session holds."""
        return base64.b64encode(
            ring().seal(json.dumps(session_dict).encode(), self._place())
        ).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Open it; what does not open is no session, and whoever had it signs in again."""
        try:
            opened = ring().open(base64.b64decode(session_data, validate=True), self._place())
        except (SealError, ValueError):
            return {}
        held: dict[str, Any] = json.loads(opened)
        return held

    def _place(self) -> bytes:
        return f"django_session {self.session_key}".encode()
