"""``joinedup pds-emulator`` as a person or a script runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3
from click.testing import CliRunner

from joinedup.cli.pds_emulator import command
from tests.pds_emulator.people import numbers, patient, write

A, B = numbers(2)


def run(people, *options, state, start=True):
    """The command in a process of its own, and the summary it prints."""
    process = subprocess.Popen(
        [
            Path(sys.executable).with_name("joinedup"),
            "pds-emulator", "--people", people, "--port", "0", "--json", *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "JOINEDUP_STATE": str(state)},
        text=True,
    )  # fmt: skip
    return process, json.loads(process.stdout.readline())


def end(process, how=signal.SIGINT):
    process.send_signal(how)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_makes_a_client_says_how_to_use_it_and_ends_on_ctrl_c(tmp_path):
    people = write(tmp_path, patient(A))
    process, summary = run(people, state=tmp_path / "state")
    try:
        variables = summary["environment"]
        assert variables["JOINEDUP_PDS_URL"] == summary["url"]
        key = Path(variables["JOINEDUP_PDS_PRIVATE_KEY_FILE"])
        assert key.is_relative_to(tmp_path / "state")
        assert "PRIVATE KEY" in key.read_text()
        assert variables["JOINEDUP_PDS_API_KEY"]
        assert variables["JOINEDUP_PDS_KEY_ID"]
        # Without a token nothing is answered.
        path = f"/personal-demographics/FHIR/R4/Patient/{A}"
        assert urllib3.request("GET", summary["url"] + path).status == 401
    finally:
        status, out, err = end(process)
    assert status == 0
    assert out == ""  # the summary alone is on stdout
    assert "export JOINEDUP_PDS_API_KEY=" in err
    assert "Traceback" not in err


def test_client_of_the_state_folder_is_used_again(tmp_path):
    people = write(tmp_path, patient(A))
    keys = []
    for _ in range(2):
        process, summary = run(people, state=tmp_path / "state")
        keys.append(Path(summary["environment"]["JOINEDUP_PDS_PRIVATE_KEY_FILE"]).read_bytes())
        end(process, signal.SIGTERM)
    assert keys[0] == keys[1]


def test_without_authorisation_and_quiet(tmp_path):
    people = write(tmp_path, patient(A), patient(B))
    process, summary = run(people, "--no-auth", "-q", "--tps", "0", state=tmp_path / "state")
    try:
        assert summary["people"] == 2
        assert summary["environment"] == {"JOINEDUP_PDS_URL": summary["url"]}
        answer = urllib3.request(
            "GET",
            f"{summary['url']}/personal-demographics/FHIR/R4/Patient/{A}",
            headers={"X-Request-ID": "60e0b220-8136-4ca5-ae46-1d97ef59d068"},
        )
        assert answer.json()["id"] == A
    finally:
        status, _, err = end(process)
    assert (status, err) == (0, "")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fault", "earthquake"], "kind must be one of"),
        (["--fault", "500:often"], "not name=value"),
        (["--client", "x"], "API-KEY:KEY-ID:public-key.pem"),
        (["--tps", "-1"], "--tps"),
        (["--people", "/no/such/file"], "does not exist"),
        (["--host", "192.0.2.1"], "--port"),
    ],
)
def test_wrong_usage_says_what_to_do(tmp_path, options, said):
    people = write(tmp_path, patient(A))
    result = CliRunner().invoke(command, ["--people", str(people), "--no-auth", *options])
    assert result.exit_code == 2
    assert said in result.output


def test_people_file_that_cannot_be_used_is_said(tmp_path):
    people = tmp_path / "people.ndjson"
    people.write_text("Name,DOB\nSmith,2012\n")
    result = CliRunner().invoke(command, ["--people", str(people), "--no-auth"])
    assert result.exit_code == 2
    assert "line 1: not JSON" in result.output
    assert "Smith" not in result.output


def test_made_client_needs_a_new_file(tmp_path):
    people = write(tmp_path, patient(A))
    taken = tmp_path / "key.pem"
    taken.write_text("mine")
    result = CliRunner().invoke(command, ["--people", str(people), "--make-client", str(taken)])
    assert result.exit_code == 2
    assert "exists" in result.output
    assert taken.read_text() == "mine"
