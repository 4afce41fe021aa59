"""Which resources the API serves: names, verbs, subresources, columns. Data from schema/resources.json."""

from functools import cache
from pathlib import Path

import msgspec


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the Table that `kubectl get` shows; priority 1 only under `-o wide`."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str | None = None  # None: it has none of its own


class Subresource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A path below an object. `group` and `version` are those of its kind where it is not the parent's ("": it is)."""

    kind: str
    verbs: tuple[str, ...]
    namespaced: bool
    group: str = ""
    version: str = ""


CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""What custom resources can do, in the order of discovery."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One resource of one version of a group. `plural` is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str = msgspec.field(name="name")
    singular: str = msgspec.field(name="singularName", default="")
    namespaced: bool
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: dict[str, Subresource] = {}
    columns: tuple[Column, ...] = ()
    storage_version_hash: str = ""

    @property
    def api_version(self) -> str:
        """What stands in objects: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """As error messages name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of the collection, an object of it, or a subresource of that."""
        parts = ["/apis" if self.group else "/api", self.api_version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *filter(None, (name, subresource))])


def custom(group: str, version: str, kind: str, plural: str, *, namespaced: bool = True) -> Resource:
    """A resource that a CustomResourceDefinition adds, as its users see it."""
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced=namespaced,
        verbs=CUSTOM_VERBS,
    )


@cache
def built_in() -> tuple[Resource, ...]:
    """All built-in resources, in the order in which discovery names them."""
    raw = (Path(__file__).parent / "schema" / "resources.json").read_bytes()
    return msgspec.json.decode(raw, type=tuple[Resource, ...])


@cache
def _by_path() -> dict[tuple[str, str, str], Resource]:
    return {(r.group, r.version, r.plural): r for r in built_in()}


@cache
def _by_kind() -> dict[tuple[str, str, str], Resource]:
    return {(r.group, r.version, r.kind): r for r in reversed(built_in())}


def by_path(group: str, version: str, plural: str) -> Resource | None:
    """The built-in resource with this plural name."""
    return _by_path().get((group, version, plural))


def by_kind(group: str, version: str, kind: str) -> Resource | None:
    """The built-in resource whose objects have this kind."""
    return _by_kind().get((group, version, kind))


def split_api_version(api_version: str) -> tuple[str, str]:
    """(group, version) of `apps/v1`; the group of `v1` is ""."""
    group, _, version = api_version.rpartition("/")
    return group, version
