"""What an HTTP reply of the PDS means.

Only an empty searchset, or a 404 that says so, means "nobody". Anything that cannot be understood
is no answer at all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from joinedup.pds.parse import MalformedAnswer, parse_patient, parse_related_person
from joinedup.pds.related import Related
from joinedup.pds.search import Answer, Found, Invalidated, NotFound, Refused, TooMany
from joinedup.pds.transport import Reply

_TOO_MANY = frozenset({"TOO_MANY_MATCHES", "multiple-matches"})

# FHIR R4 issue types under "Transient": the same question may be answered later.
_TRANSIENT = frozenset(
    {"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"}
)


@dataclass(frozen=True, slots=True)
class Again:
    """No answer this time; ask again. ``reason`` completes "the PDS did not answer: ..."."""

    reason: str
    wait: float | None = None  # what the PDS asked for
    throttled: bool = False  # we, or others with our key, ask too fast


@dataclass(frozen=True, slots=True)
class Denied:
    """401: the token is not, or no longer, accepted."""

    detail: str


@dataclass(frozen=True, slots=True)
class Astray:
    """Something other than the PDS answers at this address; asking again will not help."""

    reason: str


Reading = Callable[[object], Answer | Related]
Verdict = Answer | Related | Again | Denied | Astray


def judge(reply: Reply, reading: Reading, *, by_number: bool) -> Verdict:
    """Say what a reply means. ``reading`` reads the resource of a 200; ``by_number``: 404 is
    one of the answers to this question."""
    status = reply.status
    if status == 429:
        return Again("it is asked too often (HTTP 429)", reply.retry_after, throttled=True)
    if status == 408 or status >= 500:
        return Again(f"it reported a fault of its own (HTTP {status})", reply.retry_after)
    if status == 401:
        return Denied(_diagnostics(_issue(_json(reply))))
    if 300 <= status < 400:
        return Astray(f"the address leads elsewhere (HTTP {status}); check JOINEDUP_PDS_URL")
    content = _json(reply)
    if status == 200:
        return _answer(content, reading)
    issue = _issue(content)
    if issue is None:
        # Not the PDS speaking but something on the way: a proxy's page, a wrong address.
        return Again(f"something on the way answered instead (HTTP {status})")
    if status == 404 and by_number:
        if _code(issue) == "RESOURCE_NOT_FOUND":
            return NotFound()
        if _code(issue) == "INVALIDATED_RESOURCE":
            return Invalidated()
    if status == 404:
        return Astray("there is no PDS at this address (HTTP 404); check JOINEDUP_PDS_URL")
    if status >= 400:
        return Refused(status, _code(issue), _diagnostics(issue))
    return Again(f"its answer was of an unknown kind (HTTP {status})")


def read_searchset(content: object) -> Answer:
    """Read the Bundle that answers a search."""
    entries, total = _bundle(content)
    if not entries:
        if total != 0:  # it may have lost its entries on the way
            raise MalformedAnswer("a Bundle that does not say that it is empty")
        return NotFound()
    if total is not None and total < len(entries):
        raise MalformedAnswer("a Bundle with more entries than it counts")
    if len(entries) > 1 or (total or 1) > 1:
        return TooMany()
    return Found(parse_patient(entries[0].get("resource")), _score(entries[0]))


def read_patient(content: object) -> Answer:
    """Read the Patient that answers a read by number."""
    return Found(parse_patient(content))


def related_reading(asked: str) -> Reading:
    """Read the Bundle of people related to the patient ``asked``."""

    def read(content: object) -> Related:
        entries, total = _bundle(content)
        if total is not None and total != len(entries):
            raise MalformedAnswer("a Bundle with another number of entries than it counts")
        return Related(
            tuple(parse_related_person(entry.get("resource"), asked) for entry in entries)
        )

    return read


def _answer(content: object, reading: Reading) -> Verdict:
    issue = _issue(content)
    try:
        if issue is None:
            return reading(content)
    except MalformedAnswer:
        return Again("its answer could not be read")
    # A 200 that holds an OperationOutcome: PDS-specific, see the reference of GET /Patient.
    if _TOO_MANY & {_code(issue), issue.get("code")}:
        return TooMany()
    if issue.get("code") in _TRANSIENT:
        return Again("it reported a passing fault")
    # For instance the sandbox, which knows few questions: asked again, it says the same again.
    return Refused(200, _code(issue), _diagnostics(issue))


def _bundle(content: object) -> tuple[list[dict[str, object]], int | None]:
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise MalformedAnswer("not a Bundle")
    if content.get("type", "searchset") != "searchset":
        raise MalformedAnswer("a Bundle that is no searchset")
    total = content.get("total")
    if total is not None and (not isinstance(total, int) or isinstance(total, bool) or total < 0):
        raise MalformedAnswer("a Bundle whose total is no number")
    entries = content.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise MalformedAnswer("a Bundle whose entries are no list")
    return entries, total


def _score(entry: dict[str, object]) -> float | None:
    search = entry.get("search")
    score = search.get("score") if isinstance(search, dict) else None
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        raise MalformedAnswer("a score that is not between 0 and 1")
    return float(score)


def _json(reply: Reply) -> object:
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None


def _issue(content: object) -> dict[str, object] | None:
    """The first issue of an OperationOutcome; None when this is something else."""
    if not isinstance(content, dict) or content.get("resourceType") != "OperationOutcome":
        return None
    issues = content.get("issue")
    first = issues[0] if isinstance(issues, list) and issues else {}
    return first if isinstance(first, dict) else {}


def _code(issue: dict[str, object]) -> str:
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        code = coding.get("code") if isinstance(coding, dict) else None
        if isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z_]{2,48}", code):
            return code
    return "UNKNOWN"


# Diagnostics repeat what was asked, children's names among it. So only sentences that are known,
# and names of fields that are known, come through; the rest stays behind.
_FIELDS = frozenset(
    (
        "family", "given", "gender", "birthdate", "death-date", "address-postalcode",
        "address-postcode", "phone", "email", "general-practitioner", "managing-organization",
        "_fuzzy-match", "_exact-match", "_history", "_max-results", "birth_date",
        "birth_date_range_start", "birth_date_range_end", "name.given", "name.family", "id",
        "X-Request-ID", "X-Correlation-ID", "NHSD-Session-URID",
        "NHSD-End-User-Organisation-ODS", "Authorization",
    )
)  # fmt: skip
_NAMES_A_FIELD = re.compile(r"(?:in (?:field|header)|Missing value -) '([\w./-]{1,80})'\s*$")
_KNOWN_SENTENCES = (
    "No searches were performed as the search criteria did not meet the minimum requirements",
    "A fuzzy search was requested however the data given did not meet the fuzzy search criteria",
    "X-Request-ID header must be supplied to access this resource",
    "Additional properties are not allowed",
    "name.given",
    "Missing Authorization header",
    "Empty Authorization header",
    "Missing access token",
    "Invalid token type",
    "Invalid Access Token",
    "Access Token expired",
    "Cannot retrieve more than one result with application-restricted access token",
    "Your app has insufficient permissions",
)


def _diagnostics(issue: dict[str, object] | None) -> str:
    """The part of the diagnostics that cannot hold personal data."""
    text = issue.get("diagnostics") if issue else None
    if not isinstance(text, str):
        return ""
    named = _NAMES_A_FIELD.search(text)
    if named and all(part in _FIELDS for part in named[1].split("/")):
        return named[1]
    return next((sentence for sentence in _KNOWN_SENTENCES if sentence in text), "")
