"""Every refusal of the PDS, word for word, and which comes first."""

import orjson
import pytest

from joinedup.pds.emulator.gateway import Gateway, Request
from joinedup.pds.emulator.stats import Stats
from joinedup.pds.emulator.throttle import Throttle
from joinedup.pds.emulator.tokens import Client, TokenDesk
from tests.pds_emulator.people import numbers, patient

A, B = numbers(2)
ID = "60e0b220-8136-4ca5-ae46-1d97ef59d068"
GOOD = [("family", "Smith"), ("birthdate", "eq2012-03-04")]
SPINE = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"


@pytest.fixture
def gateway(engine_of):
    return Gateway(engine_of(patient(A)), Throttle(0), Stats())


def send(gateway, params=GOOD, *, method="GET", path="/Patient", **headers):
    if "x-request-id" not in headers:
        headers["x-request-id"] = ID
    headers = {name: value for name, value in headers.items() if value is not None}
    return gateway.handle(Request(method, path, params, headers))


def refusal(reply):
    """Status, coding code, issue code, display, diagnostics."""
    [issue] = orjson.loads(reply.body)["issue"]
    [coding] = issue["details"]["coding"]
    assert (coding["system"], coding["version"]) == (SPINE, "1")
    return (
        reply.status,
        coding["code"],
        issue["code"],
        coding["display"],
        issue.get("diagnostics"),
    )


MINIMUM = (
    "Invalid search data provided - 'No searches were performed as the search criteria did not "
    "meet the minimum requirements'"
)
FUZZY_MINIMUM = (
    "Invalid search data provided - 'A fuzzy search was requested however the data given did not "
    "meet the fuzzy search criteria'"
)
NO_BIRTH_DATE = "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'"
FUZZY = ("_fuzzy-match", "true")


def extra(*params):
    return [*GOOD, *params]


def invalid_value(value, field):
    return (
        400,
        "INVALID_VALUE",
        "value",
        "Provided value is invalid",
        f"Invalid value - '{value}' in field '{field}'",
    )


def search_data(diagnostics):
    return (400, "INVALID_SEARCH_DATA", "value", "Search data is invalid", diagnostics)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        # The gateway adds _max-results=1, so "no parameters at all" cannot reach the Spine (C20).
        ([], (400, "MISSING_VALUE", "required", "Required value is missing", NO_BIRTH_DATE)),
        (
            extra(("year", "1")),
            (
                400, "ADDITIONAL_PROPERTIES", "invariant",
                "Additional properties should not be included",
                "Invalid request with error - Additional properties are not allowed "
                "('year' was unexpected)",
            ),
        ),
        (
            extra(("year", "1"), ("model", "2")),
            (
                400, "ADDITIONAL_PROPERTIES", "invariant",
                "Additional properties should not be included",
                "Invalid request with error - Additional properties are not allowed "
                "('year', 'model' were unexpected)",
            ),
        ),
        ([("birthdate", "20101022")], invalid_value("20101022", "birthdate")),
        ([("birthdate", "gt2010-10-22")], invalid_value("gt2010-10-22", "birthdate")),
        ([("birthdate", "2010-02-30")], invalid_value("2010-02-30", "birthdate")),
        (extra(("death-date", "2010")), invalid_value("2010", "death-date")),
        (extra(("gender", "boy")), invalid_value("boy", "gender")),
        (extra(("_history", "yes")), invalid_value("yes", "_history")),
        (extra(("family", "Jones")), invalid_value("Jones", "family")),
        ([("family", "Smith")],
         (400, "MISSING_VALUE", "required", "Required value is missing", NO_BIRTH_DATE)),
        ([("birthdate", "2010-10-22")], search_data(MINIMUM)),
        ([("birthdate", "2010-10-22"), ("given", "Jack")], search_data(MINIMUM)),
        (extra(FUZZY), search_data(FUZZY_MINIMUM)),
        (extra(FUZZY, ("gender", "male")), search_data(FUZZY_MINIMUM)),
        (extra(FUZZY, ("address-postalcode", "LS1 4AP")), search_data(FUZZY_MINIMUM)),
        (extra(FUZZY, ("email", "a@example.com"), ("phone", "1")), search_data(FUZZY_MINIMUM)),
        (extra(("given", "x" * 36)), search_data("Invalid search data provided - 'name.given'")),
        (extra(("given", " ")), search_data("Invalid search data provided - 'name.given'")),
        (
            extra(("address-postalcode", "LS1 4AP"), ("address-postcode", "LS1 4AP")),
            search_data("Invalid search data provided - 'address-postcode'"),
        ),
        (
            extra(("_max-results", "2")),
            (
                403, "INVALID_VALUE", "token",
                "Cannot retrieve more than one result with application-restricted access token",
                "Your app has insufficient permissions to perform this search. "
                "Please contact support.",
            ),
        ),
    ],
)  # fmt: skip
def test_refused_searches(gateway, params, expected):
    assert refusal(send(gateway, params)) == expected


def test_engine_itself_refuses_a_search_without_parameters(engine_of):
    from joinedup.pds.emulator.problems import Problem

    with pytest.raises(Problem) as refused:
        engine_of(patient(A)).search([])
    assert (refused.value.code, refused.value.issue) == ("UNSUPPORTED_SERVICE", "processing")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"method": "DELETE"}, (400, "UNSUPPORTED_SERVICE")),
        ({"path": f"/Patient/{A}", "method": "PUT"}, (400, "UNSUPPORTED_SERVICE")),
        ({"path": "/HelloWorld"}, (400, "UNSUPPORTED_REQUEST")),
        ({"path": f"/Patient/{A}/Other"}, (400, "UNSUPPORTED_REQUEST")),
        ({"path": f"/Patient/{A}", "method": "PATCH"}, (403, "INVALID_METHOD")),
        ({"method": "POST"}, (403, "INVALID_METHOD")),
        ({"path": "/Coverage"}, (403, "ACCESS_DENIED")),
        ({"path": "/Patient/9990000000"}, (400, "INVALID_RESOURCE_ID")),
        ({"path": f"/Patient/{B}"}, (404, "RESOURCE_NOT_FOUND")),
        ({"x-request-id": "1234"}, (400, "INVALID_VALUE")),
        ({"x-request-id": None}, (400, "MISSING_VALUE")),
    ],
)
def test_refused_requests(gateway, sent, expected):
    assert refusal(send(gateway, **sent))[:2] == expected


def test_texts_of_gateway_refusals(gateway):
    assert refusal(send(gateway, path="/HelloWorld")) == (
        400,
        "UNSUPPORTED_REQUEST",
        "value",
        "The request is not one that is supported.",
        "Unsupported path - '/HelloWorld'",
    )
    assert refusal(send(gateway, **{"x-request-id": "1234"}))[4] == (
        "Invalid value - '1234' in header 'X-Request-ID'"
    )
    assert refusal(send(gateway, **{"x-request-id": None}))[4] == (
        "Invalid request with error - X-Request-ID header must be supplied to access this resource"
    )
    assert refusal(send(gateway, method="PATCH", path=f"/Patient/{A}"))[3] == (
        "Cannot update resource with application-restricted access token"
    )
    assert refusal(send(gateway, path=f"/Patient/{B}"))[2:] == (
        "not-found",
        "Resource not found",
        None,
    )


def test_gateway_errors_are_json_and_spine_errors_fhir_json(gateway):
    assert send(gateway, path="/HelloWorld").headers["content-type"] == "application/json"
    spine = send(gateway, [("family", "Smith")])
    assert spine.headers["content-type"] == "application/fhir+json"


def test_ids_are_sent_back_on_success_and_on_refusal(gateway):
    for params in (GOOD, [("family", "Smith")]):
        reply = send(gateway, params, **{"x-correlation-id": "mine"})
        assert reply.headers["x-request-id"] == ID
        assert reply.headers["x-correlation-id"] == "mine"


def test_read_has_the_version_as_etag(gateway):
    reply = send(gateway, (), path=f"/Patient/{A}")
    assert (reply.status, reply.headers["etag"]) == (200, 'W/"3"')


def test_order_of_checks(engine_of):
    """With everything wrong at once, mending one thing at a time meets the refusals in order."""
    now = [0.0]
    throttle = Throttle(1, clock=lambda: now[0])
    stats = Stats()
    desk = TokenDesk({"key": Client("key")})
    desk._issued["good"] = ("key", float("inf"))
    gateway = Gateway(engine_of(patient(A)), throttle, stats, desk)
    for _ in range(3):
        throttle.admit("key")

    wrong = [("year", "1"), ("birthdate", "2010"), ("_max-results", "2")]
    bearer = {"authorization": "Bearer good"}
    met = []

    def meet(params, **sent):
        met.append(refusal(send(gateway, params, **sent))[:2])

    bad_id, no_id = {"x-request-id": "1"}, {"x-request-id": None}
    meet(wrong, path="/X", **bad_id)
    meet(wrong, path="/X", **bad_id, **bearer)
    now[0] = 100.0
    meet(wrong, path="/X", **bad_id, **bearer)
    meet(wrong, **bad_id, **bearer)
    now[0] = 200.0
    meet(wrong, **no_id, **bearer)
    meet(wrong[:2], **no_id, **bearer)
    now[0] = 300.0
    meet(wrong[:2], **bearer)
    meet([("birthdate", "2010"), ("gender", "x")], **bearer)
    now[0] = 400.0
    meet([("gender", "male")], **bearer)
    meet([("birthdate", "2010-01-01")], **bearer)
    assert met == [
        (401, "ACCESS_DENIED"),
        (429, "TOO_MANY_REQUESTS"),
        (400, "UNSUPPORTED_REQUEST"),
        (400, "INVALID_VALUE"),
        (403, "INVALID_VALUE"),
        (400, "MISSING_VALUE"),
        (400, "ADDITIONAL_PROPERTIES"),
        (400, "INVALID_VALUE"),
        (400, "MISSING_VALUE"),
        (400, "INVALID_SEARCH_DATA"),
    ]


@pytest.mark.parametrize(
    ("header", "diagnostics"),
    [
        (None, "Missing Authorization header"),
        ("", "Empty Authorization header"),
        ("Bearer", "Missing access token"),
        ("Bearer ", "Missing access token"),
        ("Basic abc", "Invalid token type 'Basic', must be 'Bearer'"),
        ("Bearer abc", "Invalid Access Token"),
        ("Bearer old", "Access Token expired"),
    ],
)
def test_missing_and_wrong_access_tokens(engine_of, header, diagnostics):
    desk = TokenDesk({})
    desk._issued["old"] = ("key", 0.0)
    gateway = Gateway(engine_of(patient(A)), Throttle(0), Stats(), desk)
    assert refusal(send(gateway, authorization=header)) == (
        401,
        "ACCESS_DENIED",
        "forbidden",
        "Access Denied - Unauthorised",
        diagnostics,
    )
