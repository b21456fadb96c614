"""What OWASP ASVS asks of the whole hub, whatever the view: docs/security/asvs.csv names each."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.hub.test_http import every_path

ROOT = Path(__file__).parents[3]
SRC = ROOT / "src" / "joinedup"
HUB = SRC / "hub"
PAGES = HUB / "pages" / "templates"
SCRIPTS = sorted((HUB / "static" / "joinedup").glob("*.js"))


def sources(folder: Path = SRC) -> Iterator[tuple[Path, ast.Module]]:
    for path in folder.rglob("*.py"):
        yield path, ast.parse(path.read_text("utf-8"))


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


# --- the code ------------------------------------------------------------------------------------


def test_the_linter_forbids_building_sql_shells_and_code():
    """ruff's S rules are bandit's: exec, eval, pickle, shells, SQL by joining, weak hashes."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in settings["select"]
    assert [rule for rule in settings["ignore"] if rule.startswith("S")] == ["S101"]
    assert not [path for path in settings["per-file-ignores"] if path.startswith("src")]
    excused: dict[str, set[str]] = {}
    for path in SRC.rglob("*.py"):
        for rules in re.findall(r"noqa: ([S\d, ]*S\d{3}[S\d, ]*)", path.read_text("utf-8")):
            for rule in re.findall(r"S\d{3}", rules):
                excused.setdefault(rule, set()).add(str(path.relative_to(SRC)))
    # Code is made of text in one place, of conditions that are ours (linkage/conditions.py).
    assert excused.get("S102", set()) == {"linkage/conditions.py"}
    assert not {"S301", "S307", "S324", "S501", "S506", "S602", "S605"} & excused.keys()
    # Chance that is not for secrets: invented children, and pauses between attempts.
    assert {each.split("/")[0] for each in excused.get("S311", set())} <= {
        "simulate", "pds", "linkage", "hub", "custodian", "identities", "cli",
    }  # fmt: skip


def test_no_unmanaged_code_of_our_own():
    assert not [*SRC.rglob("*.c"), *SRC.rglob("*.pyx"), *SRC.rglob("*.so")]
    assert not [path for path, tree in sources() if {"ctypes", "cffi"} & imported(tree)]


def test_no_regular_expression_is_made_of_what_comes_in():
    """A pattern is a text of ours, or a constant made of such."""
    loose = []
    for path, tree in sources(HUB):
        for node in ast.walk(tree):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if not called or getattr(node.func.value, "id", "") != "re" or not node.args:
                continue
            if node.func.attr == "escape":
                continue
            names = {each.id for each in ast.walk(node.args[0]) if isinstance(each, ast.Name)}
            calls = [each for each in ast.walk(node.args[0]) if isinstance(each, ast.Call)]
            if calls or any(name != name.upper() for name in names):
                loose.append(f"{path.name}:{node.lineno}")
    assert not loose


def test_xml_is_read_without_entities_and_not_searched_by_input(browser_client, machine):
    """The hub reads no XML; files of agencies are read without entities (tests/standards)."""
    readers = {"xml.etree.ElementTree.fromstring", "xml.etree.ElementTree.XMLParser",
               "xml.dom.minidom", "xml.sax", "lxml", "lxml.etree"}  # fmt: skip
    assert not [path for path, tree in sources(HUB) if readers & imported(tree)]
    answer = browser_client.post(
        "/fhir/R4/Patient/$match",
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        content_type="application/fhir+xml",
        headers={"authorization": f"Bearer {machine.token(browser_client)}"},
    )
    assert answer.status_code in (400, 403, 415)
    assert b"root:" not in answer.content


def test_files_come_in_one_place_and_lie_in_none(django_ready):
    """What people send is held in memory and closed to its reader; no path is made of a name."""
    from django.conf import settings

    takers = set()
    for path, tree in sources(HUB):
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if named & {"FILES", "FileField", "ImageField"}:
            takers.add(path.relative_to(HUB).parts[0])
        assert not named & {"FileSystemStorage", "default_storage", "temporary_file_path"}, path
    assert takers <= {"sharing"}
    assert settings.FILE_UPLOAD_HANDLERS == [
        "django.core.files.uploadhandler.MemoryFileUploadHandler"
    ]


def test_mail_headers_are_fixed_texts():
    """Mail is sent from one place; its subject is a constant, its address was checked as one."""
    senders = {
        path.relative_to(HUB): tree
        for path, tree in sources(HUB)
        if any(name.startswith(("django.core.mail", "smtplib")) for name in imported(tree))
    }
    assert {str(path) for path in senders} <= {"notifications/mailing.py"}
    for tree in senders.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "send_mail":
                assert isinstance(node.args[0], ast.Name)
                assert node.args[0].id.isupper()


def test_cryptography_is_that_of_one_library():
    """pyca/cryptography, and what is built on it; AES only with authentication."""
    for path, tree in sources():
        names = imported(tree)
        assert not {name for name in names if name.split(".")[0] in {"Crypto", "Cryptodome", "nacl",
                    "jose", "rsa", "ecdsa", "pyaes"}}, path  # fmt: skip
        assert not {name for name in names if ".ciphers.modes" in name or ".Cipher" in name}, path
        assert "cryptography.fernet" not in names, path


def test_the_demo_is_not_part_of_a_served_hub(django_ready):
    from django.conf import settings

    assert not [each for each in settings.INSTALLED_APPS if "demo" in each]
    users = [
        str(path.relative_to(SRC))
        for path, tree in sources()
        if any(name.startswith("joinedup.hub.demo") for name in imported(tree))
        and "demo" not in str(path.relative_to(SRC))
    ]
    assert users == []


def test_types_are_checked_strictly():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"] is True
    assert "joinedup" in settings["packages"]


def test_every_dependency_is_pinned_with_its_hash():
    text = (ROOT / "requirements" / "dev.txt").read_text()
    packages = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(packages) > 50
    assert not [line for line in packages if "==" not in line]
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        if "==" in block:
            assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in text  # no host's name: the packages come from wherever one is told to look


# --- pages and answers ---------------------------------------------------------------------------


def test_every_template_escapes_by_itself(django_ready):
    from django.template import engines

    made = engines["jinja2"].env
    assert made.from_string("{{ given }}").render(given="<b>") == "&lt;b&gt;"
    for page in PAGES.rglob("*.html"):
        text = page.read_text("utf-8")
        assert "autoescape" not in text, page
        # The one text that is marked as safe is a space that does not break.
        assert set(re.findall(r"([^|(\s]+)\s*\|\s*safe\b", text)) <= {'"&nbsp;"'}, page


def test_no_script_stands_inside_a_page():
    for page in PAGES.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), page
        assert not re.search(r"""\son[a-z]+\s*=\s*["']""", text), page
        assert not re.search(r"""\sstyle\s*=\s*["']""", text), page
        assert "javascript:" not in text, page


WORDS_THAT_KEEP_OR_BUILD = (
    "localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches.", "innerHTML",
    "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "postMessage",
    "__proto__", "prototype[", "plugins",
)  # fmt: skip


def test_the_scripts_of_the_pages_keep_and_build_nothing():
    assert SCRIPTS
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        for word in WORDS_THAT_KEEP_OR_BUILD:
            assert word not in text, f"{script.name}: {word}"


def test_the_cookies_are_for_this_host_and_site(browser_client, organisation):
    from django.conf import settings

    assert settings.SESSION_COOKIE_NAME.startswith("__Host-")
    assert settings.CSRF_COOKIE_NAME.startswith("__Host-")
    session = browser_client.session
    session["x"] = 1
    session.save()
    answer = browser_client.get("/")
    for name, cookie in answer.cookies.items():
        assert name.startswith("__Host-"), name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert (cookie["secure"], cookie["httponly"]) == (True, True), name
        assert (cookie["path"], cookie["domain"]) == ("/", ""), name
    assert answer.cookies


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_no_other_origin_is_let_in(browser_client, method):
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for path in every_path():
        answer = getattr(browser_client, method)(path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("Access-Control-")], path


def test_nobody_is_redirected_to_where_a_caller_says(browser_client):
    evil = "https://evil.example/"
    for path in every_path():
        for name in ("next", "url", "back", "return_to", "redirect_uri"):
            answer = browser_client.get(path, {name: evil})
            assert "evil.example" not in answer.headers.get("Location", ""), path


def test_every_answer_says_what_it_is(browser_client):
    for path in every_path():
        answer = browser_client.get(path)
        if getattr(answer, "content", b""):
            kind = answer.headers["Content-Type"]
            assert kind.split(";")[0] in (
                "text/html", "text/plain", "application/json", "application/problem+json",
                "application/fhir+json",
            ), path  # fmt: skip
            if kind.startswith("text/"):
                assert "charset=utf-8" in kind, path


def test_the_api_does_not_redirect_from_http(db):
    from django.test import Client

    plain = Client(headers={"host": "hub.example.test", "x-forwarded-proto": "http"})
    for path in every_path():
        if path.startswith(("/api/", "/fhir/")):
            assert plain.get(path).status_code not in (301, 302, 307, 308), path


def test_trace_is_refused(browser_client):
    for path in every_path():
        if not path.startswith("/sign-in"):
            assert browser_client.trace(path).status_code in (401, 403, 404, 405), path


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.git/HEAD", "/static/", "/static/joinedup/", "/settings.py",
     "/static/../settings.py", "/static/%2e%2e/settings.py", "/hub/secret-key", "/.env"],
)  # fmt: skip
def test_neither_source_nor_listings_nor_versions_are_served(browser_client, path):
    answer = browser_client.get(path)
    assert answer.status_code == 404
    for name in ("Server", "X-Powered-By", "X-AspNet-Version"):
        assert name not in answer.headers
    assert b"Django" not in answer.content


def test_there_is_no_debug_mode(monkeypatch, django_ready):
    from django.conf import settings

    assert settings.DEBUG is False
    text = (HUB / "settings.py").read_text()
    assert re.search(r"^DEBUG = False$", text, re.MULTILINE)
    assert len(re.findall(r"\bDEBUG\b", text)) == 1  # and nothing else sets it


def test_a_get_changes_nothing(browser_client, organisation):
    """Only what is written down about reading: the ledger, limits, sessions, who saw a case."""
    from tests.hub.reviewing import sign_in

    sign_in(browser_client, organisation)
    before = _state()
    for path in every_path():
        if not path.startswith(("/sign-in", "/timed-out")):
            browser_client.get(path)
    assert _state() == before


def _state() -> dict[str, str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' "
            "AND relname !~ '^(ledger_|limits_|django_|pages_signedin|reconciliation_caseentry)'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        state = {}
        for table in tables:
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t"
            )
            state[table] = cursor.fetchone()[0]
    return state


# --- sessions and sign-in ------------------------------------------------------------------------


def test_a_session_is_known_by_a_random_key(db):
    from django.contrib.sessions.backends.base import VALID_KEY_CHARS

    from joinedup.hub.sealing.sessions import SessionStore

    keys = set()
    for _ in range(200):
        session = SessionStore()
        session.create()
        keys.add(session.session_key)
    assert len(keys) == 200
    assert {len(key) for key in keys} == {32}
    assert len(VALID_KEY_CHARS) ** 32 > 2**160
    assert len(set("".join(keys))) == len(VALID_KEY_CHARS)


def test_signing_in_ends_the_session_before_it(browser_client, organisation):
    from django.test import RequestFactory

    from joinedup.hub.pages.actor import signed_in_as
    from joinedup.hub.sealing.sessions import SessionStore
    from tests.hub.reviewing import sign_in

    membership = sign_in(browser_client, organisation)
    request = RequestFactory().get("/")
    request.session = SessionStore(browser_client.session.session_key)
    old = request.session.session_key
    request.session["question"] = "of before"
    request.session.save()
    signed_in_as(request, membership)
    request.session.save()
    assert request.session.session_key != old
    assert "question" not in request.session
    assert not SessionStore().exists(old)


def test_every_signed_in_page_lets_one_sign_out(browser_client, organisation):
    from tests.hub.reviewing import sign_in

    sign_in(browser_client, organisation)
    pages = 0
    for path in every_path():
        if path.startswith(("/api/", "/fhir/", "/sign", "/timed-out", "/healthz", "/stay")):
            continue
        answer = browser_client.get(path)
        if answer.status_code == 200 and "text/html" in answer.headers["Content-Type"]:
            pages += 1
            assert b"/sign-out" in answer.content, path
    assert pages >= 3


def test_nothing_stays_in_the_browser_after_signing_out(browser_client, organisation):
    from tests.hub.reviewing import sign_in

    sign_in(browser_client, organisation)
    old = browser_client.session.session_key
    browser_client.post("/sign-out")
    answer = browser_client.get("/signed-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.headers["Cache-Control"] == "no-store"
    from joinedup.hub.sealing.sessions import SessionStore

    assert not SessionStore().exists(old)


def test_the_providers_tokens_do_not_reach_the_browser(browser_client, organisation):
    from joinedup.hub.pages.sign_in import ID_TOKEN
    from tests.hub.reviewing import sign_in

    sign_in(browser_client, organisation)
    session = browser_client.session
    session[ID_TOKEN] = "the-providers-token"
    session.save()
    for path in ("/", "/find/reason", "/review"):
        answer = browser_client.get(path)
        assert b"the-providers-token" not in answer.content
        assert "the-providers-token" not in str(answer.cookies)


@pytest.mark.parametrize(
    ("issuer", "status"), [("https://sign-in.example", 302), ("https://evil.example", 403)]
)
def test_the_provider_is_the_one_that_is_set(
    browser_client, organisation, monkeypatch, settings_of_sign_in, issuer, status
):
    """A provider whose metadata name another issuer signs nobody in, whatever it signed."""
    from joinedup.hub.pages import sign_in

    class Provider:
        def authorize_access_token(self, request):
            claims = {"iss": issuer, "sub": "1", "name": "Pat", "role": "social-worker",
                      "organisation": organisation.ods_code}  # fmt: skip
            return {"userinfo": claims, "id_token": "x"}

    monkeypatch.setattr(sign_in, "provider", Provider)
    assert browser_client.get("/sign-in/done").status_code == status


@pytest.fixture
def settings_of_sign_in(django_ready, monkeypatch):
    from dataclasses import replace

    from django.conf import settings

    chosen = replace(settings.SIGN_IN, issuer="https://sign-in.example", client_id="hub")
    monkeypatch.setattr(settings, "SIGN_IN", chosen)


# --- bodies --------------------------------------------------------------------------------------


def test_a_field_that_is_not_asked_for_sets_nothing(ask, answers_with, organisation):
    """Mass assignment (adversarial test A15)."""
    from joinedup.hub.identifiers.models import IdentifierRequest
    from tests.hub.sources import CHILD, NOBODY

    answers_with(NOBODY)
    ask(
        {
            "personSpecification": {**CHILD, "shield": False, "level": 0},
            "metadata": [{"recordType": "a", "systemId": "b", "recordId": "c"}],
            "organisation": "ELSEWHERE", "organisation_id": 999, "nhs_number": "9990000018",
            "status": "Match", "person": 1, "shield": False,
        }
    )  # fmt: skip
    for request in IdentifierRequest.objects.all():
        assert request.organisation == organisation
        assert (request.nhs_number, request.person) == ("", None)


# --- dependencies --------------------------------------------------------------------------------


@pytest.fixture
def audit(monkeypatch):
    import importlib.util

    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"results": [{}, {}]}, 0, "2 packages audited, 0 with"),
        ({"results": [{}, {"vulns": [{"id": "PYSEC-1"}]}]}, 1, "1 with known"),
        ({"results": [{}]}, 0, "NOT AUDITED"),
        ("nonsense", 0, "NOT AUDITED"),
    ],
)
def test_vulnerable_packages_fail_the_check_and_silence_is_said(
    audit, tmp_path, capsys, monkeypatch, answer, status, said
):
    asked = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "pinned.txt"
    file.write_text("one==1.0 \\\n    --hash=sha256:00\ntwo[x]==2.0 ; python_version > '3'\n")
    here = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(audit.ask, "__defaults__", (here,))
    try:
        assert audit.main([str(file)]) == status
    finally:
        server.shutdown()
    assert said in capsys.readouterr().err
    assert [each["package"]["name"] for each in asked[0]["queries"]] == ["one", "two"]


def test_without_a_service_it_is_said_that_nothing_was_audited(audit, capsys, monkeypatch):
    monkeypatch.setattr(audit.ask, "__defaults__", ("http://127.0.0.1:9/",))
    assert audit.main([str(ROOT / "requirements" / "dev.txt")]) == 0
    assert "NOT AUDITED" in capsys.readouterr().err
