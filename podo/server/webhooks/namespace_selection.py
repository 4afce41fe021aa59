"""Whether a webhook, or a policy, is for the namespace of a request: that takes a look at the namespace."""

from podo.api.errors import NotFound
from podo.api.selectors import from_object
from podo.api.types.core_v1 import Namespace
from podo.api.types.meta_v1 import LabelSelector
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.webhooks.matching import is_empty, labels_of, namespace_of


async def selects_namespace(selector: LabelSelector | None, attributes: Attributes, lookup: Lookup) -> bool:
    """Whether the selector fits the namespace of the request.

    Raises NotFound where that is not there.
    """
    namespace, is_namespace = namespace_of(attributes), attributes.resource.plural == "namespaces"
    if (not namespace and not is_namespace) or is_empty(selector):
        return True
    wanted = from_object(selector)
    written = attributes.operation in (Operation.CREATE, Operation.UPDATE) and not attributes.subresource
    if is_namespace and written:
        return wanted.matches(labels_of(attributes.obj or {}))
    found = await lookup.find(Namespace, namespace)
    if found is None:
        raise NotFound(f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
    return wanted.matches(found.metadata.labels or {})
