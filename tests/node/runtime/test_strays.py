from pathlib import Path

import pytest

from podo.node.runtime.engine import Engine
from podo.node.runtime.strays import is_stray

ENGINE = Engine("/usr/sbin/runc", Path("/run/podo/c/n/engine"))
ROOT = "--root=/run/podo/c/n/engine"


@pytest.mark.parametrize(
    ("command", "stray"),
    [
        (["conmon", "--cid", "runs", "--runtime-arg", ROOT], False),
        (["conmon", "--cid", "half", "--runtime-arg", ROOT], True),
        (["/usr/sbin/runc", ROOT, "create", "half"], True),
        (["/usr/sbin/runc", ROOT, "exec", "runs"], True),
        (["conmon", "--cid", "half", "--runtime-arg", ROOT + "2"], False),
        (["sh", "-c", f"echo {ROOT}"], False),
        ([""], False),
    ],
)
def test_only_what_a_killed_agent_left_is_a_stray(command, stray):
    assert is_stray(command, ENGINE, {"runs"}) is stray
