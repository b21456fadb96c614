"""Secrets come from the environment or a file, and none is in the repository."""

import pytest

from joinedup.hub import environment
from joinedup.hub.environment import SettingError


def test_a_secret_comes_from_the_environment_or_from_a_file_and_not_from_both(
    monkeypatch, tmp_path
):
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert environment.secret("A_SECRET") == ""
    monkeypatch.setenv("JOINEDUP_A_SECRET", "from the environment")
    assert environment.secret("A_SECRET") == "from the environment"
    monkeypatch.setenv("JOINEDUP_A_SECRET_FILE", str(file))
    with pytest.raises(SettingError, match="not both"):
        environment.secret("A_SECRET")
    monkeypatch.delenv("JOINEDUP_A_SECRET")
    assert environment.secret("A_SECRET") == "from the file"
    monkeypatch.setenv("JOINEDUP_A_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingError, match="A_SECRET_FILE"):
        environment.secret("A_SECRET")


def test_a_secret_that_is_made_is_readable_by_its_owner_alone_and_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("JOINEDUP_STATE", str(tmp_path))
    made = environment.key("A_KEY", "a-key", 32)
    assert len(made) == 32
    assert environment.key("A_KEY", "a-key", 32) == made
    assert (tmp_path / "hub" / "a-key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "hub").stat().st_mode & 0o077 == 0


@pytest.fixture
def searching():
    import importlib.util
    import sys
    from pathlib import Path

    place = Path(__file__).parents[3] / "tools" / "find_secrets.py"
    spec = importlib.util.spec_from_file_location("find_secrets", place)
    made = importlib.util.module_from_spec(spec)
    sys.modules["find_secrets"] = made  # its dataclass looks itself up
    spec.loader.exec_module(made)
    return made


def test_no_secret_is_in_the_repository(searching, capsys):
    assert searching.main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "parts",
    [
        ("-----BEGIN PRIVATE", " KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
        ("-----BEGIN EC PRIVATE", " KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
        ('{"kty": "EC", "d', '": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}'),
        ("eyJhbGciOiJFUzI1NiJ9.eyJ", "pc3MiOiJhIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"),
        ("postgresql://hub:", "correct-horse@db.example/joinedup"),
        ("AKIA", "IOSFODNN7EXAMPLE"),
        ("ghp_", "a" * 36),
        ("CLIENT_SECRET = '", "d41d8cd98f00b204e9800998ecf8427e'"),
    ],
)
def test_what_looks_like_a_secret_is_found_and_not_printed(searching, parts):
    secret = "".join(parts)  # in parts, so that this file has none
    found = list(searching.search(f"one line\n{secret}\n", "a.py"))
    assert found
    assert (found[0].path, found[0].line) == ("a.py", 2)
    assert parts[1][-12:] not in str(found)


def test_a_name_without_its_secret_is_none(searching):
    for text in (
        "password = getpass()", 'secret = environment.secret("SECRET_KEY")', "Bearer <token>",
        "postgresql://hub@db.example/joinedup", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B",
        "http://user:{password}@host/",
    ):  # fmt: skip
        assert not list(searching.search(text))
