"""The real server over HTTP: protocol, faults, statistics, and what it must not log."""

import logging
import time
import uuid
from urllib.parse import urlencode

import orjson
import pytest
import urllib3

from joinedup.pds.emulator.serve import Emulator, ListenError, running_emulator
from tests.pds_emulator.people import numbers, patient, write

A, B, C = numbers(3)
BASE = "/personal-demographics/FHIR/R4"
SMITH = [("family", "Smith"), ("birthdate", "eq2012-03-04")]


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    other = patient(B, birthDate="2013-01-01", name=[{"family": "Brown", "given": ["Ann"]}])
    return write(tmp_path_factory.mktemp("people"), patient(A), other)


@pytest.fixture(scope="module")
def shared(people):
    with running_emulator(people, tps=0) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared):
    shared.set_fault()
    shared.reset_stats()
    yield shared
    shared.set_fault()


def get(emulator, path="/Patient", params=SMITH, request_id=None, timeout=10, **headers):
    query = f"?{urlencode(params)}" if params else ""
    return urllib3.request(
        "GET",
        emulator.url + BASE + path + query,
        headers={"X-Request-ID": request_id or str(uuid.uuid4()), **headers},
        retries=False,
        timeout=timeout,
    )


def control(emulator, method, body=None):
    return urllib3.request(method, f"{emulator.url}/__emulator/faults", body=body, retries=False)


def test_search_and_read_over_http(emulator):
    answer = get(emulator)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    [entry] = answer.json()["entry"]
    assert entry["fullUrl"] == f"{emulator.url}{BASE}/Patient/{A}"
    read = get(emulator, f"/Patient/{A}", (), **{"X-Correlation-ID": "c"})
    assert read.headers["etag"] == 'W/"3"'
    assert read.headers["x-correlation-id"] == "c"
    assert get(emulator, f"/Patient/{A}/RelatedPerson", ()).json()["total"] == 0


def test_query_is_decoded_as_utf_8(emulator):
    found = get(emulator, params=[("family", "Smith"), ("given", "Zoë"), *SMITH[1:]])
    assert found.json()["total"] == 0
    refused = get(emulator, params=[("birthdate", "é")])
    assert "'é'" in refused.json()["issue"][0]["diagnostics"]


def test_statistics_count_by_outcome_and_kind(emulator):
    get(emulator)
    get(emulator, params=[("family", "Wragg"), *SMITH[1:]])
    get(emulator, params=[*SMITH, ("given", "Jak"), ("_fuzzy-match", "true")])
    get(emulator, f"/Patient/{C}", ())
    answer = urllib3.request("GET", f"{emulator.url}/__emulator/stats")
    assert answer.json() == emulator.stats()
    assert answer.json() == {
        "requests": 4,
        "throttled": 0,
        "by_outcome": {"found": 2, "none": 1, "not-found": 1},
        "by_status": {"200": 3, "404": 1},
        "by_kind": {"plain": 2, "fuzzy": 1, "read": 1},
        "by_fault": {},
    }


def test_nothing_personal_is_logged(emulator, caplog):
    with caplog.at_level(logging.DEBUG):
        get(emulator)
        get(emulator, f"/Patient/{A}", ())
        get(emulator, params=[("family", "Smith"), ("birthdate", "2012")])
    lines = caplog.text
    assert "GET plain 200 found" in lines
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("urllib3"))
    assert "Smith" not in ours
    assert A not in ours
    assert "2012" not in ours


def test_throttled_answer(people):
    with running_emulator(people, tps=1) as emulator:
        answers = [get(emulator) for _ in range(5)]
        throttled = [answer for answer in answers if answer.status == 429]
        assert len(throttled) == 2
        assert "retry-after" not in throttled[0].headers
        assert throttled[0].headers["content-type"] == "application/json"
        [coding] = throttled[0].json()["issue"][0]["details"]["coding"]
        assert (coding["code"], coding["display"]) == ("TOO_MANY_REQUESTS", "Too many requests")
        assert emulator.stats()["throttled"] == 2


def test_limit_covers_the_token_endpoint(people):
    with running_emulator(people, tps=1) as emulator:
        statuses = [
            urllib3.request("POST", f"{emulator.url}/oauth2/token", retries=False).status
            for _ in range(5)
        ]
    assert statuses == [400, 400, 400, 429, 429]


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("500", 500), ("503", 503)])
def test_error_storm_of_so_many_requests(emulator, fault, status):
    emulator.set_fault(f"{fault}:requests=2,after=1")
    assert [get(emulator).status for _ in range(4)] == [200, status, status, 200]
    assert emulator.stats()["by_fault"] == {fault: 2}


def test_retry_after_only_when_asked_for(emulator):
    emulator.set_fault("429:retry_after=3")
    assert get(emulator).headers["retry-after"] == "3"
    emulator.set_fault("429")
    assert "retry-after" not in get(emulator).headers


def test_share_of_requests_is_the_same_for_the_same_seed(emulator):
    runs = []
    for seed in (7, 7, 8):
        emulator.set_fault(f"500:share=0.4,seed={seed}")
        runs.append([get(emulator).status for _ in range(30)])
    assert runs[0] == runs[1] != runs[2]
    assert 4 < runs[0].count(500) < 20


def test_slow_answer_is_right_but_late(emulator):
    emulator.set_fault("slow:seconds=0.3,requests=1")
    started = time.monotonic()
    assert get(emulator).json()["total"] == 1
    assert time.monotonic() - started >= 0.3


def test_slow_answer_does_not_hold_up_others(emulator):
    emulator.set_fault("slow:seconds=5,requests=1")
    with pytest.raises(urllib3.exceptions.TimeoutError):
        get(emulator, timeout=0.2)
    started = time.monotonic()
    assert get(emulator).status == 200
    assert time.monotonic() - started < 2


def test_cut_connection(emulator):
    emulator.set_fault("cut:requests=1")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        get(emulator)
    assert get(emulator).status == 200


@pytest.mark.parametrize("fault", ["malformed", "html"])
def test_body_that_is_not_the_promised_json(emulator, fault):
    emulator.set_fault(fault)
    answer = get(emulator)
    assert answer.status == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.data)


def test_changed_answer_on_retry_with_the_same_id(emulator):
    emulator.set_fault("changed-answer:requests=1")
    once = str(uuid.uuid4())
    assert get(emulator, request_id=once).status == 503
    assert get(emulator, request_id=once).json()["total"] == 0
    assert get(emulator).json()["total"] == 1  # another id, the true answer


def test_token_endpoint_down(emulator):
    emulator.set_fault("token-down:requests=1")
    assert get(emulator).status == 200  # the API is up
    token = f"{emulator.url}/oauth2/token"
    assert [urllib3.request("POST", token, retries=False).status for _ in range(2)] == [503, 400]


def test_faults_by_http(emulator):
    assert control(emulator, "POST", b'{"kind": "500", "requests": 1}').status == 200
    assert control(emulator, "GET").json()[0]["kind"] == "500"
    assert [get(emulator).status for _ in range(2)] == [500, 200]
    assert control(emulator, "POST", b'[{"kind": "503"}, {"kind": "slow"}]').status == 200
    assert get(emulator).status == 503
    assert control(emulator, "DELETE").json() == []
    assert get(emulator).status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b'{"kind": "x"}', b'{"kind": "500", "share": 2}', b'{"kind": "500", "x": 1}',
     b'{"kind": "500", "requests": "many"}', b'{"kind": "slow", "seconds": -1}'],
)  # fmt: skip
def test_wrong_faults_are_refused(emulator, body):
    answer = control(emulator, "POST", body)
    assert answer.status == 400
    assert answer.json()["error"]
    assert get(emulator).status == 200


def test_control_endpoint_is_closed_unless_opened(people):
    with running_emulator(people, tps=0, allow_faults=False) as emulator:
        assert control(emulator, "POST", b'{"kind": "500"}').status == 404
        assert get(emulator).status == 200


def test_port_in_use_is_said(people, emulator):
    with pytest.raises(ListenError, match="--port"):
        Emulator(people, port=int(emulator.url.rsplit(":", 1)[1]))
