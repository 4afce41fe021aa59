"""cAdvisor's names and labels, as the dashboards of kube-prometheus ask for them."""

import pytest

from podo.node.api.exposition import exposed
from podo.node.api.exposition_cadvisor import cadvisor_metrics
from podo.node.cgroups.details import DeviceUse, GroupDetails
from podo.node.stats.groups import Groups, device_path, read_groups
from podo.node.stats.moments import Moment
from tests.node.api.test_figures import STAMP, moment
from tests.node.build import UID, container, pod

ROOT = "podo/c/n1"
LIMITED = {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
GROUP = f"{ROOT}/burstable/pod{UID}"
DETAILS = GroupDetails(
    user_ns=1_000_000_000, periods=10, throttled_periods=4, throttled_ns=500_000_000, cache=4096, threads=3,
    devices={"8:0": DeviceUse(4096, 512, 2, 1)}, stalls={"cpu": (1_500_000, 500_000)},
)  # fmt: skip
OF_POD = f'container="",id="/{GROUP}",image="",name="",namespace="default",pod="web"'
OF_CONTAINER = f'container="app",id="/{GROUP}/x",image="hello:v1",name="x",namespace="default",pod="web"'


def text(resources=None, **spec):
    given = moment()
    ((_, use),) = given.pods
    made = pod(container(resources=resources or LIMITED), **spec)
    groups = Groups(ROOT, {ROOT: DETAILS, GROUP: DETAILS, f"{GROUP}/x": DETAILS}, {"8:0": "/dev/sda"})
    return exposed(cadvisor_metrics(Moment(given.node, [(made, use)], {}), groups, cores=2.0))


def with_label(labels, **more):
    pairs = [p.split("=", 1) for p in labels.split(",")] + [[k, f'"{v}"'] for k, v in more.items()]
    return ",".join(f"{k}={v}" for k, v in sorted(pairs))


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("container_cpu_usage_seconds_total", with_label(OF_CONTAINER, cpu="total"), f"1.5 {STAMP}"),
        ("container_cpu_usage_seconds_total", with_label(OF_POD, cpu="total"), f"1.5 {STAMP}"),
        ("container_cpu_user_seconds_total", OF_CONTAINER, f"1.0 {STAMP}"),
        ("container_cpu_cfs_periods_total", OF_CONTAINER, f"10 {STAMP}"),
        ("container_cpu_cfs_throttled_seconds_total", OF_CONTAINER, f"0.5 {STAMP}"),
        ("container_memory_working_set_bytes", OF_CONTAINER, f"200 {STAMP}"),
        ("container_memory_cache", OF_POD, f"4096 {STAMP}"),
        ("container_spec_cpu_quota", OF_CONTAINER, f"20000 {STAMP}"),
        ("container_spec_cpu_shares", OF_CONTAINER, f"102 {STAMP}"),
        ("container_spec_memory_limit_bytes", OF_CONTAINER, f"{64 << 20} {STAMP}"),
        ("container_fs_reads_bytes_total", with_label(OF_CONTAINER, device="/dev/sda"), "4096"),
        ("container_fs_writes_total", with_label(OF_CONTAINER, device="/dev/sda"), "1"),
        ("container_network_receive_bytes_total", with_label(OF_POD, interface="eth0"), f"10 {STAMP}"),
        ("container_network_transmit_packets_dropped_total", with_label(OF_POD, interface="eth0"), f"0 {STAMP}"),
        ("container_processes", OF_POD, "3"),
        ("container_pressure_cpu_waiting_seconds_total", OF_CONTAINER, "1.5"),
        ("container_pressure_cpu_stalled_seconds_total", OF_POD, "0.5"),
    ],
)
def test_what_dashboards_ask_for(name, labels, value):
    assert f"{name}{{{labels}}} {value}\n" in text()


def test_the_node_is_the_root_of_all_groups():
    found = text()
    assert 'container_memory_working_set_bytes{container="",id="/",image="",name="",namespace="",pod=""} 200' in found
    assert "machine_cpu_cores 2.0\n" in found


def test_only_who_has_a_cpu_limit_has_periods_of_it():
    found = text({"requests": {"cpu": "100m"}})
    assert "container_cpu_cfs_periods_total" not in found
    assert "container_spec_cpu_quota" not in found
    assert "container_spec_cpu_shares" in found


def test_the_network_of_the_node_is_nobodys():
    assert "container_network" not in text(hostNetwork=True)


class ReadGroups:
    """Groups of which each tells how long its name is."""

    def details(self, path):
        return GroupDetails(threads=len(path), devices={"1:999": DeviceUse()})


def test_the_groups_of_a_node_are_read_by_the_names_that_every_runtime_gives_them():
    found = read_groups(ReadGroups(), ROOT, moment().pods)
    best_effort = f"{ROOT}/besteffort/pod{UID}"
    assert set(found.details) == {ROOT, best_effort, f"{best_effort}/x"}
    assert found.of(best_effort).threads == len(best_effort)
    assert found.of("another") == GroupDetails()
    assert found.devices == {"1:999": ""}


def test_a_device_is_called_as_its_node_is(tmp_path):
    (tmp_path / "block/sdx").mkdir(parents=True)
    (tmp_path / "8:0").symlink_to(tmp_path / "block/sdx")
    assert device_path("8:0", tmp_path) == "/dev/sdx"
