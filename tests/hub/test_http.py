"""Every address, whoever calls it: security headers, problem details, nothing kept by browsers."""

import json
import logging
import re
import uuid
from pathlib import Path

import pytest

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"


def every_path() -> list[str]:
    """Each address of the URL resolver, with ids filled in."""
    from django.urls import URLPattern, URLResolver, get_resolver

    def walk(patterns, prefix=""):
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            elif isinstance(pattern, URLPattern):
                yield "/" + re.sub(r"<uuid:\w+>", str(uuid.uuid4()), here)

    return list(walk(get_resolver().url_patterns))


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_every_address_has_every_security_header(browser_client, method):
    paths = [*every_path(), "/no-such-page", "/api/no-such-call", "/static/no-such-file"]
    assert len(paths) > 15
    for path in paths:
        answer = getattr(browser_client, method)(path)
        headers = answer.headers
        where = f"{method} {path} {answer.status_code}"
        assert answer.status_code < 500 or path.startswith("/sign-in"), where
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, where
        assert "unsafe" not in policy, where
        assert "frame-ancestors 'none'" in policy, where
        assert headers["X-Frame-Options"] == "DENY", where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] == "same-origin", where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert headers["Permissions-Policy"], where
        assert "max-age=63072000" in headers["Strict-Transport-Security"], where
        uuid.UUID(headers["X-Correlation-ID"])
        if not path.startswith("/static/"):
            assert headers["Cache-Control"] == "no-store", where


def test_errors_under_the_api_are_problem_details(browser_client):
    for method, path, status in [
        ("get", "/api/no-such-call", 404),
        ("get", "/api/", 404),
        ("get", "/api/v1/get-an-identifier", 405),
        ("put", "/api/v1/auth/token", 405),
        ("post", "/api/v1/get-an-identifier", 401),
    ]:
        answer = getattr(browser_client, method)(path)
        assert answer.status_code == status, path
        assert answer["Content-Type"] == "application/problem+json", path
        assert answer.json()["status"] == status
        if status == 405:
            assert "POST" in answer["Allow"]
        if status == 401:
            assert answer["WWW-Authenticate"] == 'Bearer realm="joinedup"'


def test_a_wrong_media_type_is_415(browser_client, machine):
    token = machine.token(browser_client)
    answer = browser_client.post(
        "/api/v1/get-an-identifier",
        "given=Rowan",
        content_type="application/x-www-form-urlencoded",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


def test_a_failure_inside_the_api_is_a_problem_without_its_cause(
    browser_client, machine, monkeypatch
):
    from joinedup.hub.identifiers import source
    from tests.hub.sources import CHILD

    class Broken:
        def search(self, search):
            raise RuntimeError(f"secret {search}")

    monkeypatch.setattr(source, "current", Broken)
    browser_client.raise_request_exception = False
    answer = browser_client.post(
        "/api/v1/get-an-identifier",
        json.dumps({"personSpecification": CHILD}),
        content_type="application/json",
        headers={"authorization": f"Bearer {machine.token(browser_client)}"},
    )
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.content.decode()
    assert answer.json()["correlationId"] == answer["X-Correlation-ID"]


def test_another_host_name_is_refused(browser_client):
    answer = browser_client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400


def test_what_a_caller_puts_in_an_address_is_not_logged(browser_client, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    browser_client.get("/api/v1/person/9990548609?family=Testerton")
    browser_client.get("/find/Testerton")
    written = capfd.readouterr()
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("joinedup")
    )
    assert "GET" in logged
    for text in (logged, written.err, written.out):
        assert "Testerton" not in text
        assert "9990548609" not in text


def test_the_openapi_description_is_the_one_checked_in(browser_client):
    """A change in the contract shows up as a change in docs/openapi.json."""
    described = browser_client.get("/api/openapi.json").json()
    assert described == json.loads(SNAPSHOT.read_text()), (
        "The API has changed. If that is meant, write the new description: "
        "python -m tests.hub.write_openapi"
    )


def test_the_openapi_description_says_how_errors_look(browser_client):
    described = browser_client.get("/api/openapi.json").json()
    answers = described["paths"]["/api/v1/get-an-identifier"]["post"]["responses"]
    for status in ("400", "401", "403", "409", "413", "415", "422", "429", "503"):
        assert list(answers[status]["content"]) == ["application/problem+json"]


def test_it_is_healthy(browser_client):
    assert browser_client.get("/healthz").content == b"ok\n"


def test_the_style_sheet_has_no_gov_uk_only_parts(django_ready):
    """The typeface and the crest may be used on gov.uk alone."""
    from django.conf import settings

    vendor = Path(settings.STATICFILES_DIRS[0]) / "vendor/govuk-frontend"
    css = (vendor / "govuk-frontend.min.css").read_text()
    assert "GDS Transport" not in css
    assert "crest" not in css
    assert "url(" not in css


def test_the_cookies_go_over_https_alone_and_scripts_cannot_read_them(django_ready):
    from django.conf import settings

    for name in ("SESSION", "CSRF"):
        assert getattr(settings, f"{name}_COOKIE_SECURE")
        assert getattr(settings, f"{name}_COOKIE_HTTPONLY")
        assert getattr(settings, f"{name}_COOKIE_SAMESITE") == "Lax"
        assert getattr(settings, f"{name}_COOKIE_NAME").startswith("__Host-")


def test_the_hubs_secrets_are_its_own_users_alone(db):
    from joinedup.hub.environment import state_folder

    for name in ("secret-key", "token-key.pem"):
        assert (state_folder() / name).stat().st_mode & 0o077 == 0


def test_a_log_line_withholds_an_exceptions_text(capsys):
    from joinedup.hub.tracing import PrivateFormatter

    try:
        raise ValueError("Rowan Testerton")
    except ValueError as error:
        record = logging.LogRecord(
            "joinedup", 40, "x", 1, "failed", (), (type(error), error, error.__traceback__)
        )
    text = PrivateFormatter().format(record)
    assert "ValueError" in text
    assert "test_a_log_line_withholds" in text
    assert "Rowan" not in text
