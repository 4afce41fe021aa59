from datetime import UTC, datetime, timedelta

from podo.node.runtime.disk_cache import DiskCache
from podo.node.stats import machine
from podo.node.stats.base import PodDisk, Use
from podo.node.stats.disk import pod_disk
from podo.node.volumes.base import Places
from podo.node.worker.facts import NodeFacts
from tests.node.build import UID, pod

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MEMINFO = "MemTotal: 1000 kB\nMemFree: 200 kB\nInactive(file): 100 kB\nAnonPages: 300 kB\nHugePages_Total: 0\n"


def test_free_memory_and_old_file_pages_are_nobodys():
    found = machine.parse_meminfo(MEMINFO)
    assert machine.working_set(found) == 700 * 1024
    stats = machine.memory_stats(found, {"pgfault": 7}, NOW)
    assert (stats.usage, stats.rss, stats.page_faults) == (800 * 1024, 300 * 1024, 7)


def test_this_machine_has_sensible_figures(tmp_path):
    memory, processes = machine.meminfo(), machine.processes()
    assert 0 < machine.working_set(memory) < memory["MemTotal"]
    assert 0 < processes.running < processes.most
    assert machine.file_system(tmp_path).device == tmp_path.stat().st_dev
    assert machine.cpu_stats(NOW).usage_ns > 0
    assert machine.boot_seconds() < datetime.now(UTC).timestamp()


def test_idle_time_is_no_work(tmp_path):
    (tmp_path / "stat").write_text("cpu  1 2 3 1000 1000 4 5 6 0 0\nbtime 99\n")
    per_tick = machine.cpu_stats(NOW, tmp_path).usage_ns // (1 + 2 + 3 + 4 + 5 + 6)
    assert per_tick in (10_000_000, 1_000_000, 4_000_000)


def test_a_pods_files_are_its_volumes_logs_and_messages(tmp_path):
    facts = NodeFacts(
        node_name="n",
        host_ips=("10.0.0.1",),
        places=Places(tmp_path / "pods", tmp_path / "volatile"),
        logs=tmp_path / "logs",
    )
    volumes = [{"name": "scratch", "emptyDir": {}}, {"name": "key", "secret": {"secretName": "s"}}]
    wanted = pod(volumes=[*volumes, {"name": "host", "hostPath": {"path": "/"}}])
    for file in (
        facts.places.volume(UID, "scratch") / "deep/down",
        facts.places.secret(UID, "key") / "key",
        facts.log_folder("default", "web", UID) / "app/0.log",
        facts.log_folder("default", "web", UID) / "app/0.log.20260101-000000.gz",
        facts.places.pod(UID) / "containers/app/0.termination",
        facts.places.pod(UID) / "pod.json",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 5000)
    found = pod_disk(wanted, (), facts, NOW)
    assert found.volumes.keys() == {"scratch", "key"}
    assert found.volumes["scratch"] == Use(found.volumes["scratch"].bytes, 3)
    assert found.volumes["scratch"].bytes >= 8192
    assert found.in_memory == {"key"}
    assert found.logs["app"] == Use(16384, 3)
    assert found.other.bytes == 16384
    assert found.total.bytes == found.volumes["scratch"].bytes + 16384 + 16384


def test_a_pod_without_files_takes_nothing(tmp_path):
    places = Places(tmp_path / "pods", tmp_path / "volatile")
    facts = NodeFacts(node_name="n", host_ips=(), places=places, logs=tmp_path / "logs")
    assert pod_disk(pod(), (), facts, NOW) == PodDisk(at=NOW)


def test_a_walk_is_remembered_for_a_while(tmp_path):
    cache = DiskCache(timedelta(seconds=30))
    before = cache.usage("c", tmp_path, NOW)
    (tmp_path / "new").write_bytes(b"x" * 9000)
    assert cache.usage("c", tmp_path, NOW + timedelta(seconds=29)) == before
    later = cache.usage("c", tmp_path, NOW + timedelta(seconds=30))
    assert later.inodes_used == before.inodes_used + 1
    assert cache.usage("c", tmp_path, NOW).at == NOW  # the clock was set back
    cache.keep(())
    assert cache.usage("c", tmp_path, NOW + timedelta(seconds=1)).at == NOW + timedelta(seconds=1)
