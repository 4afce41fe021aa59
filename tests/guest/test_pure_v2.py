"""What users mostly have: cgroup v2 alone, as systemd lays it out, and crun. Containers, limits, figures, all for real.

The runtime's own tests run once more, in a guest of which only the kernel is another.
"""

import re

import pytest

from tests.guest.machine import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OURS = ("tests/contract/test_runtime.py", "tests/node/cgroups")
OF_CRUN = (
    "terminal or attach or memory or readonly or capabilities or sysctls or share or processes or restarts or kill"
)


async def test_the_contract_of_runtimes_holds_with_crun_on_pure_v2(tmp_path):
    options = ("-q", "--color=no", "-m", "e2e or not e2e", "-k", "not containerd and not fake")
    ended = await run(tmp_path, "python", "-m", "pytest", *options, *OURS, seconds=170)
    assert ended.status == 0, ended.output[-8000:]
    passed = re.search(r"(\d+) passed", ended.output)
    assert passed
    assert int(passed[1]) >= 29


async def test_what_only_crun_does_otherwise_works_too(tmp_path):
    options = ("-q", "--color=no", "-m", "e2e", "-k", OF_CRUN)
    ended = await run(tmp_path, "python", "-m", "pytest", *options, "tests/node/runtime/test_crun.py", seconds=170)
    assert ended.status == 0, ended.output[-8000:]
    assert re.search(r"\d\d passed", ended.output)


async def test_such_a_machine_is_recognised(tmp_path):
    ended = await run(tmp_path, "python", "-m", "podo.main", "doctor", seconds=60)
    assert re.search(r"cgroups +ok +v2", ended.output), ended.output
    assert re.search(r"runtime +ok +crun", ended.output), ended.output
