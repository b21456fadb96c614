"""Every test run keeps its state in a folder of its own, never in the person's."""

import os
import shutil
import tempfile

import pytest

# Not under pytest's own folder, which the database's user may not enter.
_STATE = tempfile.mkdtemp(prefix="joinedup-test-")
os.chmod(_STATE, 0o755)
os.environ["JOINEDUP_STATE"] = _STATE


def pytest_unconfigure(config: pytest.Config) -> None:
    from joinedup.database import leave_database

    leave_database()
    shutil.rmtree(_STATE, ignore_errors=True)
