"""Extended resources as requests of one claim: who uses whose devices."""

from podo.api.types.core_v1 import Container, ResourceRequirements
from podo.scheduler.devices.extended import requests_for
from tests.scheduler.build import pod

RESOURCE = "example.com/gpu"


def container(name: str, number: int, policy: str = "") -> Container:
    needs = ResourceRequirements(requests={"cpu": "1", RESOURCE: str(number)})
    return Container(name=name, image="i", resources=needs, restart_policy=policy)


def asked(*containers: Container, init=()) -> tuple[dict[str, int], list[tuple[str, str]]]:
    made = requests_for(pod(containers=containers, init_containers=init), {RESOURCE: "gpu"})
    counts = {request.name: request.exactly.count for request in made.requests}
    return counts, [(m.container_name, m.request_name) for m in made.mappings]


def test_each_container_has_a_request_of_its_own():
    counts, mappings = asked(container("a", 1), container("b", 2))
    assert counts == {"container-0-request-1": 1, "container-1-request-1": 2}
    assert mappings == [("a", "container-0-request-1"), ("b", "container-1-request-1")]


def test_an_init_container_uses_what_later_containers_have():
    counts, mappings = asked(container("a", 2), init=[container("i", 2)])
    assert counts == {"container-1-request-1": 2}
    assert mappings == [("a", "container-1-request-1"), ("i", "container-1-request-1")]


def test_init_containers_share_what_they_need_beyond_that():
    counts, mappings = asked(container("a", 1), init=[container("i", 2), container("j", 4)])
    assert counts == {"container-2-request-1": 1, "container-1-request-1": 3}
    assert ("i", "container-1-request-1") in mappings
    assert ("j", "container-1-request-1") in mappings


def test_a_sidecar_keeps_its_devices():
    counts, _ = asked(container("a", 1), init=[container("side", 1, "Always"), container("i", 1)])
    assert counts == {"container-0-request-1": 1, "container-2-request-1": 1}


def test_a_resource_that_nobody_asks_for_makes_no_request():
    assert asked(Container(name="a", image="i")) == ({}, [])
