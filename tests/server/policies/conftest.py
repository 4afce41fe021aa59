"""The API with its default admission, and short ways to put a policy in force and to write objects under it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from podo.api.errors import APIError
from podo.api.types.core_v1 import ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.server.admission.default_set import default_admission
from podo.server.authorization.default_set import default_access
from podo.server.context import Context, User
from podo.server.core import Core, running_core, system_chance
from podo.store.memory import MemoryStore
from tests.server.admission.build import namespace

Object = dict[str, Any]
REGISTRATION = "admissionregistration.k8s.io"
RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]
ADMIN = User("admin", groups=("system:masters",))


class Cluster:
    """What the tests say to the API; `warnings` are those of the last request."""

    def __init__(self, core: Core, clock: Any) -> None:
        self.core, self._clock = core, clock
        self.client = core.client()
        self.warnings: list[str] = []

    async def create(self, plural: str, body: Object, group: str = "", namespace: str = "") -> tuple[int, Object]:
        """(status, body) of a POST."""
        served = self.core.catalog.by_path(group, "v1", plural)
        assert served is not None
        ctx = Context(ADMIN, self._clock.now(), group=group, version="v1", namespace=namespace)
        if namespace:
            body["metadata"]["namespace"] = namespace
        try:
            entry = await self.core.registry.create(ctx, served, body)
        except APIError as error:
            return error.code, error.status()
        finally:
            self.warnings = ctx.warnings
        return 201, served.client_form(entry)

    async def policy(self, kind: str, spec: Object, binding: Object | None = None, name: str = "p") -> None:
        """Make a policy of a kind and bind it."""
        base = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": RULES}}
        if kind == "Mutating":
            base["reinvocationPolicy"] = "Never"
        bound = {"policyName": name} | ({"validationActions": ["Deny"]} if kind == "Validating" else {})
        for suffix, body in (("", base | spec), ("Binding", bound | (binding or {}))):
            made = {"apiVersion": f"{REGISTRATION}/v1", "kind": f"{kind}AdmissionPolicy{suffix}"}
            plural = f"{kind.lower()}admissionpolic{'ybindings' if suffix else 'ies'}"
            made |= {"metadata": {"name": name}, "spec": body}
            status, answer = await self.create(plural, made, REGISTRATION)
            assert status == 201, answer

    async def configmap(self, data: Object, name: str = "c", **metadata: Any) -> tuple[int, Object]:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name} | metadata, "data": data}
        return await self.create("configmaps", body, namespace="default")

    async def pod(self, **container: Any) -> tuple[int, Object]:
        body: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
        body["spec"] = {"containers": [{"name": "c", "image": "i:1"} | container]}
        return await self.create("pods", body, namespace="default")


@pytest.fixture
async def cluster(clock) -> AsyncIterator[Cluster]:
    def admission(cache, catalog):
        return default_admission(cache, catalog, default_access(cache, catalog).authorizer)

    async with running_core(MemoryStore(), clock, admission=admission, chance=system_chance(1)) as running:
        made = Cluster(running, clock)
        await made.client.create(namespace("default"))
        await made.client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
        yield made
