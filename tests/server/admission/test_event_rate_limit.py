"""EventRateLimit, and the files by which plug-ins are told what to do."""

from collections.abc import AsyncIterator

import pytest

from podo.api.errors import TooManyRequests
from podo.api.types.core_v1 import Event, EventSource, ObjectReference
from podo.server.admission.configuration import chosen
from podo.server.admission.default_set import default_admission
from podo.server.authorization.default_set import default_access
from podo.server.core import running_core
from podo.server.options import GuardOptions, OptionError
from podo.store.memory import MemoryStore
from tests.server.admission.build import meta, namespace

LIMITS = """
apiVersion: eventratelimit.admission.k8s.io/v1alpha1
kind: Configuration
limits:
"""
FILE = """
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: EventRateLimit
  path: limits.yaml
"""


def options(tmp_path, limits, **more):
    (tmp_path / "limits.yaml").write_text(f"{LIMITS}{limits}")
    (tmp_path / "admission.yaml").write_text(FILE)
    file = str(tmp_path / "admission.yaml")
    return GuardOptions(admission_control_config_file=file, **({"enable_admission_plugins": "EventRateLimit"} | more))


@pytest.fixture
async def api_with(clock, tmp_path) -> AsyncIterator[object]:
    """Makes an API with limits, and gives its client."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:

        async def make(limits, **more):
            guard = options(tmp_path, limits, **more)

            def admission(cache, catalog):
                authorizer = default_access(cache, catalog).authorizer
                return default_admission(cache, catalog, authorizer, options=guard, clock=clock)

            core = await stack.enter_async_context(running_core(MemoryStore(), clock, admission=admission))
            client = core.client()
            for name in ("default", "other"):
                await client.create(namespace(name))
            return client

        yield make


def event(number, where="default", about="p", component="kubelet"):
    reference = ObjectReference(kind="Pod", namespace=where, name=about)
    return Event(metadata=meta(f"e{number}", where), involved_object=reference, source=EventSource(component=component))


async def test_a_burst_is_let_through_and_then_so_many_a_second(api_with, clock):
    client = await api_with("- {type: Server, qps: 2, burst: 3}")
    for number in range(3):
        await client.create(event(number))
    with pytest.raises(TooManyRequests, match=r"^Too many requests: limit reached on type Server for key $"):
        await client.create(event(3))
    clock.advance(0.5)
    await client.create(event(3))
    with pytest.raises(TooManyRequests):
        await client.create(event(4))
    clock.advance(3600)
    for number in range(4, 7):
        await client.create(event(number))
    with pytest.raises(TooManyRequests):
        await client.create(event(7))


async def test_namespaces_have_buckets_of_their_own(api_with):
    client = await api_with("- {type: Namespace, qps: 1, burst: 1}")
    await client.create(event(1))
    await client.create(event(1, "other"))
    with pytest.raises(TooManyRequests, match=r"type Namespace for key other$"):
        await client.create(event(2, "other"))


async def test_each_source_may_say_so_much_about_each_object(api_with):
    client = await api_with("- {type: SourceAndObject, qps: 1, burst: 1}")
    await client.create(event(1))
    await client.create(event(2, about="q"))
    await client.create(event(3, component="scheduler"))
    with pytest.raises(TooManyRequests, match=r"type SourceAndObject for key kubeletPoddefaultp$"):
        await client.create(event(4))


async def test_all_limits_that_are_reached_are_named(api_with):
    client = await api_with("- {type: Server, qps: 1, burst: 1}\n- {type: User, qps: 1, burst: 1}")
    await client.create(event(1))
    with pytest.raises(TooManyRequests, match=r"^Too many requests: \[limit reached on type Server for key , limit"):
        await client.create(event(2))


async def test_buckets_beyond_the_size_of_the_cache_are_forgotten(api_with):
    client = await api_with("- {type: Namespace, qps: 1, burst: 1, cacheSize: 1}")
    await client.create(event(1))
    await client.create(event(1, "other"))
    await client.create(event(2))


async def test_nobody_is_limited_unless_the_plug_in_is_on(api_with):
    client = await api_with("- {type: Server, qps: 1, burst: 1}", enable_admission_plugins="")
    for number in range(5):
        await client.create(event(number))


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ("  []", "limits: Invalid value: must not be empty"),
        ("- {type: Pod, qps: 1, burst: 1}", r'limits\[0\].type: Unsupported value: "Pod"'),
        ("- {type: Server, qps: 0, burst: -1}", r"burst: Invalid value: -1: must be positive, limits\[0\].qps"),
        ("- {type: User, qps: 1, burst: 1, cacheSize: -1}", "cacheSize: Invalid value: -1: must not be negative"),
        ("- {type: User, qps: 1, burst: 1, cache: 1}", "unknown field `cache`"),
    ],
)
async def test_limits_that_are_none_keep_the_server_from_starting(api_with, limits, why):
    with pytest.raises(OptionError, match=why):
        await api_with(limits)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"enable_admission_plugins": "Nobody"}, 'enable-admission-plugins plugin "Nobody" is unknown'),
        ({"disable_admission_plugins": "A,B"}, 'disable-admission-plugins plugin "B" is unknown'),
        ({"enable_admission_plugins": "A", "disable_admission_plugins": "A"}, "A in enable-admission-plugins and"),
        (
            {"admission_control_config_file": "/nowhere"},
            'unable to read admission control configuration from "/nowhere"',
        ),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags, why):
    with pytest.raises(OptionError, match=why):
        chosen(GuardOptions(**flags), ["A"], ["C"])


def test_plug_ins_are_turned_on_and_off_by_name():
    found = chosen(GuardOptions(enable_admission_plugins="C", disable_admission_plugins=" A "), ["A", "B"], ["C"])
    assert found.names == {"B", "C"}
