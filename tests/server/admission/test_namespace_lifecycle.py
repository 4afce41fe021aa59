"""Nothing is made in a namespace that is missing or going."""

import pytest

from podo.api import resources
from podo.api.errors import Forbidden, NotFound
from podo.api.types.core_v1 import Namespace, NamespaceStatus
from podo.clock import VirtualClock
from podo.server.admission.chain import Chain
from podo.server.admission.namespace_lifecycle import NamespaceLifecycle
from podo.server.admission_point import Attributes, Operation
from podo.server.context import ANONYMOUS, Context


class Known:
    """Two namespaces, of which one goes."""

    async def find(self, cls, name, namespace="", *, patience=0):
        phases = {"a": "Active", "going": "Terminating"}
        return Namespace(status=NamespaceStatus(phase=phases[name])) if name in phases else None


def attributes(operation=Operation.CREATE, namespace="a", plural="configmaps", name="x", group=""):
    ctx = Context(ANONYMOUS, VirtualClock().now(), namespace=namespace)
    return Attributes(ctx, operation, resources.by_path(group, "v1", plural), namespace, name, {})


@pytest.fixture
def plugin():
    return Chain({"NamespaceLifecycle": NamespaceLifecycle(Known())})


async def test_objects_are_made_where_there_is_a_namespace(plugin):
    await plugin.mutate(attributes())
    await plugin.validate(attributes())


async def test_nothing_is_made_where_there_is_none(plugin):
    with pytest.raises(NotFound, match='namespaces "none" not found'):
        await plugin.mutate(attributes(namespace="none"))


async def test_nothing_new_is_made_in_a_namespace_that_goes(plugin):
    with pytest.raises(Forbidden, match="because it is being terminated") as caught:
        await plugin.mutate(attributes(namespace="going"))
    assert caught.value.details["causes"][0]["reason"] == "NamespaceTerminating"
    await plugin.mutate(attributes(Operation.UPDATE, namespace="going"))
    await plugin.mutate(attributes(Operation.DELETE, namespace="going"))


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_some_namespaces_never_go(plugin, name):
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        await plugin.mutate(attributes(Operation.DELETE, namespace="", plural="namespaces", name=name))


async def test_other_namespaces_may_go(plugin):
    await plugin.mutate(attributes(Operation.DELETE, namespace="", plural="namespaces", name="a"))


async def test_what_has_no_namespace_is_made_anywhere(plugin):
    await plugin.mutate(attributes(namespace="", plural="nodes"))


async def test_questions_may_be_asked_about_any_namespace(plugin):
    plural = "localsubjectaccessreviews"
    await plugin.mutate(attributes(namespace="none", plural=plural, group="authorization.k8s.io"))
