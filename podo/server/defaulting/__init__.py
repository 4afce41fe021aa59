"""What the server fills in: canonical form, then defaults. Pure functions over dicts, run after every decode and patch.

Reads no other object and knows no store. Start with `default` here; `canonical.py` says what the canonical form is, and
there is one module a group (`core.py`, `pod.py`, `volumes.py`, `apps.py`, …).
"""

from collections.abc import Callable
from typing import Any

from podo.api import schema
from podo.server.defaulting import (
    admissionregistration,
    apiextensions,
    apps,
    autoscaling,
    batch,
    core,
    flowcontrol,
    networking,
    rbac,
    resource,
    storage,
)
from podo.server.defaulting.canonical import canonical, plan_of

Object = dict[str, Any]
Default = Callable[[Object], None]

DEFAULTS: dict[tuple[str, str], Default] = {
    **core.DEFAULTS,
    **apps.DEFAULTS,
    **batch.DEFAULTS,
    **autoscaling.DEFAULTS,
    **networking.DEFAULTS,
    **storage.DEFAULTS,
    **rbac.DEFAULTS,
    **flowcontrol.DEFAULTS,
    **resource.DEFAULTS,
    **admissionregistration.DEFAULTS,
    **apiextensions.DEFAULTS,
}


def default(api_version: str, kind: str, obj: Object, live: Object | None = None) -> None:
    """Bring a decoded object of a built-in kind into canonical form and fill in its defaults, in place.

    `live` is the object as it is stored in the same version, if it is, and so in canonical form.
    An object of a kind that is not built in is left as it is.
    """
    group, _, version = api_version.rpartition("/")
    try:
        name = schema.type_for(group, version, kind).name
    except KeyError:
        return
    canonical(obj, plan_of(name), live or {})
    if fill := DEFAULTS.get((api_version, kind)):
        fill(obj)
