"""Objects for these tests, as a client would send them, and one call that fills in their defaults."""

from copy import deepcopy
from typing import Any

from podo.server.defaulting import default

Object = dict[str, Any]


def filled(api_version: str, kind: str, **rest: Any) -> Object:
    """The object after defaulting; `rest` are its top-level fields."""
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **deepcopy(rest)}
    default(api_version, kind, obj)
    return obj


def pod(*, metadata: Object | None = None, **spec: Any) -> Object:
    """A defaulted Pod with one container unless `spec` has its own."""
    spec.setdefault("containers", [{"name": "c", "image": "i"}])
    return filled("v1", "Pod", spec=spec, **({"metadata": metadata} if metadata else {}))


def container(**fields: Any) -> Object:
    """The only container of a defaulted Pod."""
    return pod(containers=[{"name": "c", "image": "i", **fields}])["spec"]["containers"][0]


def volume(**source: Any) -> Object:
    """The only volume of a defaulted Pod."""
    return pod(volumes=[{"name": "v", **source}])["spec"]["volumes"][0]
