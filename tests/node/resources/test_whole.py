"""Resources of a Pod as a whole: what its containers have of them, and what its status says."""

import pytest

from podo.node.resources.limits import container_resources, oom_score, pod_resources
from podo.node.resources.sharing import with_shared_limits
from podo.node.resources.whole import allocated, expected, in_force
from tests.node.build import container, pod, spec_of

GIB = 2**30
WHOLE = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "200m", "memory": "2Gi"}}


def asks(name="app", limits=None, **requests):
    return container(name, resources={"requests": requests, "limits": limits or {}})


def limits_of(own, whole):
    return with_shared_limits(spec_of(resources=own).resources, pod(resources=whole).spec.resources).limits


@pytest.mark.parametrize(
    ("own", "whole", "has"),
    [
        ({}, None, {}),
        ({}, WHOLE, {"cpu": "200m", "memory": "2Gi"}),
        ({"limits": {"cpu": "50m"}}, WHOLE, {"cpu": "50m", "memory": "2Gi"}),
        ({"limits": {"cpu": "0"}}, WHOLE, {"cpu": "200m", "memory": "2Gi"}),
        ({}, {"requests": {"cpu": "1"}}, {}),
        ({}, {"limits": {"hugepages-2Mi": "4Mi", "example.com/a": "1"}}, {"hugepages-2Mi": "4Mi"}),
        ({"limits": {"hugepages-2Mi": "2Mi"}}, {"limits": {"hugepages-2Mi": "4Mi"}}, {"hugepages-2Mi": "2Mi"}),
    ],
)
def test_a_container_without_a_limit_has_the_pods(own, whole, has):
    assert limits_of(own, whole) == has


def test_the_cgroups_of_container_and_pod_are_limited_by_the_whole():
    made = pod(container("a"), asks("b", limits={"memory": "1Gi"}), resources=WHOLE)
    first, second = (container_resources(made, c, memory_capacity=8 * GIB) for c in made.spec.containers)
    assert (first.memory_limit, first.cpu_quota, second.memory_limit) == (2 * GIB, 20_000, GIB)
    group = pod_resources(made.spec)
    assert (group.memory_limit, group.cpu_quota, group.cpu_shares) == (2 * GIB, 20_000, 102)


def test_huge_pages_limit_the_pods_cgroup_too():
    pages = {"hugepages-2Mi": "4Mi"}
    assert pod_resources(pod(asks(limits=pages, **pages)).spec).hugepage_limits == {"2MB": 4 << 20}


def test_what_is_allocated_is_spelled_as_it_was_asked_for():
    made = pod(asks("a", cpu="100m", memory="1Gi"), asks("b", cpu="0.9", memory="512Mi"), overhead={"cpu": "1"})
    assert allocated(made.spec) == {"cpu": "2", "memory": "1536Mi"}
    assert allocated(pod(asks(cpu="5"), resources=WHOLE).spec) == WHOLE["requests"]
    assert allocated(pod().spec) == {}


def test_before_it_runs_the_status_shows_what_it_will_have():
    claims = WHOLE | {"claims": [{"name": "gpu"}]}
    found = expected(pod(asks(**{"example.com/a": "2"}), resources=claims).spec)
    assert found.requests == WHOLE["requests"] | {"example.com/a": "2"}
    assert found.limits == WHOLE["limits"]
    assert [c.name for c in found.claims] == ["gpu"]


@pytest.mark.parametrize(
    ("containers", "requests", "limits"),
    [
        ([container()], {}, {}),
        ([asks(cpu="100m", memory="1Gi")], {"cpu": "100m", "memory": "1Gi"}, {}),
        ([asks(cpu="2m")], {}, {}),
        ([asks("a", limits={"memory": "1Gi"}), asks("b", limits={"memory": "1Gi"})], {}, {"memory": "2Gi"}),
        ([asks("a", limits={"memory": "1Gi"}), container("b")], {}, {}),
        ([asks(limits={"cpu": "10m"})], {}, {}),
        ([asks(**{"example.com/a": "2"})], {}, {}),
    ],
)
def test_while_it_runs_the_status_shows_what_its_cgroup_has(containers, requests, limits):
    found = in_force(pod(*containers).spec)
    assert (found.requests, found.limits) == (requests, limits)


def test_what_is_set_for_the_whole_is_shown_whether_a_cgroup_can_hold_it_or_not():
    resources = {"requests": {"cpu": "1m", "hugepages-2Mi": "2Mi"}, "limits": {"hugepages-2Mi": "2Mi"}}
    found = in_force(pod(asks(memory="1Gi"), resources=resources).spec)
    assert found.requests == {"cpu": "1m", "hugepages-2Mi": "2Mi", "memory": "1Gi"}
    assert found.limits == {"hugepages-2Mi": "2Mi"}


def score(made, index=0, init=False):
    containers = made.spec.init_containers if init else made.spec.containers
    return oom_score(made.spec, containers[index], 8 * GIB)


def test_memory_of_the_pod_that_no_container_asks_for_counts_for_each():
    whole = {"requests": {"memory": "4Gi"}}
    assert score(pod(container(), resources=whole)) == 500
    both = pod(asks("a", memory="2Gi"), container("b"), resources=whole)
    assert (score(both, 0), score(both, 1)) == (1000 - 375, 1000 - 125)


def test_a_sidecar_does_not_go_before_those_that_it_serves():
    sidecar = container("s", restartPolicy="Always")
    made = pod(asks("a", memory="4Gi"), asks("b", memory="2Gi"), initContainers=[sidecar])
    assert score(made, init=True) == 750
    plain = pod(asks("a", memory="4Gi"), initContainers=[container("i")])
    assert score(plain, init=True) == 999
