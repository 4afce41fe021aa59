import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.clock import SystemClock
from podo.node.housekeeping.log_rotation import (
    LogChanges,
    LogLimits,
    LogRotation,
    changes_before_rotation,
    remove_log,
    rotated,
)
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ContainerConfig, SandboxConfig
from podo.node.runtime.fake import FakeRuntime

OLD, NEWER, NEWEST = "0.log.20260101-000000", "0.log.20260101-000100", "0.log.20260101-000200"


@pytest.mark.parametrize(
    ("names", "changes"),
    [
        pytest.param(["0.log"], LogChanges(), id="never rotated"),
        pytest.param(["0.log", OLD], LogChanges((), (OLD,)), id="the second last is compressed"),
        pytest.param(["0.log", f"{OLD}.gz", NEWER], LogChanges((), (NEWER,)), id="an archive stays"),
        pytest.param(
            ["0.log", f"{OLD}.gz", f"{NEWER}.gz", NEWEST], LogChanges((f"{OLD}.gz",), (NEWEST,)), id="the oldest goes"
        ),
        pytest.param(["0.log", f"{OLD}.tmp", OLD], LogChanges((f"{OLD}.tmp",), (OLD,)), id="half an archive"),
        pytest.param(["0.log", f"{OLD}.gz", OLD], LogChanges((OLD,)), id="an original beside its archive"),
        pytest.param(["0.log", "10.log.20260101-000000", "1.log"], LogChanges(), id="other attempts"),
    ],
)
def test_what_becomes_of_rotated_files(names, changes):
    assert changes_before_rotation("0.log", names, 4) == changes


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans()), unique_by=lambda f: f[0]), st.integers(2, 9))
def test_never_more_than_the_maximum_stay_after_a_rotation(files, most):
    names = [f"0.log.20260101-0000{number:02}" + (".gz" if archived else "") for number, archived in files]
    changes = changes_before_rotation("0.log", names, most)
    left = set(names) - set(changes.remove)
    assert len(left) + 2 <= most  # the current one, and the one that it becomes
    assert left == set(sorted(names)[len(names) - len(left) :])
    assert all(name in left for name in changes.compress)


class RuntimeWithLogs(FakeRuntime):
    """Opens logs as conmon does."""

    broken = False

    async def reopen_container_log(self, container_id: str) -> None:
        await super().reopen_container_log(container_id)
        if self.broken:
            raise RuntimeFailure("no")
        (log,) = [c.log_path for c in (await self.observe()).containers if c.id == container_id]
        Path(log).touch()


@pytest.fixture
async def runtime(tmp_path):
    async with RuntimeWithLogs(SystemClock()) as runtime:
        sandbox = await runtime.run_pod_sandbox(
            SandboxConfig(name="p", namespace="ns", uid="u", log_directory=str(tmp_path))
        )
        config = ContainerConfig(name="c", image="i", command=("sleep", "9"), log_path="0.log")
        await runtime.start_container(await runtime.create_container(sandbox, config))
        yield runtime


@pytest.fixture
def rotation(runtime, clock):
    return LogRotation(runtime, clock, LogLimits(max_size=10, max_files=3))


async def test_only_what_is_too_large_is_rotated(rotation, clock, tmp_path):
    log = tmp_path / "0.log"
    log.write_text("0123456789")
    await rotation.rotate()
    assert log.read_text() == "0123456789"
    log.write_text("0123456789+")
    await rotation.rotate()
    assert log.read_text() == ""
    assert rotated(log, clock.now()).read_text() == "0123456789+"


async def test_a_flood_leaves_the_newest_files_only(rotation, clock, tmp_path):
    log = tmp_path / "0.log"
    for number in range(6):
        log.write_text(f"{number}" * 20)
        await rotation.rotate()
        clock.advance(1)
    old, last = sorted(tmp_path.glob("0.log.*"))
    assert gzip.decompress(old.read_bytes()) == b"4" * 20
    assert last.read_text() == "5" * 20


async def test_a_log_that_an_agent_moved_before_it_was_killed_is_opened_again(rotation, tmp_path):
    await rotation.rotate()
    assert (tmp_path / "0.log").read_text() == ""


async def test_a_log_that_cannot_be_opened_again_is_put_back(rotation, runtime, tmp_path):
    log = tmp_path / "0.log"
    log.write_text("0123456789+")
    runtime.broken = True
    await rotation.rotate()
    assert [file.name for file in tmp_path.iterdir()] == ["0.log"]


async def test_two_rotations_in_a_second_do_not_overwrite_each_other(rotation, tmp_path):
    log = tmp_path / "0.log"
    log.write_text("first " * 3)
    await rotation.rotate()
    log.write_text("second " * 3)
    await rotation.rotate()
    assert log.read_text() == "second " * 3


def test_a_log_goes_with_all_its_files(tmp_path):
    for name in ("0.log", OLD, f"{NEWER}.gz", "10.log", "1.log"):
        (tmp_path / name).touch()
    remove_log(tmp_path / "0.log")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1.log", "10.log"]
