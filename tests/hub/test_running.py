"""Starting the hub, and what it says when it cannot start."""

import base64
import hashlib
import importlib.util
import io
import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from joinedup.hub import environment

CSS = b"@font-face{src:url(x)}p{font-family:GDS Transport,arial,sans-serif}"
TOOL = Path(__file__).parents[2] / "tools" / "fetch_assets.py"


def test_a_port_in_use_is_said_plainly():
    from joinedup.cli.hub import command

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = CliRunner().invoke(command, ["--port", str(taken.getsockname()[1])])
    assert run.exit_code == 2
    assert "Choose another with --port" in run.output


def test_a_database_that_does_not_answer_ends_with_status_3(tmp_path):
    variables = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "JOINEDUP_STATE": str(tmp_path),
    }
    from joinedup.hub.serve import free_port

    run = subprocess.run(
        [sys.executable, "-m", "joinedup.cli.hub", "--port", str(free_port())],
        env=variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 3, run.stderr
    assert "DATABASE_URL" in run.stderr
    assert "Traceback" not in run.stderr


def test_half_set_access_to_the_pds_is_said_at_start(monkeypatch, db):
    from joinedup.cli.hub import command

    monkeypatch.setenv("JOINEDUP_PDS_API_KEY", "key")
    from joinedup.hub.serve import free_port

    run = CliRunner().invoke(
        command, ["--pds-url", "http://localhost:9", "--port", str(free_port())]
    )
    assert run.exit_code == 2
    assert "half set up" in run.output


@pytest.mark.parametrize("url", ["hub.example", "ftp://hub.example", "https://hub.example/path"])
def test_an_address_that_tokens_could_not_be_bound_to_is_refused(monkeypatch, url):
    monkeypatch.setenv("JOINEDUP_HUB_URL", url)
    with pytest.raises(environment.SettingError, match="JOINEDUP_HUB_URL"):
        environment.hub_url()


def test_two_processes_agree_on_one_secret(tmp_path):
    path = tmp_path / "secret"
    assert environment.made_once(path, b"first") == b"first"
    assert environment.made_once(path, b"second") == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


class TestFetchAssets:
    @pytest.fixture
    def tool(self):
        spec = importlib.util.spec_from_file_location("fetch_assets", TOOL)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @pytest.fixture
    def archive(self, tmp_path) -> Path:
        path = tmp_path / "thing-1.0.0.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name, content in {
                "package/a.css": CSS,
                "package/../../escape": b"no",
            }.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return path

    def package(self, archive: Path):
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        return {
            "name": "thing", "version": "1.0.0", "integrity": f"sha512-{digest}",
            "files": {"a.css": "a.css"},
        }  # fmt: skip

    def test_another_hash_unpacks_nothing(self, tool, archive, tmp_path, monkeypatch):
        monkeypatch.setattr(tool, "pack", lambda package, folder: archive)
        package = {**self.package(archive), "integrity": "sha512-AAAA"}
        with pytest.raises(SystemExit, match="not the pinned file"):
            tool.fetch(package, tmp_path / "vendor")
        assert not (tmp_path / "vendor").exists()

    def test_it_fetches_once_and_takes_only_what_is_named(
        self, tool, archive, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(tool, "pack", lambda package, folder: archive)
        vendor = tmp_path / "vendor"
        package = self.package(archive)
        assert tool.fetch(package, vendor)
        assert not tool.fetch(package, vendor)
        assert {p.name for p in (vendor / "thing").iterdir()} == {"a.css", "fetched.json"}
        assert not (tmp_path / "escape").exists()
        assert "GDS" not in (vendor / "thing" / "a.css").read_text()
        (vendor / "thing" / "a.css").unlink()
        assert tool.fetch(package, vendor)

    def test_the_manifest_names_no_host(self):
        assert "http" not in (TOOL.parent / "assets.json").read_text()
