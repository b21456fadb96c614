"""The refusals of the PDS, word for word, and the OperationOutcome each is sent as.

Sources: the PDS FHIR API specification and sandbox (MIT licence) and its live gateway's policies.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CODE_SYSTEM = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"


@dataclass(eq=False, repr=False)
class Problem(Exception):
    """A request that gets an error answer.

    ``diagnostics`` may repeat what the caller sent, as the PDS does; it goes back to that caller
    and nowhere else. ``gateway`` errors are plain JSON, those of the Spine are FHIR JSON.
    """

    status: int
    code: str
    issue: str
    display: str
    diagnostics: str | None = None
    severity: str = "error"
    gateway: bool = False

    def __str__(self) -> str:
        return f"{self.status} {self.code}"

    @property
    def media_type(self) -> str:
        return "application/json" if self.gateway else "application/fhir+json"

    def outcome(self) -> Json:
        """The OperationOutcome to send."""
        issue: Json = {
            "severity": self.severity,
            "code": self.issue,
            "details": {
                "coding": [
                    {
                        "system": CODE_SYSTEM,
                        "version": "1",
                        "code": self.code,
                        "display": self.display,
                    }
                ]
            },
        }
        if self.diagnostics is not None:
            issue["diagnostics"] = self.diagnostics
        return {"resourceType": "OperationOutcome", "issue": [issue]}


# --- Spine ---------------------------------------------------------------------------------------


def unsupported_service() -> Problem:
    return Problem(400, "UNSUPPORTED_SERVICE", "processing", "Unsupported Service")


def additional_properties(names: list[str]) -> Problem:
    quoted = ", ".join(f"'{name}'" for name in names)
    verb = "was" if len(names) == 1 else "were"
    return Problem(
        400,
        "ADDITIONAL_PROPERTIES",
        "invariant",
        "Additional properties should not be included",
        "Invalid request with error - Additional properties are not allowed "
        f"({quoted} {verb} unexpected)",
    )


def invalid_value(value: str, field: str) -> Problem:
    return Problem(
        400,
        "INVALID_VALUE",
        "value",
        "Provided value is invalid",
        f"Invalid value - '{value}' in field '{field}'",
    )


def missing_value(diagnostics: str) -> Problem:
    return Problem(400, "MISSING_VALUE", "required", "Required value is missing", diagnostics)


def missing_birth_date() -> Problem:
    return missing_value("Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'")


def missing_request_id() -> Problem:
    return missing_value(
        "Invalid request with error - X-Request-ID header must be supplied to access this resource"
    )


def invalid_search_data(what: str) -> Problem:
    return Problem(
        400,
        "INVALID_SEARCH_DATA",
        "value",
        "Search data is invalid",
        f"Invalid search data provided - '{what}'",
    )


def below_minimum() -> Problem:
    return invalid_search_data(
        "No searches were performed as the search criteria did not meet the minimum requirements"
    )


def below_fuzzy_minimum() -> Problem:
    return invalid_search_data(
        "A fuzzy search was requested however the data given did not meet the fuzzy search criteria"
    )


def invalid_resource_id() -> Problem:
    return Problem(400, "INVALID_RESOURCE_ID", "value", "Resource Id is invalid")


def not_found() -> Problem:
    return Problem(
        404, "RESOURCE_NOT_FOUND", "not-found", "Resource not found", severity="information"
    )


def invalidated() -> Problem:
    return Problem(
        404,
        "INVALIDATED_RESOURCE",
        "processing",
        "Resource that has been marked as invalid was requested"
        " - invalid resources cannot be retrieved",
    )


TOO_MANY_MATCHES = Problem(
    200, "TOO_MANY_MATCHES", "multiple-matches", "Too Many Matches", severity="information"
)
"""Not an error: more people fit than may be returned (HTTP 200 with a bare OperationOutcome)."""


# --- Gateway -------------------------------------------------------------------------------------


def _gateway(
    status: int, code: str, issue: str, display: str, diagnostics: str | None = None
) -> Problem:
    return Problem(status, code, issue, display, diagnostics, gateway=True)


def access_denied(diagnostics: str) -> Problem:
    return _gateway(401, "ACCESS_DENIED", "forbidden", "Access Denied - Unauthorised", diagnostics)


_GUIDANCE = (
    "Please see: https://digital.nhs.uk/developer/guides-and-documentation/"
    "reference-guide#rate-limits for more details."
)


def quota_exceeded(application: str, quota: int) -> Problem:
    return _gateway(
        429,
        "TOO_MANY_REQUESTS",
        "value",
        "Too many requests",
        f"Your application, {application}, has exceeded its quota of {quota} requests every "
        f"1 minute(s) and is being rate limited. {_GUIDANCE}",
    )


def spike(application: str) -> Problem:
    return _gateway(
        429,
        "TOO_MANY_REQUESTS",
        "value",
        "Too many requests",
        f"Your application, {application}, has created a spike in traffic and is being rate "
        f"limited. Please reduce the frequency of your requests. {_GUIDANCE}",
    )


def unsupported_path(path: str) -> Problem:
    return _gateway(
        400,
        "UNSUPPORTED_REQUEST",
        "value",
        "The request is not one that is supported.",
        f"Unsupported path - '{path}'",
    )


def malformed_request_id(value: str) -> Problem:
    return _gateway(
        400,
        "INVALID_VALUE",
        "value",
        "Provided value is invalid",
        f"Invalid value - '{value}' in header 'X-Request-ID'",
    )


_NO_PERMISSION = "Your app has insufficient permissions to {}. Please contact support."


def more_than_one_result() -> Problem:
    # "token" is not a FHIR issue type; the live gateway sends it nevertheless.
    return _gateway(
        403,
        "INVALID_VALUE",
        "token",
        "Cannot retrieve more than one result with application-restricted access token",
        _NO_PERMISSION.format("perform this search"),
    )


def method_not_allowed(verb: str) -> Problem:
    return _gateway(
        403,
        "INVALID_METHOD",
        "forbidden",
        f"Cannot {verb} resource with application-restricted access token",
        _NO_PERMISSION.format("use this method"),
    )


def resource_not_allowed() -> Problem:
    return _gateway(
        403,
        "ACCESS_DENIED",
        "forbidden",
        "Cannot GET resource with application-restricted access token",
        _NO_PERMISSION.format("perform this action"),
    )


def unknown_error(message_id: str) -> Problem:
    return _gateway(500, "UNKNOWN_ERROR", "unknown", "Unknown Error", f"Message ID: {message_id}")


def service_unavailable() -> Problem:
    return _gateway(
        503,
        "SERVICE_UNAVAILABLE",
        "timeout",
        "Service unavailable",
        "The downstream domain processing has not completed within the configured timeout period. "
        "Retry your request with the value in the 'Retry-After' header, using the same "
        "'X-Request-ID'.",
    )
