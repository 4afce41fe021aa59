"""What is found of a server behind an APIService."""

import random

import pytest

from podo.api.types.core_v1 import Namespace, Service, ServicePort, ServiceSpec
from podo.api.types.discovery_v1 import Endpoint, EndpointPort, EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.aggregation.availability import LOCAL, PASSED, Availability, Finding, with_finding
from podo.server.outgoing.services import SERVICE_LABEL, Services
from tests.server.aggregation.conftest import service


@pytest.fixture
def availability(core, carrier):
    return Availability(carrier, Services(core.cache, core.catalog, random.Random(1)))


async def make(client, *, port=443, slices=True, endpoints=True):
    await client.create(Namespace(metadata=ObjectMeta(name="tools")))
    ports = (ServicePort(port=port, name="https"),)
    metadata = ObjectMeta(name="other", namespace="tools", labels={SERVICE_LABEL: "other"})
    await client.create(Service(metadata=metadata, spec=ServiceSpec(ports=ports)))
    if slices:
        found = (Endpoint(addresses=("10.1.1.1",)),) if endpoints else ()
        own = (EndpointPort(name="https", port=8443),)
        await client.create(EndpointSlice(metadata=metadata, address_type="IPv4", endpoints=found, ports=own))


async def test_a_server_that_answers_is_available(client, availability, other):
    await make(client)
    assert await availability.check(service(other)) == PASSED


async def test_a_server_that_answers_badly_is_not(client, availability, other):
    await make(client)
    other.status = 403
    found = await availability.check(service(other))
    assert (found.status, found.reason) == ("False", "FailedDiscoveryCheck")
    assert found.message.startswith("failing or missing response from https://127.0.0.1:")
    assert found.message.endswith("/apis/wardle.example.com/v1: 403")


async def test_a_server_that_cannot_be_trusted_is_not(client, availability, other):
    await make(client)
    found = await availability.check(service(other, ca_bundle=""))
    assert found.reason == "FailedDiscoveryCheck"
    assert "x509" in found.message


async def test_a_missing_service(availability, other):
    found = await availability.check(service(other))
    assert found == Finding("False", "ServiceNotFound", 'service/other in "tools" is not present')


@pytest.mark.parametrize(
    ("how", "reason", "message"),
    [
        ({"port": 80}, "ServicePortError", 'service/other in "tools" is not listening on port 443'),
        ({"slices": False}, "EndpointsNotFound", 'cannot find endpointslices for service/other in "tools"'),
        (
            {"endpoints": False},
            "MissingEndpoints",
            'endpointslices for service/other in "tools" have no addresses with port name "https"',
        ),
    ],
)
async def test_a_service_that_leads_nowhere(client, availability, other, how, reason, message):
    await make(client, **how)
    assert await availability.check(service(other)) == Finding("False", reason, message)


async def test_what_this_server_serves_is_available(availability, other):
    assert await availability.check(service(other, service=None)) == LOCAL


def test_a_condition_keeps_its_time_while_it_stays_as_it_is():
    first = with_finding({}, PASSED, "then")
    assert first["conditions"][0]["lastTransitionTime"] == "then"
    assert with_finding(first, PASSED, "now") is None
    other_words = with_finding(first, PASSED._replace(message="still"), "now")
    assert other_words["conditions"][0]["lastTransitionTime"] == "then"
    gone = with_finding(first, Finding("False", "R", "m"), "now")
    assert gone["conditions"] == [
        {"type": "Available", "status": "False", "lastTransitionTime": "now", "reason": "R", "message": "m"}
    ]
