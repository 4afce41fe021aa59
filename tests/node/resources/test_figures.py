"""Requests, QoS classes, cgroup figures, admission."""

from decimal import Decimal

import msgspec
import pytest

from podo.api.pod_amounts import pod_requests
from podo.api.types.core_v1 import Node
from podo.node.admission import admit
from podo.node.resources.limits import cgroup_parent, container_resources, cpu_shares, oom_score, pod_resources
from podo.node.resources.node_limits import node_limits
from podo.node.resources.qos import qos_class
from tests.node.build import container, pod, spec_of

GIB = 2**30


def asks(name="app", limits=None, **requests):
    return container(name, resources={"requests": requests, "limits": limits or {}})


CLASSES = [
    (pod(), "BestEffort"),
    (pod(asks(cpu="1")), "Burstable"),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"})), "Guaranteed"),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"}, cpu="1", memory="1024Mi")), "Guaranteed"),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"}, cpu="500m")), "Burstable"),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"}), container("b")), "Burstable"),
    (pod(asks(limits={"memory": "1Gi"})), "Burstable"),
    (pod(asks(**{"ephemeral-storage": "1Gi"})), "BestEffort"),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"}), initContainers=[container("i")]), "Burstable"),
]


@pytest.mark.parametrize(("wanted", "expected"), CLASSES)
def test_qos(wanted, expected):
    assert qos_class(wanted.spec) == expected


REQUESTS = [
    (pod(asks("a", cpu="1"), asks("b", cpu="2")), "3"),
    (pod(asks("a", cpu="1"), initContainers=[asks("i", cpu="5"), asks("j", cpu="2")]), "5"),
    (pod(asks("a", cpu="1"), initContainers=[asks("s", cpu="2") | {"restartPolicy": "Always"}]), "3"),
    (
        pod(
            asks("a", cpu="1"),
            initContainers=[asks("s", cpu="2") | {"restartPolicy": "Always"}, asks("i", cpu="4")],
        ),
        "6",
    ),
    (pod(asks("a", cpu="1"), overhead={"cpu": "250m"}), "1.25"),
    (pod(asks("a", cpu="1"), resources={"requests": {"cpu": "7"}}), "7"),
]


@pytest.mark.parametrize(("wanted", "cpu"), REQUESTS)
def test_requests_of_a_pod(wanted, cpu):
    assert pod_requests(wanted.spec)["cpu"] == Decimal(cpu)


@pytest.mark.parametrize(("milli", "shares"), [(0, 2), (1, 2), (100, 102), (1000, 1024), (10**9, 262144)])
def test_shares(milli, shares):
    assert cpu_shares(milli) == shares


def test_figures_of_a_container():
    made = spec_of(resources={"requests": {"cpu": "100m"}, "limits": {"cpu": "500m", "memory": "64Mi"}})
    found = container_resources(pod(), made, memory_capacity=8 * GIB)
    assert (found.cpu_shares, found.cpu_quota, found.cpu_period) == (102, 50_000, 100_000)
    assert found.memory_limit == 64 * 2**20


def test_a_pod_is_limited_only_if_all_its_containers_are():
    both = pod(asks("a", limits={"memory": "1Gi"}), asks("b", limits={"memory": "1Gi"}))
    one = pod(asks("a", limits={"memory": "1Gi"}), container("b"))
    assert pod_resources(both.spec).memory_limit == 2 * GIB
    assert pod_resources(one.spec).memory_limit == 0
    assert pod_resources(one.spec).cpu_quota == -1


SCORES = [
    (pod(), 1000),
    (pod(asks(limits={"cpu": "1", "memory": "1Gi"})), -997),
    (pod(asks(memory="4Gi")), 500),
    (pod(asks(memory="1")), 999),
    (pod(asks(memory="8Gi")), 3),
    (pod(priority=2_000_001_000), -997),
]


@pytest.mark.parametrize(("wanted", "score"), SCORES)
def test_whom_the_kernel_kills_first(wanted, score):
    assert oom_score(wanted.spec, wanted.spec.containers[0], 8 * GIB) == score


def test_cgroups_lie_by_class():
    uid = pod().metadata.uid
    assert cgroup_parent("podo/c/n", pod()) == f"podo/c/n/besteffort/pod{uid}"
    guaranteed = pod(asks(limits={"cpu": "1", "memory": "1Gi"}))
    assert cgroup_parent("podo/c/n", guaranteed) == f"podo/c/n/guaranteed/pod{uid}"


def test_a_node_is_limited_only_if_it_was_made_smaller():
    whole = {"cpu": "2", "memory": "8Gi"}
    assert node_limits(whole, cpu="", memory="") is None
    small = node_limits({"cpu": "500m", "memory": "1Gi"}, cpu="500m", memory="1Gi")
    assert small is not None
    assert (small.cpu_quota, small.memory_limit) == (50_000, GIB)


# Admission


def node(taints=(), **allocatable):
    status = {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "3"} | allocatable}
    body = {"metadata": {"name": "node-1", "labels": {"disk": "ssd"}}, "spec": {"taints": taints}, "status": status}
    return msgspec.convert(body, Node)


def taking(port, **fields):
    return pod(container(ports=[{"containerPort": 1, "hostPort": port} | fields]))


def needing(operator, value):
    expression = {"key": "disk", "operator": operator, "values": [value]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def setting(name):
    return {"sysctls": [{"name": name, "value": "1"}]}


ELSEWHERE = "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
SYSCTL = 'Pod was rejected: forbidden sysctl: "{}" not allowlisted'
TAINT = [{"key": "k", "value": "v", "effect": "NoExecute"}]
PORTS = "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
FULL = "Pod was rejected: Node didn't have enough resource: {}, requested: {}, used: {}, capacity: {}"
ADMISSION = [
    (pod(), (), node(), None, ""),
    (pod(asks(cpu="2")), (), node(), None, ""),
    (pod(asks(cpu="1")), (pod(asks(cpu="1500m")),), node(), "OutOfcpu", FULL.format("cpu", 1000, 1500, 2000)),
    (pod(asks(memory="5Gi")), (), node(), "OutOfmemory", FULL.format("memory", 5 * GIB, 0, 4 * GIB)),
    (pod(), (pod(), pod(), pod()), node(), "OutOfpods", FULL.format("pods", 1, 3, 3)),
    (taking(80), (taking(80),), node(), "NodePorts", PORTS),
    (taking(80, hostIP="10.0.0.1"), (taking(80),), node(), "NodePorts", PORTS),
    (taking(80), (taking(81), pod(), taking(80, protocol="UDP")), node(pods="9"), None, ""),
    (pod(nodeSelector={"disk": "ssd"}), (), node(), None, ""),
    (
        pod(nodeSelector={"disk": "hdd"}),
        (),
        node(),
        "NodeAffinity",
        ELSEWHERE,
    ),
    (pod(affinity=needing("In", "ssd")), (), node(), None, ""),
    (pod(affinity=needing("NotIn", "ssd")), (), node(), "NodeAffinity", ELSEWHERE),
    (pod(securityContext=setting("net.ipv4.tcp_syncookies")), (), node(), None, ""),
    (pod(securityContext=setting("net/ipv4/tcp_syncookies")), (), node(), None, ""),
    (pod(securityContext=setting("kernel.msgmax")), (), node(), "SysctlForbidden", SYSCTL.format("kernel.msgmax")),
    (
        pod(securityContext=setting("net.ipv4.tcp_fin_timeout"), hostNetwork=True),
        (),
        node(),
        "SysctlForbidden",
        'Pod was rejected: forbidden sysctl: "net.ipv4.tcp_fin_timeout" not allowed with host net enabled',
    ),
    (
        pod(),
        (),
        node(TAINT),
        "TaintToleration",
        "Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    ),
    (
        pod(os={"name": "windows"}),
        (),
        node(),
        "PodOSNotSupported",
        "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
    ),
    (pod(os={"name": "linux"}, meta={"labels": {"kubernetes.io/os": "linux"}}), (), node(), None, ""),
    (
        pod(meta={"labels": {"kubernetes.io/os": "windows"}}),
        (),
        node(),
        "PodOSSelectorNodeLabelDoesNotMatch",
        "Pod was rejected: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    ),
    (pod(tolerations=[{"key": "k", "operator": "Exists"}]), (), node(TAINT), None, ""),
    (pod(tolerations=[{"operator": "Exists"}]), (), node(TAINT), None, ""),
    (pod(), (), node([{"key": "k", "effect": "NoSchedule"}]), None, ""),
]


@pytest.mark.parametrize(("wanted", "others", "here", "reason", "message"), ADMISSION)
def test_admission(wanted, others, here, reason, message):
    found = admit(wanted, others, here)
    assert (found and found.reason) == reason
    if found:
        assert found.message == message


@pytest.mark.parametrize(
    ("wanted", "pressures", "refused"),
    [
        (pod(), set(), False),
        (pod(), {"MemoryPressure"}, True),
        (pod(asks(memory="1Mi")), {"MemoryPressure"}, False),
        (
            pod(tolerations=[{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]),
            {"MemoryPressure"},
            False,
        ),
        (pod(asks(memory="1Mi")), {"DiskPressure"}, True),
        (pod(asks(memory="1Mi")), {"PIDPressure", "MemoryPressure"}, True),
        (pod(priority=2_000_000_000), {"DiskPressure"}, False),
    ],
)
def test_a_node_under_pressure_keeps_pods_out(wanted, pressures, refused):
    found = admit(wanted, (), node(), frozenset(pressures))
    assert bool(found) is refused
    if found:
        listed = " ".join(sorted(pressures))
        assert (found.reason, found.message) == ("Evicted", f"Pod was rejected: The node had condition: [{listed}]. ")


LOADED = {"appArmorProfile": {"type": "Localhost", "localhostProfile": "mine"}}
ANNOTATION = "container.apparmor.security.beta.kubernetes.io/app"


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        (pod(), False),
        (pod(securityContext={"appArmorProfile": {"type": "Unconfined"}}), False),
        (pod(securityContext=LOADED), True),
        (pod(container(securityContext={"appArmorProfile": {"type": "RuntimeDefault"}})), True),
        (pod(initContainers=[container("i", securityContext=LOADED)]), True),
        (pod(meta={"annotations": {ANNOTATION: "runtime/default"}}), True),
        (pod(meta={"annotations": {ANNOTATION: "unconfined"}}), False),
        (pod(securityContext=LOADED, status={"phase": "Running"}), False),
    ],
)
def test_profiles_that_would_not_be_enforced_are_refused(wanted, refused):
    found = admit(wanted, (), node())
    assert (found is not None) == refused
    if found:
        text = "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host"
        assert (found.reason, found.message) == ("AppArmor", text)
    assert admit(wanted, (), node(), apparmor=True) is None
