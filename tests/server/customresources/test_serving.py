"""Definitions come, change and go; what they define is served accordingly."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from podo.api.errors import Conflict, Forbidden, Invalid, NotFound
from podo.server.context import Context, User
from podo.server.core import Core
from podo.server.customresources.bodies import coerced, decode_custom
from podo.server.customresources.kind import CustomServed
from podo.server.operations import Target
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection
from tests.server.customresources.build import GROUP, definition, shirt, spec_schema, version

USER = User("alice")
STRING: dict[str, Any] = {"type": "string"}


class Api:
    """What tests do to definitions and their objects."""

    def __init__(self, core: Core) -> None:
        self.core = core
        found = core.catalog.by_path("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        assert found is not None
        self.definitions = found

    def context(self, served: Served, namespace: str = "", subresource: str = "") -> Context:
        resource = served.resource
        return Context(
            USER,
            self.core.clock.now(),
            group=resource.group,
            version=resource.version,
            namespace=namespace,
            subresource=subresource,
            manager="test",
        )

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(2):
            while not holds():  # noqa: ASYNC110 - any of several tasks may make it so
                await asyncio.sleep(0)

    def served(self, name: str = "v1", plural: str = "shirts") -> CustomServed:
        found = self.core.catalog.by_path(GROUP, name, plural)
        assert isinstance(found, CustomServed)
        return found

    async def define(self, obj: dict[str, Any]) -> None:
        plural, first = obj["spec"]["names"]["plural"], obj["spec"]["versions"][0]["name"]
        await self.core.registry.create(self.context(self.definitions), self.definitions, obj)
        await self.until(lambda: self.core.catalog.by_path(GROUP, first, plural) is not None)

    async def redefine(self, change: Callable[[dict[str, Any]], None], name: str = f"shirts.{GROUP}") -> None:
        async def apply(obj: dict[str, Any], revision: int) -> dict[str, Any]:
            change(obj)
            return obj

        before = self.served().definition.revision
        await self.core.registry.update(self.context(self.definitions), self.definitions, name, apply)
        await self.until(lambda: self.served().definition.revision > before)

    async def create(self, obj: dict[str, Any], name: str = "v1") -> Entry:
        served = self.served(name)
        return await self.core.registry.create(self.context(served, "default"), served, obj)

    async def show(self, obj_name: str, name: str = "v1") -> dict[str, Any]:
        served = self.served(name)
        return served.client_form(await self.core.registry.get(served, "default", obj_name))

    async def patch(self, obj_name: str, body: bytes, kind: str = "merge-patch+json", name: str = "v1") -> None:
        served = self.served(name)
        context = self.context(served, "default")
        context.names_manager = True
        await self.core.operations.patch(context, Target(served, obj_name), f"application/{kind}", body)

    async def delete(self, obj_name: str) -> None:
        served = self.served()
        await self.core.registry.delete(self.context(served, "default"), served, obj_name, DeleteOptions())

    async def undefine(self) -> None:
        await self.core.registry.delete(
            self.context(self.definitions), self.definitions, f"shirts.{GROUP}", DeleteOptions()
        )


@pytest.fixture
def api(core: Core) -> Api:
    return Api(core)


async def test_a_definition_makes_a_kind(api: Api) -> None:
    await api.define(definition())
    await api.create(shirt(color="red"))
    shown = await api.show("s")
    assert shown["spec"] == {"color": "red"}
    assert shown["metadata"]["generation"] == 1
    assert api.served().resource.short_names == ()


async def test_an_object_that_breaks_the_schema_is_refused(api: Api) -> None:
    await api.define(definition())
    with pytest.raises(Invalid, match=r"spec.color in body must be of type string"):
        await api.create(shirt(color=5))


async def test_defaults_that_come_later_show_in_older_objects(api: Api) -> None:
    await api.define(definition())
    await api.create(shirt())

    def add(obj: dict[str, Any]) -> None:
        fields = obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        fields["size"] = STRING | {"default": "M"}

    await api.redefine(add)
    assert (await api.show("s"))["spec"] == {"size": "M"}
    assert (await api.show("s"))["metadata"]["generation"] == 1


async def test_versions_show_one_object_each_in_its_own_fields(api: Api) -> None:
    second = version("v2", spec_schema(color=STRING, two=STRING), storage=False)
    first = version("v1", spec_schema(color=STRING, one=STRING | {"default": "1"}))
    await api.define(definition(first, second))
    await api.create(shirt(color="red"))
    assert (await api.show("s", "v2"))["spec"] == {"color": "red"}
    await api.create(shirt("t", f"{GROUP}/v2", color="blue", two="2"), "v2")
    assert (await api.show("t"))["spec"] == {"color": "blue", "one": "1"}


async def test_a_change_in_a_version_that_does_not_know_all_fields_leaves_none_with_owners(api: Api) -> None:
    second = version("v2", spec_schema(color=STRING), storage=False)
    await api.define(definition(version("v1", spec_schema(color=STRING, one=STRING)), second))
    await api.create(shirt(color="red", one="1"))
    await api.create(shirt("whole", color="red"))

    async def paint(obj: dict[str, Any], revision: int) -> dict[str, Any]:
        obj["spec"]["color"] = "blue"
        return obj

    served = api.served("v2")
    for name, owned in (("s", False), ("whole", True)):
        await api.core.registry.update(api.context(served, "default"), served, name, paint)
        assert ("managedFields" in (await api.show(name))["metadata"]) is owned


async def test_a_body_of_another_version_is_read_by_that_version(api: Api) -> None:
    second = version("v2", spec_schema(two=STRING), storage=False)
    await api.define(definition(version("v1", spec_schema(one=STRING)), second))
    assert coerced(shirt(one="1", two="2"), api.served("v2")) == ['unknown field "spec.two"']
    assert coerced(shirt(one="1") | {"apiVersion": f"{GROUP}/v9"}, api.served("v2")) == ['unknown field "spec"']


async def test_the_storage_version_is_noted_and_old_objects_are_still_read(api: Api) -> None:
    await api.define(definition(version(), version("v2", storage=False)))
    await api.create(shirt(color="red"))

    def move(obj: dict[str, Any]) -> None:
        obj["spec"]["versions"][0]["storage"], obj["spec"]["versions"][1]["storage"] = False, True

    await api.redefine(move)
    entry = await api.core.registry.get(api.definitions, "", f"shirts.{GROUP}")
    assert entry.object()["status"]["storedVersions"] == ["v1", "v2"]
    assert (await api.show("s", "v2"))["spec"] == {"color": "red"}


async def test_a_version_that_is_no_longer_served_is_gone(api: Api) -> None:
    await api.define(definition(version(), version("v2", storage=False)))

    def stop(obj: dict[str, Any]) -> None:
        obj["spec"]["versions"][1]["served"] = False

    await api.redefine(stop)
    assert api.core.catalog.by_path(GROUP, "v2", "shirts") is None


async def test_status_is_written_by_itself(api: Api) -> None:
    schema = spec_schema(color=STRING)
    schema["properties"]["status"] = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
    await api.define(definition(version(schema=schema, subresources={"status": {}})))
    await api.create(shirt(color="red") | {"status": {"ready": True}})
    assert "status" not in await api.show("s")
    served = api.served()
    context = api.context(served, "default", "status")
    body = b'{"spec":{"color":"blue"},"status":{"ready":true}}'
    await api.core.operations.patch(context, Target(served, "s"), "application/merge-patch+json", body)
    shown = await api.show("s")
    assert (shown["spec"], shown["status"]) == ({"color": "red"}, {"ready": True})
    assert shown["metadata"]["generation"] == 1


async def test_without_a_status_subresource_the_status_is_like_any_field(api: Api) -> None:
    schema = spec_schema(color=STRING)
    schema["properties"]["status"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    await api.define(definition(version(schema=schema)))
    await api.create(shirt(color="red"))
    await api.patch("s", b'{"status":{"ready":true}}')
    assert (await api.show("s"))["metadata"]["generation"] == 2


async def test_apply_owns_elements_of_a_map_one_by_one(api: Api) -> None:
    item = {"type": "object", "required": ["k"], "properties": {"k": STRING, "v": STRING}}
    keyed = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    await api.define(definition(version(schema=spec_schema(parts=keyed))))
    head = f"apiVersion: {GROUP}/v1\nkind: Shirt\nmetadata: {{name: s}}\n".encode()
    await api.patch("s", head + b"spec: {parts: [{k: a, v: '1'}]}", "apply-patch+yaml")
    await api.patch("s", b'{"spec":{"parts":[{"k":"a","v":"1"},{"k":"b","v":"2"}]}}')
    await api.patch("s", head + b"spec: {parts: [{k: a, v: '1'}]}", "apply-patch+yaml")
    assert (await api.show("s"))["spec"]["parts"] == [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}]


async def test_selectable_fields_select(api: Api) -> None:
    from podo.api.selectors import parse_fields

    await api.define(definition(version(selectableFields=[{"jsonPath": ".spec.color"}])))
    await api.create(shirt("a", color="red"))
    await api.create(shirt("b", color="blue"))
    served = api.served()
    selector = served.selectable.translated(parse_fields("spec.color=blue"))
    found = await api.core.registry.list(served, Selection("default", None, selector), ListOptions())
    assert [entry.name for entry in found.entries] == ["b"]


async def test_fields_that_become_selectable_select_what_was_there(api: Api) -> None:
    from podo.api.selectors import parse_fields

    await api.define(definition())
    await api.create(shirt("a", color="red"))
    selection = Selection("default", None, parse_fields("metadata.name=a"))
    await api.core.registry.list(api.served(), selection, ListOptions())

    def select(obj: dict[str, Any]) -> None:
        obj["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": ".spec.color"}]

    await api.redefine(select)
    red = Selection("default", None, parse_fields("spec.color=red"))
    found = await api.core.registry.list(api.served(), red, ListOptions())
    assert [entry.name for entry in found.entries] == ["a"]


async def test_watches_end_when_the_schema_changes(api: Api) -> None:
    await api.define(definition())
    served = api.served()
    watcher = api.core.registry.watch(served, Selection(), await api.core.cache.consistent())

    def add(obj: dict[str, Any]) -> None:
        obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["more"] = STRING

    await api.redefine(add)
    assert watcher.closed
    api.core.registry.unwatch(served, watcher)


async def test_deleting_a_definition_deletes_its_objects_first(api: Api) -> None:
    await api.define(definition())
    await api.create(shirt())
    await api.undefine()
    await api.until(lambda: api.core.catalog.by_path(GROUP, "v1", "shirts") is None)
    with pytest.raises(NotFound):
        await api.core.registry.get(api.definitions, "", f"shirts.{GROUP}")
    await api.define(definition())
    with pytest.raises(NotFound):
        await api.show("s")


async def test_while_objects_are_held_nothing_new_is_made_and_the_definition_waits(api: Api) -> None:
    await api.define(definition())
    held = shirt()
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await api.create(held)
    await api.undefine()
    await api.until(lambda: "create" not in api.served().resource.verbs)
    with pytest.raises(Forbidden, match="create not allowed while custom resource definition is terminating"):
        await api.create(shirt("t"))
    await api.until(lambda: "deletionTimestamp" in _metadata(api, "s"))
    await api.patch("s", b'{"metadata":{"finalizers":null}}')
    await api.until(lambda: api.core.catalog.by_path(GROUP, "v1", "shirts") is None)


def _metadata(api: Api, name: str) -> dict[str, Any]:
    entry = api.core.cache.resource(api.served().stored.prefix).get(f"default/{name}")
    assert entry is not None
    found: dict[str, Any] = entry.object()["metadata"]
    return found


async def test_a_name_that_becomes_free_goes_to_who_waits_for_it(api: Api) -> None:
    await api.define(definition())
    second = definition(plural="tees")
    await api.core.registry.create(api.context(api.definitions), api.definitions, second)
    await api.undefine()
    await api.until(lambda: api.core.catalog.by_path(GROUP, "v1", "tees") is not None)


async def test_unconditional_updates_are_refused(api: Api) -> None:
    await api.define(definition())
    await api.create(shirt())
    served = api.served()
    with pytest.raises(Invalid, match=r"metadata.resourceVersion: Invalid value: 0: must be specified for an update"):
        await api.core.operations.replace(api.context(served, "default"), Target(served, "s"), shirt(color="red"))
    stale = shirt(color="red")
    stale["metadata"]["resourceVersion"] = "1"
    with pytest.raises(Conflict):
        await api.core.operations.replace(api.context(served, "default"), Target(served, "s"), stale)


async def test_bodies_lose_what_the_schema_does_not_know_and_say_so(api: Api) -> None:
    await api.define(definition())
    body = (
        b'{"apiVersion":"example.com/v1","kind":"Shirt","metadata":{"name":"s","bogus":1},"spec":{"zz":1,"color":"r"}}'
    )
    obj, warnings = decode_custom(body, "application/json", api.served(), "Warn")
    assert obj["spec"] == {"color": "r"}
    assert warnings == ['unknown field "metadata.bogus"', 'unknown field "spec.zz"']
