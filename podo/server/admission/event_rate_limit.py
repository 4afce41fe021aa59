"""EventRateLimit: so many Events a second, of everybody, a namespace, a user, or about one object.

Off unless the server is told to ask it. Each limit has buckets of `burst` Events that fill again by `qps` a second.
"""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from podo.api.errors import TooManyRequests
from podo.server.admission.base import GroupResource, Validating
from podo.server.admission.configuration import Chosen
from podo.server.admission_point import Attributes, Operation
from podo.server.options import OptionError

NAME = "EventRateLimit"
VERSIONS = ("eventratelimit.admission.k8s.io/v1alpha1",)
REMEMBERED = 4096
"""Buckets, where the configuration does not say how many."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One limit; `type` is a key of KEYS."""

    type: str
    qps: int
    burst: int
    cache_size: int = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the plug-in is told."""

    limits: tuple[Limit, ...] = ()


def _object(attributes: Attributes) -> str:
    event = attributes.obj or {}
    source, about = event.get("source") or {}, event.get("involvedObject") or {}
    parts = [source.get(name, "") for name in ("component", "host")]
    parts += [about.get(name, "") for name in ("kind", "namespace", "name", "uid", "apiVersion")]
    return "".join(parts)


KEYS: dict[str, Callable[[Attributes], str]] = {
    "Server": lambda attributes: "",
    "Namespace": lambda attributes: attributes.namespace,
    "User": lambda attributes: attributes.ctx.user.name,
    "SourceAndObject": _object,
}
"""Which bucket an Event is taken from, by the type of limit."""


class Buckets:
    """The buckets of one limit. Those that were used longest ago are forgotten, which fills them."""

    def __init__(self, limit: Limit, now: Callable[[], float]) -> None:
        self.limit, self._now, self._key = limit, now, KEYS[limit.type]
        self._size = limit.cache_size or REMEMBERED
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is in each bucket, and as of when."""

    def refusal(self, attributes: Attributes) -> str | None:
        """Take one from its bucket; where there is none, why not."""
        key, now, limit = self._key(attributes), self._now(), self.limit
        tokens, since = self._held.pop(key, (float(limit.burst), now))
        tokens = min(float(limit.burst), tokens + (now - since) * limit.qps)
        has_one = tokens >= 1
        self._held[key] = tokens - 1 if has_one else tokens, now
        if len(self._held) > self._size:
            self._held.popitem(last=False)
        return None if has_one else f"limit reached on type {limit.type} for key {key}"


class EventRateLimit(Validating):
    """For Events of the core group, as Kubernetes has it. Dry runs do not count."""

    resources: frozenset[GroupResource] | None = frozenset({("", "events")})

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._all = [Buckets(limit, now) for limit in limits.limits]

    async def validate(self, attributes: Attributes) -> None:
        """Raises TooManyRequests. All limits are asked, also when one has refused."""
        if attributes.ctx.dry_run or attributes.operation not in (Operation.CREATE, Operation.UPDATE):
            return
        reasons = [reason for buckets in self._all if (reason := buckets.refusal(attributes)) is not None]
        if reasons:
            reasons = list(dict.fromkeys(reasons))
            text = reasons[0] if len(reasons) == 1 else f"[{', '.join(reasons)}]"
            raise TooManyRequests(f"Too many requests: {text}")


def event_rate_limit(chosen: Chosen, now: Callable[[], float]) -> EventRateLimit:
    """The plug-in with its limits; `now` gives seconds. Raises OptionError."""
    limits = chosen.told(NAME, Limits, "Configuration", VERSIONS) or Limits()
    if faults := _faults(limits):
        raise OptionError(f"{NAME}: {', '.join(faults)}")
    return EventRateLimit(limits, now)


def _faults(limits: Limits) -> list[str]:
    """What is wrong with the limits, in words."""
    faults = [] if limits.limits else ["limits: Invalid value: must not be empty"]
    for at, limit in enumerate(limits.limits):
        if limit.type not in KEYS:
            values = ", ".join(f'"{name}"' for name in sorted(KEYS))
            faults.append(f'limits[{at}].type: Unsupported value: "{limit.type}": supported values: {values}')
        for name, value in (("burst", limit.burst), ("qps", limit.qps)):
            if value <= 0:
                faults.append(f"limits[{at}].{name}: Invalid value: {value}: must be positive")
        if limit.type != "Server" and limit.cache_size < 0:
            faults.append(f"limits[{at}].cacheSize: Invalid value: {limit.cache_size}: must not be negative")
    return faults
