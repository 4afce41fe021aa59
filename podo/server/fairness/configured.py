"""The levels and schemas as the objects in the API describe them, and the way of a request through them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from podo.api.types.flowcontrol_v1 import FlowSchema, PriorityLevelConfiguration, PriorityLevelConfigurationSpec
from podo.clock import Clock
from podo.server.admission.lookup import typed
from podo.server.context import User
from podo.server.fairness.level import Level, Levels, Limits, Queue, Rejected
from podo.server.fairness.matching import matches
from podo.server.http.request_info import RequestInfo
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.follow import Follower

GROUP = "flowcontrol.apiserver.k8s.io"
PATIENCE = 15.0
"""Seconds that a request waits at most."""
OBJECTS_A_SEAT, MOST_SEATS = 100, 10
REMEMBERED = 10_000
CATCH_ALL = "catch-all"


@dataclass(slots=True)
class Flow:
    """Where requests of one kind belong: a schema and a level. `head` are the headers that say so."""

    schema: str
    level: Level
    key: str
    head: bytes
    counts: dict[str, int]


class Seat:
    """What a request holds while it is in work. Giving it back twice is giving it back once."""

    __slots__ = ("_clock", "_flow", "_queue", "_seats", "_since")

    def __init__(self, flow: Flow, seats: int, queue: Queue | None, clock: Clock) -> None:
        self._flow, self._seats, self._queue, self._clock = flow, seats, queue, clock
        self._since = clock.monotonic()
        flow.counts["executing"] += 1

    def release(self) -> None:
        """Let others have it."""
        seats, self._seats = self._seats, 0
        if seats:
            self._flow.counts["executing"] -= 1
            self._flow.level.give(seats, self._queue, self._clock.monotonic() - self._since)


class _Held:
    """The objects of one kind by name."""

    def __init__(self, cls: type[FlowSchema] | type[PriorityLevelConfiguration]) -> None:
        self._cls = cls
        self.objects: dict[str, FlowSchema | PriorityLevelConfiguration] = {}

    def clear(self) -> None:
        self.objects.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        if current is not None:
            self.objects[current.name] = typed(current, self._cls)
        elif previous is not None:
            self.objects.pop(previous.name, None)


class Fairness:
    """Tells where a request belongs. `total` seats are shared by all levels."""

    def __init__(self, cache: WatchCache, catalog: Catalog, clock: Clock, total: int) -> None:
        self._cache, self._catalog, self._clock = cache, catalog, clock
        self._schemas, self._configs = _Held(FlowSchema), _Held(PriorityLevelConfiguration)
        self._followers = [
            Follower(cache, self._prefix("flowschemas"), self._schemas),
            Follower(cache, self._prefix("prioritylevelconfigurations"), self._configs),
        ]
        self.levels = Levels(total)
        self.dispatched: dict[tuple[str, str], dict[str, int]] = {}
        self._ordered: list[FlowSchema] = []
        self._flows: dict[tuple[object, ...], Flow | None] = {}

    def _prefix(self, plural: str) -> str:
        served = self._catalog.by_path(GROUP, "v1", plural)
        assert served is not None
        return served.stored.prefix

    def flow(self, user: User, info: RequestInfo) -> Flow | None:
        """Where a request belongs; None where nothing is configured at all."""
        schemas, configs = self._followers
        if schemas.catch_up() | configs.catch_up():
            self._configure()
        place = info.namespace if info.resource else info.path
        key = (user.name, user.groups, info.verb, info.group, info.resource, info.subresource, place)
        try:
            return self._flows[key]
        except KeyError:
            if len(self._flows) >= REMEMBERED:
                self._flows.clear()
            found = self._flows[key] = self._classify(user, info)
            return found

    def _classify(self, user: User, info: RequestInfo) -> Flow | None:
        for schema in self._ordered:
            level = self.levels.by_name.get(_level_name(schema))
            if level is None or not (matches(schema, user, info) or schema.metadata.name == CATCH_ALL):
                continue
            method = schema.spec.distinguisher_method
            kind = method.type if method is not None else ""
            own = {"ByUser": user.name, "ByNamespace": info.namespace}.get(kind, "")
            name = schema.metadata.name
            head = f"X-Kubernetes-PF-FlowSchema-UID: {schema.metadata.uid}\r\n"
            head += f"X-Kubernetes-PF-PriorityLevel-UID: {level.uid}\r\n"
            counts = self.dispatched.setdefault((name, level.name), {"dispatched": 0, "executing": 0})
            return Flow(name, level, f"{name}\0{own}", head.encode(), counts)
        return None

    def _configure(self) -> None:
        """Take in what has changed. A level that is there already keeps what runs and waits in it."""
        self._flows.clear()
        schemas = [each for each in self._schemas.objects.values() if isinstance(each, FlowSchema)]
        self._ordered = sorted(schemas, key=lambda each: (each.spec.matching_precedence or 1000, each.metadata.name))
        configs = [c for c in self._configs.objects.values() if isinstance(c, PriorityLevelConfiguration)]
        limits = limits_of({each.metadata.name: each.spec for each in configs}, self.levels.total)
        old = self.levels.by_name
        new: dict[str, Level] = {}
        for config in configs:
            name, uid = config.metadata.name, config.metadata.uid
            known = old.get(name)
            if known is None or known.uid != uid or len(known.queues) != _queues(limits[name]):
                new[name] = Level(name, uid, limits[name], self.levels)
            else:
                known.limits = limits[name]
                new[name] = known
        self.levels.by_name = new
        for level in [*new.values(), *(gone for name, gone in old.items() if new.get(name) is not gone)]:
            level.dispatch()

    async def enter(self, flow: Flow, info: RequestInfo, query: Mapping[str, str]) -> Seat | None:
        """A seat for the request, once there is one; None for one that needs none. Raises Rejected."""
        level = flow.level
        flow.counts["dispatched"] += 1
        if level.limits is None:
            return None
        seats = self.width(info, query, level) if info.verb in ("list", "watch") else 1
        if level.try_take(seats):
            return Seat(flow, seats, None, self._clock)
        started = self._clock.monotonic()
        try:
            queue = await level.wait(seats, flow.key, started, PATIENCE)
        except Rejected:
            flow.counts["dispatched"] -= 1
            raise
        return Seat(flow, seats, queue, self._clock)

    def width(self, info: RequestInfo, query: Mapping[str, str], level: Level) -> int:
        """How many seats a request takes: a list as many as it is long, a watch those of its first list."""
        if info.verb not in ("list", "watch") or info.name or level.limits is None:
            return 1
        if info.verb == "watch" and query.get("resourceVersion", "0") not in ("", "0"):
            return 1
        served = self._catalog.by_path(info.group, info.version, info.resource)
        if served is None:
            return 1
        seats = math.ceil(len(self._cache.resource(served.stored.prefix)) / OBJECTS_A_SEAT)
        return max(1, min(seats, MOST_SEATS, level.limits.widest))


def _queues(limits: Limits | None) -> int:
    return limits.queues if limits is not None else 0


def _level_name(schema: FlowSchema) -> str:
    reference = schema.spec.priority_level_configuration
    return reference.name if reference is not None else ""


def limits_of(specs: Mapping[str, PriorityLevelConfigurationSpec], total: int) -> dict[str, Limits | None]:
    """What each level has of `total` seats, by the shares of all; None for those that are exempt."""
    shares = {name: _shares(spec) for name, spec in specs.items()}
    everything = sum(shares.values()) or 1
    found: dict[str, Limits | None] = {}
    for name, spec in specs.items():
        limited = spec.limited
        if spec.type == "Exempt" or limited is None:
            found[name] = None
            continue
        nominal = math.ceil(total * shares[name] / everything)
        lent = round(nominal * (limited.lendable_percent or 0) / 100)
        percent = limited.borrowing_limit_percent
        most = total if percent is None else nominal + round(nominal * percent / 100)
        response = limited.limit_response
        queuing = response.queuing if response is not None and response.type == "Queue" else None
        if queuing is None:
            found[name] = Limits(nominal, nominal - lent, most)
        else:
            queues, hand = queuing.queues or 64, queuing.hand_size or 8
            found[name] = Limits(nominal, nominal - lent, most, queues, queuing.queue_length_limit or 50, hand)
    return found


def _shares(spec: PriorityLevelConfigurationSpec) -> int:
    if spec.limited is not None:
        given = spec.limited.nominal_concurrency_shares
        return 30 if given is None else given
    return (spec.exempt.nominal_concurrency_shares or 0) if spec.exempt is not None else 0
