"""Finding an endpoint of a Service."""

import random

import pytest

from podo.api.errors import BadRequest, NotFound, ServiceUnavailable
from podo.api.types.core_v1 import Service, ServicePort, ServiceSpec
from podo.api.types.discovery_v1 import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.outgoing.services import SERVICE_LABEL, Place, Services


@pytest.fixture
def services(core):
    return Services(core.cache, core.catalog, random.Random(1))


async def make(client, *addresses, ready=True, **spec):
    metadata = ObjectMeta(name="s", namespace="n", labels={SERVICE_LABEL: "s"})
    ports = (ServicePort(port=443, name="https"),)
    await client.create(Service(metadata=ObjectMeta(name="s", namespace="n"), spec=ServiceSpec(ports=ports, **spec)))
    endpoints = tuple(Endpoint(addresses=(a,), conditions=EndpointConditions(ready=ready)) for a in addresses)
    port = EndpointPort(name="https", port=8443, protocol="TCP")
    await client.create(EndpointSlice(metadata=metadata, address_type="IPv4", endpoints=endpoints, ports=(port,)))


async def test_a_ready_endpoint_is_found_at_its_own_port(client, services):
    await make(client, "10.9.0.7")
    assert await services.resolve("n", "s", 443) == Place("10.9.0.7", 8443)


async def test_what_is_missing_is_told(client, services):
    with pytest.raises(NotFound, match='service "s" not found'):
        await services.resolve("n", "s", 443)
    await make(client, "10.9.0.7", ready=False)
    with pytest.raises(ServiceUnavailable, match='no endpoints available for service "s"'):
        await services.resolve("n", "s", 443)
    with pytest.raises(ServiceUnavailable, match='no service port 80 found for service "s"'):
        await services.resolve("n", "s", 80)


async def test_a_service_elsewhere_is_at_its_name_but_never_here(client, services):
    await make(client, type="ExternalName", external_name="localhost")
    with pytest.raises(BadRequest, match="address not allowed"):
        await services.resolve("n", "s", 443)
