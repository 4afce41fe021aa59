"""Definitions and objects for tests."""

from typing import Any

Object = dict[str, Any]
GROUP = "example.com"


def spec_schema(**fields: Any) -> Object:
    """A schema whose spec has these fields."""
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}


def version(name: str = "v1", schema: Object | None = None, **more: Any) -> Object:
    shown = schema if schema is not None else spec_schema(color={"type": "string"})
    return {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": shown}} | more


def definition(*versions: Object, plural: str = "shirts", kind: str = "Shirt", scope: str = "Namespaced") -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": list(versions) or [version()],
        },
        "status": {"storedVersions": ["v1"]},
    }


def shirt(name: str = "s", api_version: str = f"{GROUP}/v1", kind: str = "Shirt", **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": fields}
