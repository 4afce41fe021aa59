"""The registry: what every kind can do."""

import asyncio

import pytest

from podo.api.errors import AlreadyExists, APIError, BadRequest, Conflict, Forbidden, Invalid, NotFound
from podo.server.core import running_core
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.selection import Selection
from podo.store.memory import MemoryStore

from .lab import Lab


@pytest.fixture
def lab(core):
    return Lab(core)


async def test_what_only_the_server_decides_is_not_taken_from_the_client(lab):
    given = lab.obj()
    given["metadata"] |= {"uid": "mine", "creationTimestamp": "2000-01-01T00:00:00Z", "selfLink": "/x"}
    given["metadata"] |= {"deletionTimestamp": "2000-01-01T00:00:00Z"}
    meta = (await lab.create(given))["metadata"]
    assert meta["uid"] != "mine"
    assert meta["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert not {"selfLink", "deletionTimestamp"} & meta.keys()


async def test_an_object_of_another_namespace_is_refused(lab):
    given = lab.obj()
    given["metadata"]["namespace"] = "other"
    with pytest.raises(BadRequest, match="does not match the namespace sent on the request"):
        await lab.create(given)


async def test_a_name_that_nobody_may_have_is_invalid(lab):
    with pytest.raises(Invalid, match=r'ConfigMap "A_b" is invalid: metadata\.name'):
        await lab.create(lab.obj("A_b"))


async def test_a_new_object_may_not_claim_a_revision(lab):
    given = lab.obj()
    given["metadata"]["resourceVersion"] = "7"
    with pytest.raises(APIError, match="resourceVersion should not be set on objects to be created"):
        await lab.create(given)


async def test_a_dry_run_says_what_would_be_and_does_nothing(lab):
    shown = await lab.create(dry_run=True)
    assert shown["metadata"]["uid"]
    assert "resourceVersion" not in shown["metadata"]
    with pytest.raises(NotFound):
        await lab.update(lambda obj: None)
    await lab.create()
    with pytest.raises(AlreadyExists):
        await lab.create(dry_run=True)
    await lab.update(lambda obj: obj.update(data={"a": "b"}), dry_run=True)
    assert "data" not in await lab.update(lambda obj: None)


async def test_writers_at_once_lose_nothing(lab):
    await lab.create(lab.obj(data={}))

    def add(number):
        return lambda obj: obj.setdefault("data", {}).update({f"k{number}": "v"})

    await asyncio.gather(*(lab.update(add(number)) for number in range(20)))
    assert len((await lab.update(lambda obj: None))["data"]) == 20


async def test_an_update_keeps_what_no_update_may_change(lab):
    made = await lab.create()

    def change(obj):
        del obj["metadata"]["uid"], obj["metadata"]["creationTimestamp"]
        obj["data"] = {"a": "b"}

    changed = await lab.update(change)
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    assert changed["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]


async def test_another_uid_means_another_object(lab):
    await lab.create()

    async def change(current, revision):
        return current

    with pytest.raises(Conflict, match=r"StorageError: invalid object, Code: 4, Key: /registry/configmaps/ns/x"):
        await lab.core.registry.update(lab.ctx(), lab.served, "x", change, uid="other")


async def test_some_kinds_demand_the_revision_that_was_seen(core):
    lab = Lab(core, "coordination.k8s.io", "leases")
    await lab.create(lab.obj(spec={}))

    def change(obj):
        del obj["metadata"]["resourceVersion"]
        obj["spec"] = {"holderIdentity": "me"}

    with pytest.raises(Invalid, match=r"metadata\.resourceVersion: Invalid value: 0: must be specified for an update"):
        await lab.update(change)


async def test_some_kinds_are_made_by_an_update(core):
    lab = Lab(core, "coordination.k8s.io", "leases")

    async def change(current, revision):
        return lab.obj(spec={"holderIdentity": "me"})

    _, made = await core.registry.update(lab.ctx(), lab.served, "x", change)
    assert made


async def test_generation_counts_changes_of_what_is_wanted(core):
    lab = Lab(core, "networking.k8s.io", "ingressclasses")
    made = await lab.create(lab.obj(spec={"controller": "a.b/c"}))
    assert made["metadata"]["generation"] == 1
    labelled = await lab.update(lambda obj: obj["metadata"].update(labels={"a": "b"}))
    assert labelled["metadata"]["generation"] == 1
    changed = await lab.update(
        lambda obj: obj["spec"].update(parameters={"kind": "K", "name": "n", "scope": "Cluster"})
    )
    assert changed["metadata"]["generation"] == 2


async def test_an_unchanged_object_is_not_written(lab):
    made = await lab.create()
    assert (await lab.update(lambda obj: None))["metadata"] == made["metadata"]


async def test_owner_references_stand_only_once(lab):
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    given = lab.obj()
    given["metadata"]["ownerReferences"] = [owner, dict(owner)]
    ctx = lab.ctx()
    entry = await lab.core.registry.create(ctx, lab.served, given)
    assert len(entry.object()["metadata"]["ownerReferences"]) == 1
    assert "duplicate" in ctx.warnings[0]


async def test_a_held_object_takes_no_new_finalizers(lab):
    given = lab.obj()
    given["metadata"]["finalizers"] = ["a.b/c"]
    await lab.create(given)
    await lab.delete()
    with pytest.raises(Invalid, match="no new finalizers can be added if the object is being deleted"):
        await lab.update(lambda obj: obj["metadata"].update(finalizers=["a.b/c", "d.e/f"]))


async def test_a_collection_is_deleted_as_selected(lab):
    for name in "abc":
        await lab.create(lab.obj(name))
    found = await lab.core.registry.delete_collection(
        lab.ctx(), lab.served, Selection("ns"), ListOptions(limit=2), DeleteOptions()
    )
    assert [entry.name for entry in found.entries] == ["a", "b"]
    left = await lab.core.registry.list(lab.served, Selection("ns"), ListOptions())
    assert [entry.name for entry in left.entries] == ["c"]


class Refusing:
    """Admission that refuses all but what it has changed."""

    def __init__(self):
        self.seen = []

    async def mutate(self, attributes):
        if attributes.obj is not None:
            attributes.obj["data"] = {"by": "admission"}

    async def validate(self, attributes):
        self.seen.append((attributes.operation.value, attributes.name))
        if attributes.name == "no":
            raise Forbidden("refused")


async def test_admission_changes_and_refuses(clock):
    admission = Refusing()
    async with running_core(MemoryStore(), clock, admission=lambda cache, catalog: admission) as core:
        lab = Lab(core)
        assert (await lab.create())["data"] == {"by": "admission"}
        with pytest.raises(Forbidden):
            await lab.create(lab.obj("no"))
        await lab.update(lambda obj: obj.update(data={}))
        await lab.delete()
    assert admission.seen == [("CREATE", "x"), ("CREATE", "no"), ("UPDATE", "x"), ("DELETE", "x")]


class Counting:
    """A hook that counts."""

    def __init__(self):
        self.log = []

    async def begin(self, ctx, obj, old):
        self.log.append("create" if old is None else "update")

        async def finish(done):
            self.log.append(done)

        return finish

    async def deleted(self, ctx, obj):
        self.log.append("deleted")


async def test_hooks_stand_around_writes(lab):
    hook = lab.core.registry.hooks["", "ConfigMap"] = Counting()
    await lab.create()
    with pytest.raises(AlreadyExists):
        await lab.create()
    await lab.update(lambda obj: obj.update(data={"a": "b"}))
    await lab.delete()
    assert hook.log == ["create", True, "create", False, "update", True, "deleted"]
