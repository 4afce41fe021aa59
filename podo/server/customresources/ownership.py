"""Field ownership of custom resources: their versions, and what writes to each resource do not own."""

from podo.server.fields import VersionsOf
from podo.server.patch.typed.schema import Node
from podo.server.patch.versions import Versions
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

from .kind import CustomServed
from .node import root_node


class CustomVersions:
    """The `Versions` of one definition; types are made when first asked for."""

    def __init__(self, served: CustomServed) -> None:
        self._served = served
        self._nodes: dict[str, Node] = {}

    def node(self, api_version: str) -> Node | None:
        group, _, version = api_version.rpartition("/")
        if group != self._served.resource.group or version not in self._served.definition.schemas:
            return None
        if api_version not in self._nodes:
            self._nodes[api_version] = root_node(self._served.definition.structural(version))
        return self._nodes[api_version]

    def convert(self, obj: Object, api_version: str) -> Object:
        return obj if obj.get("apiVersion") == api_version else obj | {"apiVersion": api_version}

    def empty(self, api_version: str) -> Object:
        return {"kind": self._served.resource.kind, "apiVersion": api_version}


def versions_of(others: VersionsOf) -> VersionsOf:
    """Versions of custom resources; those of all other kinds are as `others` says."""

    def find(served: Served) -> Versions:
        if not isinstance(served, CustomServed):
            return others(served)
        found = served.made.get("versions")
        if found is None:
            found = served.made["versions"] = CustomVersions(served)
        assert isinstance(found, CustomVersions)
        return found

    return find
