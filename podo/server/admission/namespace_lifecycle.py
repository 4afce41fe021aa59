"""NamespaceLifecycle: nothing is made in a namespace that is missing or going, and some namespaces never go."""

from podo.api.errors import Forbidden, NotFound
from podo.api.types.core_v1 import Namespace
from podo.server.admission.base import Mutating
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
ALWAYS_ALLOWED = frozenset({("authorization.k8s.io", "localsubjectaccessreviews")})


class NamespaceLifecycle(Mutating):
    """For all that lies in namespaces, and for namespaces."""

    resources = None

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def mutate(self, attributes: Attributes) -> None:
        """Raises NotFound, Forbidden."""
        resource, operation = attributes.resource, attributes.operation
        is_namespace = (resource.group, resource.plural) == ("", "namespaces")
        if operation is Operation.DELETE and is_namespace and attributes.name in IMMORTAL:
            text = f'namespaces "{attributes.name}" is forbidden: this namespace may not be deleted'
            raise Forbidden(text, name=attributes.name, kind="namespaces")
        if operation is not Operation.CREATE or is_namespace or not attributes.namespace:
            return
        if (resource.group, resource.plural) in ALWAYS_ALLOWED:
            return
        await self._check(attributes)

    async def _check(self, attributes: Attributes) -> None:
        namespace, resource = attributes.namespace, attributes.resource
        found = await self._lookup.find(Namespace, namespace)
        if found is None:
            raise NotFound(f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
        if found.status.phase != "Terminating":
            return
        name = attributes.name
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        text = f'{resource.group_resource} "{name}" is forbidden: {why}'
        cause = {"reason": "NamespaceTerminating", "field": "metadata.namespace"}
        cause["message"] = f"namespace {namespace} is being terminated"
        raise Forbidden(text, name=name, group=resource.group, kind=resource.plural, causes=[cause])
