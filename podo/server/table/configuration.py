"""What configures and limits Pods, and who they are."""

from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import Cells, age, name, status


def config_map(obj: Object, now: datetime) -> Cells:
    """Name, how many keys, age."""
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def secret(obj: Object, now: datetime) -> Cells:
    """Name, type, how many keys, age."""
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def resource_quota(obj: Object, now: datetime) -> Cells:
    """Name, used and allowed of requests, of limits, age."""
    hard, used = status(obj).get("hard") or {}, status(obj).get("used") or {}
    texts = [(resource, f"{resource}: {used.get(resource, '0')}/{hard[resource]}") for resource in sorted(hard)]
    limits = [text for resource, text in texts if resource.startswith("limits.")]
    requests = [text for resource, text in texts if not resource.startswith("limits.")]
    return [name(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]
