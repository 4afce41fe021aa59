"""CustomResourceDefinitions: the status remembers which versions were ever stored."""

from podo.server.context import Context
from podo.server.strategy import Object, Strategy


class DefinitionStrategy(Strategy):
    """A version that is marked for storage is one that objects may be stored in."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        _remember(obj)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        _remember(obj)


def _remember(obj: Object) -> None:
    status = dict(obj.get("status") or {})
    stored = list(status.get("storedVersions") or ())
    wanted = [version.get("name", "") for version in obj["spec"]["versions"] if version.get("storage")]
    status["storedVersions"] = [*stored, *(name for name in wanted if name not in stored)] or None
    obj["status"] = status
