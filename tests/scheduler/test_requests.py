import pytest
from msgspec.structs import replace

from podo.api.host_ports import HostPort
from podo.api.pod_amounts import held_requests
from podo.api.types.core_v1 import (
    Container,
    ContainerPort,
    ContainerStatus,
    PodCondition,
    PodStatus,
    ResourceRequirements,
)
from podo.scheduler.requests import PodInfo, effective_requests
from tests.scheduler.build import container, info, pod


def sidecar(name: str, **requests: str) -> Container:
    return Container(name=name, restart_policy="Always", resources=ResourceRequirements(requests=requests))


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        pytest.param({"containers": (container("a", cpu="100m"), container("b", cpu="200m"))}, 300, id="sum"),
        pytest.param(
            {"containers": (container("a", cpu="100m"),), "init_containers": (container("i", cpu="1"),)},
            1000,
            id="init",
        ),
        pytest.param(
            {"containers": (container("a", cpu="1"),), "init_containers": (container("i", cpu="100m"),)},
            1000,
            id="small init",
        ),
        pytest.param(
            {"containers": (container("a", cpu="1"),), "init_containers": (sidecar("s", cpu="500m"),)},
            1500,
            id="sidecar",
        ),
        pytest.param(
            {
                "containers": (container("a", cpu="100m"),),
                "init_containers": (sidecar("s", cpu="500m"), container("i", cpu="1")),
            },
            1500,
            id="init beside a sidecar",
        ),
        pytest.param(
            {
                "containers": (container("a", cpu="100m"),),
                "init_containers": (container("i", cpu="1"), sidecar("s", cpu="500m")),
            },
            1000,
            id="init before a sidecar",
        ),
        pytest.param({"containers": (container("a", cpu="1"),), "overhead": {"cpu": "250m"}}, 1250, id="overhead"),
        pytest.param(
            {"containers": (container("a", cpu="1"),), "resources": ResourceRequirements(requests={"cpu": "3"})},
            3000,
            id="Pod level",
        ),
    ],
)
def test_the_effective_request(spec, cpu):
    assert PodInfo(pod(**spec)).requests["cpu"] == cpu


def test_scores_assume_something_of_a_pod_that_requests_nothing():
    assert info().scored_requests == {"cpu": 100, "memory": 200 * 2**20}
    assert info().requests == {}


def test_the_ports_of_containers_and_sidecars_count():
    web = Container(name="w", ports=(ContainerPort(container_port=80, host_port=8080),))
    helper = Container(name="s", restart_policy="Always", ports=(ContainerPort(container_port=1, host_port=9),))
    found = PodInfo(pod(containers=(web,), init_containers=(helper,))).host_ports
    assert found == (HostPort("0.0.0.0", "TCP", 8080), HostPort("0.0.0.0", "TCP", 9))


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (HostPort("0.0.0.0", "TCP", 80), HostPort("127.0.0.1", "TCP", 80), True),
        (HostPort("10.0.0.1", "TCP", 80), HostPort("127.0.0.1", "TCP", 80), False),
        (HostPort("0.0.0.0", "TCP", 80), HostPort("0.0.0.0", "UDP", 80), False),
        (HostPort("0.0.0.0", "TCP", 80), HostPort("0.0.0.0", "TCP", 81), False),
    ],
)
def test_ports_collide_on_one_address(one, other, collide):
    assert one.collides(other) is other.collides(one) is collide


def resized(spec_cpu: str, granted: str, has: str, *, seen: int = 2):
    """A Pod of generation 2 whose node has acted on generation `seen`."""
    made = pod(containers=(container("a", cpu=spec_cpu),))
    status = ContainerStatus(
        name="a", allocated_resources={"cpu": granted}, resources=ResourceRequirements(requests={"cpu": has})
    )
    pending = (PodCondition(type="PodResizePending", status="True"),) if seen == 2 else ()
    return replace(
        made,
        metadata=replace(made.metadata, generation=2),
        status=PodStatus(container_statuses=(status,), observed_generation=seen, conditions=pending),
    )


@pytest.mark.parametrize(
    ("made", "cpu"),
    [
        pytest.param(resized("2", "1", "1"), 2000, id="wants more"),
        pytest.param(resized("1", "1", "2"), 2000, id="still has more"),
        pytest.param(resized("1", "2", "1", seen=1), 2000, id="the node does not know yet"),
    ],
)
def test_a_pod_that_is_resized_counts_with_the_most(made, cpu):
    assert PodInfo(made).requests["cpu"] == cpu


def test_a_pod_whose_resize_is_done_counts_as_it_asks():
    made = resized("1", "2", "2")
    assert PodInfo(replace(made, status=replace(made.status, conditions=()))).requests["cpu"] == 1000


@pytest.mark.parametrize(("wants", "has", "cpu"), [("2", "1", 2000), ("1", "2", 2000)])
def test_a_pod_that_is_resized_as_a_whole_counts_with_what_it_wants_or_still_has(wants, has, cpu):
    body = resized("100m", "100m", "100m", seen=1)
    spec = replace(body.spec, resources=ResourceRequirements(requests={"cpu": wants}))
    made = replace(body, spec=spec, status=replace(body.status, resources=ResourceRequirements(requests={"cpu": has})))
    assert effective_requests(made)["cpu"] == cpu
    assert held_requests(made)["cpu"] * 1000 == cpu
