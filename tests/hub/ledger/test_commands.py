"""``joinedup ledger`` and ``joinedup worker``, as a person runs them."""

import json

import pytest
from click.testing import CliRunner
from django.db import connection


@pytest.fixture
def run(hub):
    from joinedup.cli import main

    def invoke(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    return invoke


@pytest.fixture
def logged(hub):
    ids = [hub.record(action="record.find", subject="9990000018", reason="É") for _ in range(5)]
    hub.checkpoints.checkpoint()
    return ids


@pytest.fixture
def copied(run, logged, hub, tmp_path):
    """A copy of the log, the witness's file, and the key."""
    log = tmp_path / "log.jsonl"
    told = json.loads(run("ledger", "export", log, "--json").stdout)
    assert told["entries"] == 5
    assert "9990000018" not in log.read_text()
    return log, hub.own, told["key"]


def test_verify_on_the_hubs_own_machine(run, logged):
    done = run("ledger", "verify", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {
        "command": "ledger verify", "whole": True, "entries": 5, "covered": 5, "checkpoints": 1,
        "faults": [],
    }  # fmt: skip


def test_verify_needs_no_database(copied, tmp_path):
    """In a process of its own, that is given nothing but files."""
    import os
    import subprocess
    import sys

    log, kept, key = copied
    words = ["ledger", "verify", str(log), "-c", str(kept), "--key", key]
    done = subprocess.run(
        [sys.executable, "-m", "joinedup.cli", *words], capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nowhere.invalid/none",
             "JOINEDUP_STATE": str(tmp_path / "none")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Whole: 5 entries, 5 of them covered by 1 checkpoints." in done.stderr


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda lines: [*lines[:2], lines[2].replace("allowed", "refused"), *lines[3:]], "changed"),
        (lambda lines: lines[:4], "was cut: it has 4 entries, 5 were signed for"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "changed"),
    ],
)
def test_a_changed_copy_is_a_fault(run, copied, attack, said):
    log, kept, key = copied
    log.write_text("".join(attack(log.read_text().splitlines(keepends=True))))
    done = run("ledger", "verify", log, "-c", kept, "--key", key)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_forged_checkpoint_is_a_fault(run, copied):
    log, kept, key = copied
    kept.write_text(kept.read_text().replace("\n5\n", "\n4\n"))
    done = run("ledger", "verify", log, "-c", kept, "--key", key, "-q")
    assert done.exit_code == 1
    assert "did not sign this checkpoint" in done.stderr


def test_a_log_that_nobody_signed_for_proves_nothing(run, hub):
    hub.record(action="record.find")
    hub.sequencing.sequence()
    done = run("ledger", "verify")
    assert done.exit_code == 1
    assert "nothing is proved" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "{log}"),
        ("verify", "{log}", "-c", "{kept}"),
        ("verify", "{log}", "-c", "{kept}", "--key", "no+such+key"),
        ("verify", "{log}", "-c", "{kept}", "--key", "/nowhere/key"),
        ("verify", "/nowhere/log"),
        ("receipt", "{log}", "--key", "{key}"),
        ("export", "/nowhere/log"),
    ],
)
def test_wrong_usage_says_what_to_do(run, copied, words):
    log, kept, key = copied
    done = run("ledger", *(word.format(log=log, kept=kept, key=key) for word in words))
    assert done.exit_code == 2, done.output
    assert "Error" in done.stderr


def test_a_database_that_does_not_answer_is_not_a_log_that_is_whole(run, hub, monkeypatch):
    from joinedup.database import DatabaseUnavailable

    def gone():
        raise DatabaseUnavailable("it is not running")

    monkeypatch.setattr("joinedup.cli.ledger.database_url", gone)
    done = run("ledger", "verify", "--json")
    assert (done.exit_code, done.stdout) == (3, "")


def test_a_receipt_says_what_it_proves(run, hub, logged, tmp_path):
    file, key = tmp_path / "receipt.json", tmp_path / "key"
    file.write_text(hub.receipts.receipt(logged[1]).text())
    key.write_text(hub.keys.signer().verifier.text() + "\n")
    done = run("ledger", "receipt", file, "--key", key)
    assert done.exit_code == 0, done.stderr
    assert "record.find" in done.stdout
    told = json.loads(run("ledger", "receipt", file, "--key", key, "--json").stdout)
    assert told["entry"]["id"] == str(logged[1])
    file.write_text(file.read_text().replace('"place": 1', '"place": 2'))
    done = run("ledger", "receipt", file, "--key", key)
    assert done.exit_code == 1
    assert "proves nothing" in done.stderr


def test_the_worker_runs_every_job_once(run, hub):
    hub.record(action="record.find")
    done = run("worker", "--once", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {"ledger.checkpoint", "ledger.verify"} <= set(told["jobs"])
    assert hub.models.SignedCheckpoint.objects.get().size == 1
    assert "0 of 2 witnesses are set" in done.stderr


def test_a_job_that_fails_is_named_and_the_others_run(run, hub):
    hub.record(action="record.find")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_leaf ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        done = run("worker", "--once", "--json")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_leaf DROP CONSTRAINT full_up")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["failed"] == {"ledger.checkpoint": "IntegrityError"}


def test_the_worker_lists_its_jobs(run):
    told = json.loads(run("worker", "--list", "--json").stdout)
    assert all(each["does"].endswith(".") for each in told["jobs"])
    assert "ledger.checkpoint" in run("worker", "--list").stdout


@pytest.mark.slow
def test_the_worker_signs_each_minute_and_ends_when_it_is_told(hub, hub_variables):
    """A real worker in a process of its own: at its next minute the entry is signed for."""
    import os
    import signal
    import subprocess
    import sys
    import time

    hub.record(action="record.find")
    process = subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "worker", "-q"],
        env={**os.environ, **hub_variables},
    )
    try:
        end = time.monotonic() + 90
        while time.monotonic() < end and not hub.models.SignedCheckpoint.objects.exists():
            time.sleep(0.5)
        assert hub.models.SignedCheckpoint.objects.get().size == 1
        assert hub.verifying.whole().whole
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
