"""Making a decision of the past again, from the policy that was kept with it."""

from collections.abc import Mapping
from typing import Any

from joinedup.hub.agreements.models import KeptPolicy
from joinedup.policy.decide import decide
from joinedup.policy.decision import Decision
from joinedup.policy.facts import from_facts
from joinedup.policy.policy import Policy


class CannotReplay(Exception):
    """The policy of that version is not kept here, is damaged, or is another program's."""


def replay(version: str, facts: Mapping[str, Any]) -> Decision:
    """Decide a question of the past (``policy.facts.as_facts``) under the version it was put to.

    Raises ``CannotReplay``.
    """
    kept = KeptPolicy.objects.filter(version=version).first()
    if kept is None:
        raise CannotReplay(f"No policy {version} is kept here.")
    try:
        policy = Policy.from_content(kept.content)
        question = from_facts(facts)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CannotReplay(f"The policy {version} cannot be read: {error}") from error
    if policy.version != version:
        raise CannotReplay(f"The policy {version} was altered since it was kept.")
    return decide(policy, question)
