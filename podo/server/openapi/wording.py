"""What operations and their parameters do, in words."""

from podo.server.descriptions.texts import NOTHING, read
from podo.server.openapi.operations import Operation
from podo.server.openapi.parameters import Parameter

NAME, NAMESPACE = "{name}", "{namespace}"
BODY = "body"


class Wording:
    """The texts of the operations of one document."""

    def __init__(self) -> None:
        self._operations, self._parameters = read("operations"), read("parameters")

    def operation(self, path: str, operation: Operation) -> dict[str, str]:
        """The description of an operation on that path, as a member of its object."""
        text = self._operations.get(_case(path, operation), NOTHING).text
        if not text:
            return {}
        kind = operation.kind.kind if operation.kind is not None else ""
        below = path.partition(f"/{NAME}/")[2].partition("/")[0]
        return {"description": text.format(kind=kind, below=below, plural=_plural(path))}

    def parameter(self, parameter: Parameter) -> dict[str, str]:
        """The description of a parameter, as a member of its object."""
        return self._described(parameter.name)

    def body(self, operation: Operation) -> dict[str, str]:
        """The description of what is sent."""
        return self._described(f"{BODY} of {operation.method}")

    def _described(self, name: str) -> dict[str, str]:
        text = self._parameters.get(name, NOTHING).text
        return {"description": text} if text else {}


def _case(path: str, operation: Operation) -> str:
    """The name of the text: the action, and whether it is below an object or in a namespace."""
    if not operation.action:
        return next((end for end in ("APIResources", "APIGroup") if operation.id.endswith(end)), operation.id)
    if f"{NAME}/" in path:
        return f"{operation.action} below"
    if operation.action in ("list", "watchlist", "deletecollection"):
        place = " everywhere" if operation.id.endswith("ForAllNamespaces") else ""
        return f"{operation.action} in a namespace" if NAMESPACE in path else operation.action + place
    return operation.action


def _plural(path: str) -> str:
    """What the objects are called that a path is of."""
    return path.partition(f"/{NAME}")[0].rpartition("/")[2]
