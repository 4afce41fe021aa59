"""`make demo`, as a user sees it: every promise on a cluster of its own."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.e2e


def test_every_promise_of_the_demonstration_is_kept():
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--name", "demo-test", "--down"], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "all promises kept" in done.stdout
