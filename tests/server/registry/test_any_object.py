"""Whatever is sent as an object of a built-in kind is stored or refused: nothing makes the server fail."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podo.api import resources, schema
from podo.api.errors import APIError
from podo.clock import VirtualClock
from podo.server.bodies import Bodies
from podo.server.context import Context
from podo.server.core import MASTER, running_core
from podo.server.decoding.go_types import struct
from podo.store.memory import MemoryStore
from tests.golden.cases import FOLDER, read
from tests.server.decoding.test_ways import values

KINDS = [r for r in resources.built_in() if "update" in r.verbs]
CHOSEN_BY_SERVER = ("namespace", "generateName", "uid", "resourceVersion", "deletionTimestamp", "managedFields")
SHOWN_AS_OBJECT = ("status", "resize", "ephemeralcontainers", "approval", "finalize")
MANY = settings(max_examples=6, suppress_health_check=list(HealthCheck), deadline=None)


def good_objects():
    """An object that is accepted, by apiVersion and kind."""
    found = {}
    for case in read(FOLDER / "create-defaulting.xz"):
        body, step = case.steps[0].body, case.steps[0]
        if isinstance(body, dict) and step.method == "POST" and step.answer.status == 201 and "kind" in body:
            text = json.dumps(body).replace("${NS}", "ns").replace("${U}", "u")
            found.setdefault((body["apiVersion"], body["kind"]), json.loads(text))
    return found


GOOD = good_objects()


def table_of(resource):
    return struct(schema.type_for(resource.group, resource.version, resource.kind).name)


def context(core, resource, subresource=""):
    namespace = "ns" if resource.namespaced else ""
    return Context(
        MASTER,
        core.clock.now(),
        group=resource.group,
        version=resource.version,
        subresource=subresource,
        namespace=namespace,
        manager="m",
        dry_run=True,
    )


def named(value, name, **more):
    """The value as an object of that name, free of what only the server may say."""
    metadata = {k: v for k, v in (value.get("metadata") or {}).items() if k not in CHOSEN_BY_SERVER}
    rest = {k: v for k, v in value.items() if k not in ("kind", "apiVersion", "metadata")}
    return rest | {"metadata": metadata | {"name": name} | more}


async def sent(resource, write, value):
    """Decode, and write."""
    with suppress(APIError):
        await write(Bodies().decode(json.dumps(value).encode(), "application/json", resource, "", "Warn")[0])


@pytest.mark.parametrize("resource", KINDS, ids=lambda r: f"{r.group or 'core'}-{r.version}-{r.plural}")
@MANY
@given(data=st.data())
async def test_any_new_object_is_stored_or_refused(resource, data):
    value = data.draw(values(table_of(resource), 5))
    async with running_core(MemoryStore(), VirtualClock()) as core:
        served = core.catalog.by_path(resource.group, resource.version, resource.plural)

        async def create(obj):
            await core.registry.create(context(core, resource), served, obj)

        await sent(served, create, named(value, "x"))


@pytest.mark.parametrize(
    "resource",
    [r for r in KINDS if (r.api_version, r.kind) in GOOD],
    ids=lambda r: f"{r.group or 'core'}-{r.version}-{r.plural}",
)
@MANY
@given(data=st.data())
async def test_any_change_of_an_object_is_stored_or_refused(resource, data):
    good = GOOD[resource.api_version, resource.kind]
    subresource = data.draw(st.sampled_from(["", *(s for s in SHOWN_AS_OBJECT if s in resource.subresources)]))
    value = data.draw(values(table_of(resource), 5))
    async with running_core(MemoryStore(), VirtualClock()) as core:
        served = core.catalog.by_path(resource.group, resource.version, resource.plural)
        made = Bodies().decode(json.dumps(good).encode(), "application/json", served, "", "Warn")[0]
        made["metadata"].pop("namespace", None)
        ctx = context(core, resource)
        ctx.dry_run = False
        entry = await core.registry.create(ctx, served, made)

        async def update(obj):
            async def change(current, revision):
                return current | {k: v for k, v in obj.items() if k != "metadata"}

            await core.registry.update(context(core, resource, subresource), served, entry.name, change)

        await sent(served, update, named(value, entry.name))
