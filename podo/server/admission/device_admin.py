"""Access to devices that others use (`adminAccess`) is for namespaces that are marked for it (KEP-5018).

Kubernetes asks this in the strategies of the kinds, so it is no plug-in that can be turned off.
"""

from collections.abc import Iterator

from podo.api.field_errors import FieldError, forbidden, invalid_object
from podo.api.types.core_v1 import Namespace
from podo.server.admission.base import Validating, group_resource
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.strategy import Object

CLAIMS = ("resource.k8s.io", "resourceclaims")
TEMPLATES = ("resource.k8s.io", "resourceclaimtemplates")
LABEL = "resource.kubernetes.io/admin-access"
UNMARKED = f"admin access to devices requires the `{LABEL}: true` label on the containing namespace"


class DeviceAdminAccess(Validating):
    """Looks at the namespace only where somebody asks for such access."""

    resources = frozenset({CLAIMS, TEMPLATES})

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def validate(self, attributes: Attributes) -> None:
        """Raises Invalid."""
        path = next(asked(attributes), None)
        if path is None:
            return
        namespace = await self._lookup.find(Namespace, attributes.namespace)
        if namespace is not None and namespace.metadata.labels.get(LABEL) == "true":
            return
        resource, name = attributes.resource, (attributes.obj or {})["metadata"].get("name", "")
        errors: list[FieldError] = [forbidden(path, UNMARKED)]
        raise invalid_object(resource.group, resource.kind, name, errors)


def asked(attributes: Attributes) -> Iterator[str]:
    """The paths at which access is asked for by what is new; a spec is immutable, and so is an allocation."""
    obj = attributes.obj or {}
    if attributes.operation is Operation.CREATE and not attributes.subresource:
        spec = obj["spec"] if group_resource(attributes) == CLAIMS else obj["spec"].get("spec", {})
        for index, request in enumerate(spec.get("devices", {}).get("requests") or ()):
            if request.get("exactly", {}).get("adminAccess"):
                yield f"spec.devices.requests[{index}].adminAccess"
    elif attributes.subresource == "status" and not any(_granted(attributes.old or {})):
        for index, granted in enumerate(_granted(obj)):
            if granted:
                yield f"status.allocation.devices.results[{index}].adminAccess"


def _granted(claim: Object) -> list[bool]:
    devices = (claim.get("status", {}).get("allocation") or {}).get("devices", {})
    return [bool(result.get("adminAccess")) for result in devices.get("results", ())]
