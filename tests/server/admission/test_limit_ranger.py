"""Defaults and bounds of LimitRanges."""

import pytest

from podo.api.errors import Forbidden
from podo.api.types.core_v1 import LimitRange, LimitRangeItem, LimitRangeSpec
from podo.server.admission.limit_ranger import pod_total
from tests.server.admission.build import container, meta, pod


def limits(*items):
    return LimitRange(metadata=meta("l"), spec=LimitRangeSpec(limits=items))


async def test_containers_get_defaults_and_the_pod_says_so(client):
    item = LimitRangeItem(type="Container", default={"cpu": "500m"}, default_request={"cpu": "100m"})
    await client.create(limits(item))
    partly = container("d", requests={"cpu": "50m"})
    made = await client.create(pod(containers=(container(), partly), init_containers=(container("i"),)))
    assert made.spec.containers[0].resources.requests == {"cpu": "100m"}
    assert made.spec.containers[1].resources.requests == {"cpu": "50m"}
    assert made.metadata.annotations["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c; "
        "cpu limit for container d; cpu request for init container i; cpu limit for init container i"
    )


BOUNDS = LimitRangeItem(type="Container", max={"cpu": "1"}, min={"cpu": "100m"}, max_limit_request_ratio={"cpu": "5"})


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        (
            {"requests": {"cpu": "50m"}, "limits": {"cpu": "200m"}},
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (
            {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
            "maximum cpu usage per Container is 1, but limit is 2",
        ),
        (
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}},
            "cpu max limit to request ratio per Container is 5, but provided ratio is 10.000000",
        ),
    ],
)
async def test_what_is_out_of_bounds_is_refused(client, resources, why):
    await client.create(limits(BOUNDS))
    with pytest.raises(Forbidden) as caught:
        await client.create(pod(containers=(container(**resources),)))
    assert str(caught.value) == f'pods "p" is forbidden: {why}'


async def test_all_that_is_wrong_is_said_at_once(client):
    await client.create(limits(LimitRangeItem(type="Pod", max={"cpu": "1"}, min={"cpu": "100m"})))
    with pytest.raises(Forbidden) as caught:
        await client.create(pod())
    assert str(caught.value) == (
        'pods "p" is forbidden: [minimum cpu usage per Pod is 100m.  No request is specified, '
        "maximum cpu usage per Pod is 1.  No limit is specified]"
    )


async def test_what_is_within_bounds_is_allowed(client):
    await client.create(limits(BOUNDS))
    fine = container(requests={"cpu": "100m"}, limits={"cpu": "500m"})
    assert (await client.create(pod(containers=(fine,)))).metadata.name == "p"


async def test_bounds_of_pods_are_for_the_sum(client):
    await client.create(limits(LimitRangeItem(type="Pod", max={"cpu": "1"})))
    half = {"requests": {"cpu": "600m"}, "limits": {"cpu": "600m"}}
    with pytest.raises(Forbidden, match="maximum cpu usage per Pod is 1, but limit is 1200m"):
        await client.create(pod(containers=(container("a", **half), container("b", **half))))


def test_a_pod_needs_the_most_that_it_uses_at_one_time():
    def asks(cpu, **more):
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "containers": [asks("100m"), asks("200m")],
        "initContainers": [asks("1"), asks("50m", restartPolicy="Always"), asks("400m")],
    }
    assert pod_total(spec, "requests") == {"cpu": "1"}
    spec["initContainers"][0] = asks("100m")
    assert pod_total(spec, "requests") == {"cpu": "450m"}
    spec["initContainers"].pop()
    assert pod_total(spec, "requests") == {"cpu": "350m"}
    assert pod_total(spec | {"resources": {"requests": {"cpu": "2"}}}, "requests") == {"cpu": "2"}
