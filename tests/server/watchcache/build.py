"""Stored values for the watch cache's tests."""

from podo.server.watchcache.entry import Entry, stored_value


def value(name, *, namespace="", labels=None, **fields):
    meta = {"name": name} | ({"namespace": namespace} if namespace else {}) | ({"labels": labels} if labels else {})
    return stored_value({"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, **fields})


def entry(name, revision=5, *, namespace="ns", **more):
    return Entry(f"{namespace}/{name}", revision, value(name, namespace=namespace, **more))
