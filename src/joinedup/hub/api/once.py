"""``Idempotency-Key`` around any call that creates: the same key, the same answer."""

import re
from collections.abc import Callable
from typing import Any

from joinedup.hub.api.problems import Problem
from joinedup.hub.api.tokens import Caller
from joinedup.hub.identifiers import idempotency

KEY = re.compile(r"[!-~]{1,255}")

Body = dict[str, Any]
Keep = Callable[[Body], None]


def once(
    caller: Caller,
    key: str,
    question: Any,
    answer: Callable[[Keep], Body],
    may_be_told: Callable[[Body], bool] = lambda body: True,
) -> tuple[Body, bool]:
    """The answer, and whether it was given before.

    ``answer`` is called unless the key has its answer; it calls what it is given with the body,
    inside the transaction that creates, so that neither is there without the other. An answer
    that may not be told any more (``may_be_told``) is worked out anew. Raises
    ``Problem``: 400 for a bad key, 409 for one of another question or still being answered.
    """
    if not key:
        return answer(lambda body: None), False
    if not KEY.fullmatch(key):
        raise Problem(
            400, "bad-idempotency-key", "Idempotency-Key must be 1 to 255 visible characters."
        )
    try:
        kept = idempotency.begin(caller.client, key, idempotency.fingerprint(question))
    except idempotency.OtherQuestion:
        raise Problem(
            409, "idempotency-key-reused", "This Idempotency-Key belongs to another question."
        ) from None
    except idempotency.StillBeingAnswered:
        raise Problem(
            409,
            "still-being-answered",
            "The same question with this Idempotency-Key is still being answered.",
            headers={"Retry-After": "1"},
        ) from None
    if kept.body is not None and may_be_told(kept.body):
        return dict(kept.body), True
    try:
        return answer(lambda body: idempotency.finish(kept, body)), False
    except BaseException:
        idempotency.give_up(kept)
        raise
