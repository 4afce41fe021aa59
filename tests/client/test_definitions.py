from typing import Any

import pytest

from podo.api.types.networking_v1 import IngressClass
from podo.client.base import APPLY_PATCH, MERGE_PATCH, Key, Patch
from podo.client.definitions import WRITTEN, ensure
from podo.server.core import running_core
from podo.server.fields import Fields, built_in_versions
from podo.server.patching import Patches
from podo.store.memory import MemoryStore

KEY = Key("", "web")


@pytest.fixture
async def api(clock):
    fields, patcher = Fields(built_in_versions), Patches(built_in_versions)
    async with running_core(MemoryStore(), clock, fields=fields, patcher=patcher) as core:
        yield core.client()


def body(controller: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": KEY.name, "annotations": {"ours": "yes"}},
        "spec": {"controller": controller},
    }


def applied(manifest: dict[str, Any], by: str) -> Patch:
    return Patch(media_type=APPLY_PATCH, body=manifest, field_manager=by)


async def test_what_is_missing_is_written_once(api):
    await ensure(api, IngressClass, body("podo/ingress"))
    written = await api.get(IngressClass, KEY)
    assert (written.spec.controller, written.metadata.annotations["ours"]) == ("podo/ingress", "yes")
    await ensure(api, IngressClass, body("podo/ingress"))
    assert await api.get(IngressClass, KEY) == written


async def test_what_an_older_podo_wrote_is_brought_up_to_date(api):
    await api.patch(IngressClass, KEY, applied(body("podo/ingress"), "podo"))
    await api.patch(IngressClass, KEY, Patch(media_type=MERGE_PATCH, body={"metadata": {"labels": {"seen": "yes"}}}))
    newer = body("podo/ingress")
    newer["spec"]["parameters"] = {"kind": "Settings", "name": "new"}
    await ensure(api, IngressClass, newer)
    found = await api.get(IngressClass, KEY)
    assert (found.spec.parameters.name, found.metadata.labels) == ("new", {"seen": "yes"})
    assert WRITTEN in found.metadata.annotations


async def test_what_somebody_else_wrote_is_left_to_them(api):
    await api.patch(IngressClass, KEY, applied(body("theirs/ingress"), "helm"))
    await ensure(api, IngressClass, body("podo/ingress"))
    assert (await api.get(IngressClass, KEY)).spec.controller == "theirs/ingress"
