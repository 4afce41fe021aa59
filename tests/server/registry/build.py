"""What a kind's strategy makes of an object at create and at update."""

from copy import deepcopy
from datetime import UTC, datetime

from podo.api.resources import split_api_version
from podo.server.context import Context, User
from podo.server.defaulting import default
from podo.server.registry.strategies import strategy_for
from podo.server.strategy import Object, Strategy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USER = User("jo", "1", ("devs",), {"k": ("v",)})


def asked(subresource: str = "", group: str = "") -> Context:
    return Context(USER, NOW, group, subresource=subresource, namespace="ns")


def rules(obj: Object) -> Strategy:
    return strategy_for(split_api_version(obj["apiVersion"])[0], obj["kind"])


def created(obj: Object) -> Object:
    """`obj` as it is stored."""
    obj = deepcopy(obj)
    rules(obj).prepare_create(obj, asked())
    return obj


def updated(old: Object, subresource: str = "", **fields: object) -> Object:
    """`old` with other top-level fields, as it is stored."""
    new = deepcopy(old) | deepcopy(fields)
    default(new["apiVersion"], new["kind"], new)
    strategy, ctx = rules(new), asked(subresource)
    (strategy.prepare_status if subresource == "status" else strategy.prepare_update)(new, old, ctx)
    return new


def warned(obj: Object, old: Object | None = None) -> list[str]:
    return list(rules(obj).warnings(obj, old))
