"""An API server, and short ways to put a policy in force and to write ConfigMaps under it."""

from typing import Any

import pytest

from tests.server.http.conftest import api  # noqa: F401
from tests.server.webhooks.conftest import Api

Object = dict[str, Any]
GROUP = "/apis/admissionregistration.k8s.io/v1"
RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


class Cluster:
    """What the tests say to the API server."""

    def __init__(self, call: Api) -> None:
        self.call = call

    async def policy(self, kind: str, spec: Object, binding: Object | None = None, name: str = "p") -> None:
        """Make a policy of a kind and bind it."""
        base = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": RULES}}
        if kind == "Mutating":
            base["reinvocationPolicy"] = "Never"
        bound = {"policyName": name} | ({"validationActions": ["Deny"]} if kind == "Validating" else {})
        for suffix, body in (("", base | spec), ("Binding", bound | (binding or {}))):
            made = f"{kind}AdmissionPolicy{suffix}"
            path = f"{GROUP}/{kind.lower()}admissionpolic{'ybindings' if suffix else 'ies'}"
            status, answer = await self.call("POST", path, self.object(made, name, body))
            assert status == 201, answer

    @staticmethod
    def object(kind: str, name: str, spec: Object) -> Object:
        api_version = "admissionregistration.k8s.io/v1"
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}

    async def configmap(self, data: Object, name: str = "c", **metadata: Any) -> tuple[int, Object]:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name} | metadata, "data": data}
        return await self.call("POST", CONFIGMAPS, body)


@pytest.fixture
def cluster(api) -> Cluster:  # noqa: F811
    return Cluster(Api(api))
