"""The kinds that tests of ownership use, and a short way to read managedFields."""

from podo.server.decoding.go_types import blank
from podo.server.decoding.objects import Kind, table_of
from podo.server.patch.fieldset import paths
from podo.server.patch.versions import built_in

CONFIG_MAP, DEPLOYMENT = Kind("", "v1", "ConfigMap"), Kind("apps", "v1", "Deployment")
POD = Kind("", "v1", "Pod")
T1, T2, T3 = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"


def versions(kind):
    return built_in(kind.group, kind.version, kind.kind, blank(table_of(kind)))


def config_map(data=None, **metadata):
    obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"} | metadata}
    return obj | ({"data": data} if data is not None else {})


def owners(obj):
    """Who owns what: `{"kubectl/Apply": {"data/a"}}`; elements of lists as they are written."""
    found = {}
    for entry in obj["metadata"].get("managedFields", ()):
        key = f"{entry.get('manager', '')}/{entry['operation']}"
        key += f"/{entry['subresource']}" if entry.get("subresource") else ""
        found[key] = {"/".join(p.removeprefix("f:") for p in path) for path in paths(entry["fieldsV1"])}
    return found


def times(obj):
    return {entry.get("manager", ""): entry.get("time") for entry in obj["metadata"].get("managedFields", ())}
