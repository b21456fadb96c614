"""Nothing personal in any log line, at any level, from anybody."""

import io
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import urllib3

from joinedup.pds.search import Search
from tests.pds_client.scripted_pds import (
    Script,
    bundle,
    cut,
    hang_up,
    late,
    outcome,
    patient,
    reply,
)

NUMBER = "9990000018"
SEARCH = Search(
    family="Quillfeather",
    given=("Iolanthe",),
    birth_from=date(2015, 4, 12),
    birth_to=date(2015, 4, 12),
    postcode="ZZ1 1AA",
    email="iolanthe@example.org",
    phone="+441632960001",
)
PERSONAL = (
    "quillfeather", "iolanthe", "2015-04-12", "zz1", "1632960001", "example.org",
    NUMBER, "opaque-token", "api-key-of-ours", "eyj",
)  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that anything logs, with tracebacks, as the most talkative setup would."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    quieted = [logging.getLogger(f"urllib3.{name}") for name in ("connectionpool", "connection")]
    for logger in quieted:
        logger.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    for logger in quieted:
        logger.setLevel(logging.NOTSET)


SPEAKING = outcome("INVALID_VALUE", "value", "Invalid value - 'Quillfeather' in field 'family'")
ACTS = {
    "found": reply(200, bundle(patient())),
    "nobody": reply(200, bundle()),
    "refused": reply(400, SPEAKING),
    "denied": reply(401, SPEAKING),
    "forbidden": reply(403, SPEAKING),
    "not found": reply(404, SPEAKING),
    "too often": reply(429, SPEAKING),
    "broken": reply(500, SPEAKING),
    "moved": reply(302, text="", headers={"Location": "/Patient?family=Quillfeather"}),
    "malformed": reply(200, bundle({**patient(), "id": "Quillfeather"})),
    "damaged": reply(text="Quillfeather", headers={"Content-Encoding": "gzip"}),
    "odd headers": reply(200, bundle(), headers={"X-Odd\x00": "Quillfeather"}),
    "cut": cut,
    "hung up": hang_up,
    "late": late(0.4, reply(200, bundle())),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_no_log_line_holds_anything_personal(
    pds: Script, make_client, key_file: Path, log: io.StringIO, act
) -> None:
    pds.tokens_then(reply(200, {"access_token": "opaque-token", "expires_in": "599"}))
    pds.then(act)
    client = make_client(
        api_key="api-key-of-ours", key_id="k", private_key_file=key_file, timeout=0.2
    )
    answers = [client.search(SEARCH), client.read(NUMBER), client.related_persons(NUMBER)]
    text = log.getvalue().lower()
    assert "urllib3" in text  # it was listened to
    for word in PERSONAL:
        assert word not in text
    for answer in answers:  # reasons are shown and logged by others
        told = f"{getattr(answer, 'reason', '')} {getattr(answer, 'diagnostics', '')}".lower()
        for word in PERSONAL:
            assert word not in told


def test_a_connection_that_fails_names_nobody(make_client, log: io.StringIO) -> None:
    client = make_client(base_url="http://127.0.0.1:1")
    answers = [client.search(SEARCH), client.read(NUMBER)]
    text = (log.getvalue() + repr(answers)).lower()
    for word in PERSONAL:
        assert word not in text


def test_giving_up_is_logged_with_the_id_to_quote(
    pds: Script, make_client, log: io.StringIO
) -> None:
    pds.then(reply(500, text=""))
    make_client().search(SEARCH)
    assert pds.asked[0].headers["x-request-id"] in log.getvalue()


def test_other_users_of_the_http_library_keep_their_logs(pds: Script, log: io.StringIO) -> None:
    pds.then(reply(200, {}))
    urllib3.request("GET", f"{pds.url}/somewhere/else")
    assert "/somewhere/else" in log.getvalue()
