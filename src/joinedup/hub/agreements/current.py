"""The policy of this moment.

Which policy is in force is asked of the database each time; compiling is done once per policy and
process. So what was revoked a moment ago does not count in the next decision, in any process.
"""

import logging

from joinedup.hub.agreements.models import Head
from joinedup.hub.agreements.publishing import policy_of
from joinedup.hub.prepared import rows
from joinedup.policy.policy import Policy, fingerprint

_log = logging.getLogger("joinedup.policy")
_CLOSED = Policy.closed()
_HEAD = "SELECT fingerprint FROM agreements_head ORDER BY id LIMIT 1"

_kept: tuple[str, Policy] | None = None


def current_policy() -> Policy:
    """Give the policy in force; one that denies everything where its head is missing or damaged.

    Raises Django's ``DatabaseError`` when the database does not answer.
    """
    global _kept
    found = rows(_HEAD)
    head = found[0][0] if found else None
    kept = _kept
    if head is not None and kept is not None and kept[0] == head:
        return kept[1]
    made = _compile()
    if made is None:
        return _CLOSED
    _kept = made
    return made[1]


def _compile() -> tuple[str, Policy] | None:
    head = Head.objects.first()
    if head is None:
        _log.error("policy: no head, everything is denied")
        return None
    if head.fingerprint != fingerprint(head.content):
        _log.error("policy: the head is damaged, everything is denied")
        return None
    try:
        return head.fingerprint, policy_of(head.content)
    except (AttributeError, KeyError, TypeError, ValueError):
        _log.error("policy: the head cannot be read, everything is denied")
        return None
