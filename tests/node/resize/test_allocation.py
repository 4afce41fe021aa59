import pytest

from podo.node.resize.allocation import asks_for_other, changed, granted, restarts, widest
from podo.node.runtime.config import LinuxResources
from tests.node.build import container, pod, spec_of


def asking(**requests):
    return {"requests": requests}


def test_a_granted_pod_has_old_resources_and_everything_else_new():
    old = pod(container(resources=asking(cpu="1")), container("b"))
    new = pod(container(resources=asking(cpu="2"), image="hello:v2"), container("b"), meta={"generation": 2})
    made = granted(new, old.spec)
    assert made.spec.containers[0].resources.requests == {"cpu": "1"}
    assert made.spec.containers[0].image == "hello:v2"
    assert made.spec.containers[1].resources is None
    assert made.metadata.generation == 2


def test_a_container_that_is_new_keeps_what_it_asks_for():
    made = granted(pod(container("b", resources=asking(cpu="2"))), pod(container("a")).spec)
    assert made.spec.containers[0].resources.requests == {"cpu": "2"}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (None, None, ""),
        (None, {}, ""),
        (asking(cpu="1"), asking(cpu="1000m"), ""),
        (asking(cpu="1"), asking(cpu="2"), "cpu"),
        (asking(cpu="1"), asking(cpu="1", memory="1Mi"), "memory"),
        ({"limits": {"memory": "1Mi"}}, {"limits": {"memory": "2Mi"}}, "memory"),
        (asking(cpu="1", memory="1Mi"), None, "cpu memory"),
        (asking(**{"example.com/a": "1"}), None, ""),
    ],
)
def test_what_has_changed(old, new, names):
    one, other = spec_of(resources=old), spec_of(resources=new)
    assert sorted(changed(one.resources, other.resources)) == names.split()


def test_init_containers_and_the_pod_as_a_whole_count_too():
    plain, sidecar = pod(), {"restartPolicy": "Always"}
    assert not asks_for_other(plain.spec, pod().spec)
    one = pod(initContainers=[container("s", resources=asking(cpu="1"), **sidecar)])
    two = pod(initContainers=[container("s", resources=asking(cpu="2"), **sidecar)])
    assert asks_for_other(two.spec, one.spec)
    assert asks_for_other(pod(resources=asking(cpu="1")).spec, plain.spec)


def test_only_the_policy_of_what_changed_decides_on_a_restart():
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    made = spec_of(resizePolicy=policy)
    assert restarts(made, {"memory", "cpu"})
    assert not restarts(made, {"cpu"})
    assert not restarts(spec_of(), {"memory"})


def test_the_widest_group_holds_both():
    small = LinuxResources(cpu_shares=10, cpu_quota=1000, cpu_period=100000, memory_limit=5)
    large = LinuxResources(cpu_shares=20, cpu_quota=-1, memory_limit=7)
    made = widest(small, large)
    assert (made.cpu_shares, made.cpu_quota, made.memory_limit) == (20, -1, 7)
    assert widest(small, LinuxResources(cpu_quota=2000)).memory_limit == 0  # one of them has no limit
