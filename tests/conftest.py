"""Every test run keeps its state in a folder of its own, never in the person's."""

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# A machine that others use too is slow now and then. CI asks the same questions each time: what
# it says is about the change, and what nobody thought of is found where people run the tests.
settings.register_profile(
    "shared machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("shared machine")

# Not under pytest's own folder, which the database's user may not enter.
_STATE = tempfile.mkdtemp(prefix="joinedup-test-")
os.chmod(_STATE, 0o755)
os.environ["JOINEDUP_STATE"] = _STATE


def pytest_unconfigure(config: pytest.Config) -> None:
    from joinedup.database import leave_database

    leave_database()
    shutil.rmtree(_STATE, ignore_errors=True)
