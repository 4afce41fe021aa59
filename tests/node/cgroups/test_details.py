"""What groups tell beyond CPU and memory, from recorded files of both versions."""

from podo.node.cgroups.details import DeviceUse, Files, GroupDetails, pressure, v1_details, v1_devices, v2_details
from podo.node.cgroups.v1 import CgroupsV1
from podo.node.cgroups.v2 import CgroupsV2

V1 = {
    "cpu/cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 5000\n",
    "cpuacct/cpuacct.usage_user": "70\n",
    "cpuacct/cpuacct.usage_sys": "30\n",
    "memory/memory.stat": "cache 1\ntotal_cache 4096\ntotal_mapped_file 512\ntotal_swap 8\n",
    "memory/memory.kmem.usage_in_bytes": "9\n",
    "memory/memory.max_usage_in_bytes": "8192\n",
    "memory/memory.failcnt": "2\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "pids/pids.current": "3\n",
    "blkio/blkio.throttle.io_service_bytes": "8:0 Read 4096\n8:0 Write 512\n8:0 Total 4608\nTotal 4608\n",
    "blkio/blkio.throttle.io_serviced": "8:0 Read 2\n8:0 Write 1\nTotal 3\n",
}
V2 = {
    "cpu.stat": "usage_usec 9\nuser_usec 7\nsystem_usec 3\nnr_periods 10\nnr_throttled 4\nthrottled_usec 5\n",
    "memory.stat": "anon 1\nfile 4096\nfile_mapped 512\nkernel 9\n",
    "memory.events": "low 0\nhigh 0\nmax 2\noom 1\noom_kill 1\n",
    "memory.swap.current": "8\n",
    "memory.peak": "8192\n",
    "pids.current": "3\n",
    "io.stat": "8:0 rbytes=4096 wbytes=512 rios=2 wios=1 dbytes=0 dios=0\n",
    "cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
}
DISK = {"8:0": DeviceUse(4096, 512, 2, 1)}


def write(root, files, group=""):
    for name, text in files.items():
        file = root / name if not group else (root / name).parent / group / (root / name).name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_version_1(tmp_path):
    write(tmp_path, V1, "podo/c")
    mounts = {name: str(tmp_path / name) for name in ("cpu", "cpuacct", "memory", "pids", "blkio")}
    assert CgroupsV1(mounts).details("podo/c") == GroupDetails(
        user_ns=70, system_ns=30, periods=10, throttled_periods=4, throttled_ns=5000, cache=4096, mapped_file=512,
        kernel=9, swap=8, peak=8192, limit_hits=2, oom_kills=1, threads=3, devices=DISK,
    )  # fmt: skip


def test_version_2(tmp_path):
    write(tmp_path / "podo/c", V2)
    assert CgroupsV2(tmp_path).details("/podo/c") == GroupDetails(
        user_ns=7000, system_ns=3000, periods=10, throttled_periods=4, throttled_ns=5000, cache=4096, mapped_file=512,
        kernel=9, swap=8, peak=8192, limit_hits=2, oom_kills=1, threads=3, devices=DISK, stalls={"cpu": (12, 5)},
    )  # fmt: skip


def test_a_group_that_is_gone_tells_nothing(tmp_path):
    assert v1_details(Files({})) == v2_details(Files({None: tmp_path / "gone"})) == GroupDetails()


def test_a_device_may_have_only_been_read():
    assert v1_devices("8:0 Read 1\n", "") == {"8:0": DeviceUse(read_bytes=1)}


def test_a_kernel_that_does_not_tell_of_pressure_has_an_empty_file():
    assert pressure("") is None
    assert pressure("some avg10=0.00 total=7\n") == (7, 0)
