"""What the node tells of itself, from made-up figures."""

from datetime import UTC, datetime

import pytest

from podo.node.api.access import subresources_of, verb_of
from podo.node.api.exposition import Family, Sample, exposed, probe_metrics, resource_metrics
from podo.node.api.exposition_volumes import volume_metrics
from podo.node.api.summary import summary, window
from podo.node.probes.tally import ProbeCount
from podo.node.runtime.observed import ContainerStats, CPUStats, MemoryStats, NetworkStats, SandboxStats
from podo.node.stats.base import FileSystem, NodeUse, PodDisk, PodUse, Processes, Use
from podo.node.stats.moments import Moment
from podo.node.stats.rates import NODE, Rate
from podo.storage.drivers import Amounts, VolumeFigures
from tests.node.build import UID, pod

AT = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = int(AT.timestamp() * 1000)
VOLUMES = [
    {"name": "db", "persistentVolumeClaim": {"claimName": "disk"}},
    {"name": "own", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
    {"name": "inline", "csi": {"driver": "t.example.com"}},
]
FIGURES = VolumeFigures(bytes=Amounts(100, 30, 60), inodes=Amounts(10, 3, 7), abnormal="")
SICK = VolumeFigures(bytes=Amounts(5), abnormal="it is broken")


def moment(**disk):
    cpu = CPUStats(at=AT, usage_ns=1_500_000_000)
    memory = MemoryStats(at=AT, usage=300, working_set=200, rss=100, limit=1000)
    fs = FileSystem(capacity=100, available=40, inodes=10, inodes_free=4)
    node = NodeUse(
        at=AT, started=AT, cpu=cpu, memory=memory, memory_available=700, memory_capacity=1000,
        node_fs=fs, image_fs=fs, image_use=Use(7, 1), processes=Processes(100, 20),
    )  # fmt: skip
    container = ContainerStats(container_id="x", name="app", attempt=2, started_at=AT, cpu=cpu, memory=memory)
    network = NetworkStats(at=AT, interface="eth0", rx_bytes=10, rx_errors=0, tx_bytes=20, tx_errors=1)
    sandbox = SandboxStats(
        sandbox_id="s", pod_uid=UID, cpu=cpu, memory=memory, network=network, process_count=3, containers=(container,)
    )
    use = PodUse(uid=UID, sandbox=sandbox, disk=PodDisk(at=AT, **disk))
    rates = {NODE: Rate(250_000_000, 15.0), UID: Rate(20, 15.0), f"{UID}/app/2": Rate(10, 15.0)}
    return Moment(node, [(pod(volumes=VOLUMES), use)], rates)


def test_the_summary_of_a_node():
    found = summary(moment(), "n1")["node"]
    assert found["nodeName"] == "n1"
    assert found["cpu"] == {
        "time": "2026-01-01T00:00:00Z", "usageNanoCores": 250_000_000, "usageCoreNanoSeconds": 1_500_000_000
    }  # fmt: skip
    assert (found["memory"]["workingSetBytes"], found["memory"]["availableBytes"]) == (200, 700)
    assert (found["fs"]["usedBytes"], found["fs"]["inodesUsed"]) == (60, 6)
    assert found["runtime"]["imageFs"]["usedBytes"] == 7
    assert (found["rlimit"]["maxpid"], found["rlimit"]["curproc"]) == (100, 20)


def test_the_summary_of_a_pod():
    disk = {"logs": {"app": Use(3, 1)}, "roots": {"app": Use(5, 2)}, "volumes": {"data": Use(8, 4)}}
    (found,) = summary(moment(**disk), "n1")["pods"]
    assert found["podRef"] == {"name": "web", "namespace": "default", "uid": UID}
    assert (found["cpu"]["usageNanoCores"], found["window"]) == (20, "15s")
    (container,) = found["containers"]
    assert (container["cpu"]["usageNanoCores"], container["memory"]["rssBytes"]) == (10, 100)
    assert (container["rootfs"]["usedBytes"], container["logs"]["usedBytes"]) == (5, 3)
    assert (found["network"]["name"], found["network"]["txErrors"]) == ("eth0", 1)
    assert [(v["name"], v["usedBytes"]) for v in found["volume"]] == [("data", 8)]
    assert found["ephemeral-storage"]["usedBytes"] == 16
    assert found["process_stats"] == {"process_count": 3}


@pytest.mark.parametrize(
    ("microsecond", "seconds", "told"), [(0, 1.5, "1.5s"), (250_000, 1.5, "1.25s"), (999_000, 0.6, "0.001s")]
)
def test_a_window_begins_at_its_first_reading_though_its_end_is_told_in_whole_seconds(microsecond, seconds, told):
    cpu = CPUStats(at=AT.replace(microsecond=microsecond), usage_ns=1)
    assert window(cpu, Rate(20, seconds)) == {"window": told}


def test_without_two_readings_there_is_no_window():
    assert window(CPUStats(at=AT, usage_ns=1), None) == {}


def test_a_brief_summary_has_cpu_and_memory_alone():
    found = summary(moment(), "n1", brief=True)
    assert found["node"].keys() == {"nodeName", "startTime", "cpu", "memory", "window"}
    assert found["pods"][0]["containers"][0].keys() == {"name", "startTime", "cpu", "memory"}


def test_the_text_format_escapes_and_stamps():
    family = Family("m", "gauge", "Help.", [Sample({"b": 'say "x"', "a": "1"}, 2.5, AT), Sample({}, 1)])
    text = exposed([family, Family("none", "gauge", "Without values.", [])])
    assert text == f'# HELP m Help.\n# TYPE m gauge\nm{{a="1",b="say \\"x\\""}} 2.5 {STAMP}\nm 1\n'


def test_resource_metrics_are_those_that_metrics_server_reads():
    text = exposed(resource_metrics(moment()))
    labels = 'container="app",namespace="default",pod="web"'
    assert f"container_cpu_usage_seconds_total{{{labels}}} 1.5 {STAMP}\n" in text
    assert f"container_memory_working_set_bytes{{{labels}}} 200 {STAMP}\n" in text
    assert f"container_start_time_seconds{{{labels}}} {AT.timestamp()!r}\n" in text
    assert f"node_cpu_usage_seconds_total 1.5 {STAMP}\n" in text
    assert f'pod_memory_working_set_bytes{{namespace="default",pod="web"}} 200 {STAMP}\n' in text
    assert "resource_scrape_error 0\n" in text


def test_probes_are_counted_for_pods_that_are_there():
    counts = {ProbeCount(UID, "app", "liveness", "failed"): 3, ProbeCount("gone", "app", "liveness", "failed"): 1}
    text = exposed(probe_metrics(counts, [pod()]))
    assert text.endswith(
        f'prober_probe_total{{container="app",namespace="default",pod="web",pod_uid="{UID}",'
        'probe_type="Liveness",result="failed"} 3\n'
    )


@pytest.mark.parametrize(
    ("path", "subresources"),
    [
        ("/stats/summary", ("stats",)),
        ("/metrics/cadvisor", ("metrics",)),
        ("/pods", ("pods", "proxy")),
        ("/exec/ns/p/c", ("proxy",)),
    ],
)
def test_which_right_on_the_node_a_path_needs(path, subresources):
    assert subresources_of(path) == subresources


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("GET", "/pods", "get"),
        ("POST", "/exec/ns/p/c", "create"),
        ("GET", "/exec/ns/p/c", "create"),
        ("GET", "//attach/ns/p/c", "create"),
        ("GET", "/%65xec/ns/p/c", "create"),
        ("GET", "/portForward/ns/p", "create"),
        ("DELETE", "/x", "delete"),
    ],
)
def test_websocket_upgrade_of_a_get_needs_the_right_to_create(method, path, verb):
    assert verb_of(method, path) == verb


def test_the_summary_has_the_volumes_of_claims_and_of_drivers():
    found = {UID: {"db": FIGURES, "own": SICK, "inline": VolumeFigures(bytes=Amounts(7))}}
    (body,) = summary(moment(volumes={"data": Use(8, 4)}), "n1", found)["pods"]
    own, db, ephemeral, inline = body["volume"]
    assert (own["name"], own["usedBytes"], own["capacityBytes"]) == ("data", 8, 100)
    assert db == {
        "time": "2026-01-01T00:00:00Z",
        "availableBytes": 60,
        "capacityBytes": 100,
        "usedBytes": 30,
        "inodesFree": 7,
        "inodes": 10,
        "inodesUsed": 3,
        "name": "db",
        "pvcRef": {"name": "disk", "namespace": "default"},
        "volumeHealthStats": {"abnormal": False},
    }
    assert (ephemeral["pvcRef"]["name"], ephemeral["volumeHealthStats"]) == ("web-own", {"abnormal": True})
    assert inline.keys().isdisjoint({"pvcRef", "volumeHealthStats"})


def test_metrics_of_volumes_have_one_sample_a_claim_however_many_pods_have_it():
    other = pod(meta={"name": "other", "uid": "u2"}, volumes=VOLUMES[:1])
    found = {UID: {"db": FIGURES, "own": SICK, "inline": FIGURES}, "u2": {"db": SICK}}
    text = exposed(volume_metrics([pod(volumes=VOLUMES), other], found))
    assert 'kubelet_volume_stats_capacity_bytes{namespace="default",persistentvolumeclaim="disk"} 100' in text
    assert 'kubelet_volume_stats_available_bytes{namespace="default",persistentvolumeclaim="disk"} 60' in text
    assert 'kubelet_volume_stats_inodes_used{namespace="default",persistentvolumeclaim="disk"} 3' in text
    assert (
        'kubelet_volume_stats_health_status_abnormal{namespace="default",persistentvolumeclaim="web-own"} 1.0' in text
    )
    assert text.count("kubelet_volume_stats_used_bytes{") == 2
