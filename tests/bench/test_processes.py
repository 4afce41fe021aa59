import os
import subprocess
import sys
from pathlib import Path

from bench import processes

STAT = "{pid} (a ) b) S {parent} 1 1 0 -1 4194560 0 0 0 0 {user} {system} 0 0 20 0 1 0 100 0 0"


def fake(proc: Path, pid: int, command: bytes, *, parent: int = 1, pss: int = 0, ticks: tuple[int, int] = (0, 0)):
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "cmdline").write_bytes(command + b"\0")
    (folder / "stat").write_text(STAT.format(pid=pid, parent=parent, user=ticks[0], system=ticks[1]))
    (folder / "smaps_rollup").write_text(f"00-ff ---p [rollup]\nRss: 900 kB\nPss: {pss} kB\nPss_Dirty: 5 kB\n")


def test_processes_are_found_by_their_command_line_but_never_ourselves(tmp_path):
    fake(tmp_path, os.getpid(), b"python\0-m\0bench\0--process\0podo", parent=70)
    fake(tmp_path, 70, b"sh\0-c\0bench podo", parent=1)
    fake(tmp_path, 80, b"podo\0server")
    fake(tmp_path, 9, b"podo\0agent")
    fake(tmp_path, 90, b"other")
    fake(tmp_path, 2, b"")  # a kernel thread
    (tmp_path / "meminfo").touch()
    assert processes.matching("^podo (server|agent)|podo$", tmp_path) == [9, 80]


def test_memory_is_the_sum_of_what_is_in_proportion_theirs(tmp_path):
    fake(tmp_path, 8, b"a", pss=100)
    fake(tmp_path, 9, b"b", pss=28)
    assert processes.pss([8, 9, 10], tmp_path) == 128 * 1024


def test_cpu_time_is_user_and_system_also_of_a_process_with_an_odd_name(tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    fake(tmp_path, 8, b"a", ticks=(ticks, 2 * ticks))
    assert processes.cpu_seconds([8, 10], tmp_path) == {8: 3.0}


def test_a_meter_reads_what_those_have_used_who_were_there_when_it_was_made(tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    fake(tmp_path, os.getpid(), b"bench")
    fake(tmp_path, 1_000_001, b"podo\0server", ticks=(ticks, 0))
    meter = processes.meter("^podo", tmp_path)
    fake(tmp_path, 1_000_002, b"podo\0agent", ticks=(5 * ticks, 0))
    (tmp_path / "1000001" / "stat").write_text(STAT.format(pid=1_000_001, parent=1, user=ticks, system=2 * ticks))
    assert meter() == 3.0
    assert processes.meter("", tmp_path)() == 0.0


def test_a_real_process_is_found_and_has_memory():
    with subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()", "bench-marker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        child.stdout.readline()
        assert processes.matching("bench-marker$") == [child.pid]
        assert processes.pss([child.pid]) > 1_000_000
        child.communicate(b"\n")
