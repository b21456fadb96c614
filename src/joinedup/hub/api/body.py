"""Reading a JSON body strictly: what two readers could understand differently is refused."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from joinedup.hub.api.problems import BY_STATUS, Problem


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem(400, "duplicate-key", "A key appears twice in the same JSON object.")
    return found


def _no_constants(_: str) -> None:
    raise Problem(400, "not-json", "NaN and Infinity are not JSON.")


def _bad_json() -> Problem:
    return Problem(400, "not-json", "The body is not JSON in UTF-8.")


class StrictJsonParser(Parser):
    """JSON by its media type, in UTF-8, without duplicate keys, NaN or lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body as Python values; raises ``Problem`` 400 or 415."""
        if request.content_type != "application/json":
            raise Problem(415, *BY_STATUS[415], headers={"Accept-Post": "application/json"})
        return read_object(request.body)


def read_object(body: bytes) -> dict[str, Any]:
    """A body's JSON object, read strictly; raises ``Problem`` 400."""
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constants,
        )
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise _bad_json() from None
    if not isinstance(found, dict):
        raise Problem(400, "not-an-object", "The body must be a JSON object.")
    return found
