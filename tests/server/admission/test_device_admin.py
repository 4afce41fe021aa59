"""Access to devices that others use."""

import pytest

from podo.api.errors import Invalid
from podo.api.types.core_v1 import Namespace
from podo.api.types.resource_v1 import (
    DeviceClaim,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
    ResourceClaimTemplate,
    ResourceClaimTemplateSpec,
)
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.admission.device_admin import LABEL
from tests.server.admission.build import meta

REQUESTS = tuple(
    DeviceRequest(name=name, exactly=ExactDeviceRequest(device_class_name="c", admin_access=access))
    for name, access in (("a", None), ("b", True))
)
SPEC = ResourceClaimSpec(devices=DeviceClaim(requests=REQUESTS))
GRANTED = {"devices": {"results": [{"request": "a", "driver": "d", "pool": "p", "device": "x", "adminAccess": True}]}}


async def mark(client):
    await client.patch(
        Namespace, Key("", "default"), Patch(media_type=MERGE_PATCH, body={"metadata": {"labels": {LABEL: "true"}}})
    )


@pytest.mark.parametrize(
    "wanted",
    [
        ResourceClaim(metadata=meta("c"), spec=SPEC),
        ResourceClaimTemplate(metadata=meta("c"), spec=ResourceClaimTemplateSpec(spec=SPEC)),
    ],
    ids=["claim", "template"],
)
async def test_it_is_asked_for_in_namespaces_that_are_marked_for_it(client, wanted):
    with pytest.raises(Invalid, match=r"spec\.devices\.requests\[1\]\.adminAccess: Forbidden: admin access to devices"):
        await client.create(wanted)
    await mark(client)
    assert (await client.create(wanted)).metadata.name == "c"


async def test_it_is_granted_in_such_namespaces_only(client):
    plain = ResourceClaimSpec(devices=DeviceClaim(requests=REQUESTS[:1]))
    await client.create(ResourceClaim(metadata=meta("c"), spec=plain))
    patch = Patch(media_type=MERGE_PATCH, body={"status": {"allocation": GRANTED}})
    with pytest.raises(Invalid, match=r"status\.allocation\.devices\.results\[0\]\.adminAccess: Forbidden"):
        await client.patch(ResourceClaim, Key("default", "c"), patch, subresource="status")
    await mark(client)
    done = await client.patch(ResourceClaim, Key("default", "c"), patch, subresource="status")
    assert done.status.allocation.devices.results[0].admin_access
