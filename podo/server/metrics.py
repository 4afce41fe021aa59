"""What the server counts of its requests: plain dictionaries, turned into metrics only when someone asks."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from podo.server.counting import Histogram, growing, head

BUCKETS: tuple[float, ...] = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0)
BUCKETS += (4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)


class Info(Protocol):
    """What is told apart of requests."""

    @property
    def path(self) -> str: ...
    @property
    def verb(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


class Series(NamedTuple):
    """The labels of a request's metrics, but for its code."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    scope: str

    @property
    def plain(self) -> tuple[str, ...]:
        """The values of `PLAIN`."""
        return "apiserver", self.group, self.resource, self.scope, self.subresource, self.verb, self.version


class Requests:
    """Counts by series and code, and times by series."""

    def __init__(self) -> None:
        self.counts: dict[tuple[Series, int, str], int] = {}
        self.own_times = Histogram(
            "apiserver_request_sli_duration_seconds", "Time to answer, without queues and webhooks.", OWN, *PLAIN
        )
        self.sizes = Histogram("apiserver_response_sizes", "Bytes of answers to reads.", growing(1000, 10, 7), *PLAIN)
        self.times: dict[Series, list[float]] = {}
        """The sum of the seconds, then the number of requests in each bucket (the last one: above all bounds)."""
        self._rows: dict[Series, tuple[list[float], list[float] | None]] = {}
        """Where the own times and the sizes of a series are counted."""
        self.reading, self.writing = 0, 0
        """How many requests are in work, without those that take as long as their clients like."""
        self.long: dict[Series, int] = {}
        """How many of those there are."""
        self.terminations: dict[tuple[Series, int], int] = {}
        """What the server refused or gave up to protect itself, by the code that was answered."""

    def begin(self, info: Info) -> None:
        """A request has come in."""
        if is_long(info):
            series = _series(info)
            self.long[series] = self.long.get(series, 0) + 1
        elif info.verb in WRITES:
            self.writing += 1
        else:
            self.reading += 1

    def end(self, info: Info) -> None:
        """A request that has come in is over, whatever has become of it."""
        if is_long(info):
            self.long[_series(info)] -= 1
        elif info.verb in WRITES:
            self.writing -= 1
        else:
            self.reading -= 1

    def done(
        self, info: Info, status: int, seconds: float, *, own: float, size: int = 0, dry_run: bool = False
    ) -> None:
        """A request has been answered after so many seconds, `own` of them ours, with `size` bytes."""
        series = _series(info)
        key = (series, status, "All" if dry_run else "")
        self.counts[key] = self.counts.get(key, 0) + 1
        if series.verb == "WATCH":
            return
        times = self.times.get(series)
        if times is None:
            times = self.times[series] = [0.0] * (len(BUCKETS) + 2)
        times[0] += seconds
        times[1 + bisect_left(BUCKETS, seconds)] += 1
        rows = self._rows.get(series)
        if rows is None:
            plain, reads = series.plain, series.verb in ("GET", "LIST")
            rows = self._rows[series] = self.own_times.row(*plain), self.sizes.row(*plain) if reads else None
        self.own_times.put(rows[0], own)
        if size and rows[1] is not None:
            self.sizes.put(rows[1], size)

    def terminated(self, info: Info, status: int) -> None:
        """A request was refused, or given up, for the server's own sake."""
        key = (_series(info), status)
        self.terminations[key] = self.terminations.get(key, 0) + 1

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        yield from head("apiserver_request_total", "counter", "Requests by verb, resource and code.")
        for (series, status, dry), count in self.counts.items():
            labels = f'code="{status}",{_labels(series, dry)}'
            yield f"apiserver_request_total{{{labels}}} {count}\n"
        yield from head("apiserver_request_duration_seconds", "histogram", "Time to answer, in seconds.")
        for series, (total, *counts) in self.times.items():
            labels, reached = _labels(series), 0.0
            for bound, number in zip((*(f"{b:g}" for b in BUCKETS), "+Inf"), counts, strict=True):
                reached += number
                yield f'apiserver_request_duration_seconds_bucket{{{labels},le="{bound}"}} {reached:.0f}\n'
            yield f"apiserver_request_duration_seconds_sum{{{labels}}} {total}\n"
            yield f"apiserver_request_duration_seconds_count{{{labels}}} {reached:.0f}\n"
        yield from self.own_times.lines()
        yield from self.sizes.lines()
        yield from head("apiserver_current_inflight_requests", "gauge", "Requests in work, by kind.")
        for kind, number in (("mutating", self.writing), ("readOnly", self.reading)):
            yield f'apiserver_current_inflight_requests{{request_kind="{kind}"}} {number}\n'
        yield from head(
            "apiserver_longrunning_requests", "gauge", "Requests in work that take as long as clients like."
        )
        for series, number in self.long.items():
            labels = f'component="apiserver",{_plain_labels(series)}'
            yield f"apiserver_longrunning_requests{{{labels}}} {number}\n"
        yield from head(
            "apiserver_request_terminations_total", "counter", "Requests ended in the server's own defence."
        )
        for (series, status), count in self.terminations.items():
            labels = f'code="{status}",component="apiserver",{_plain_labels(series)}'
            yield f"apiserver_request_terminations_total{{{labels}}} {count}\n"


OWN = BUCKETS[2:]
PLAIN = ("component", "group", "resource", "scope", "subresource", "verb", "version")
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection", "post", "put"})
LONG = frozenset({"exec", "attach", "portforward", "log", "proxy"})
LONG_PATHS = "/podo/v1/network/"
"""Where agents wait for changes."""
_VERBS = {
    "create": "POST", "get": "GET", "list": "LIST", "watch": "WATCH", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deletecollection": "DELETECOLLECTION",
}  # fmt: skip


def is_long(info: Info) -> bool:
    """Whether the request takes as long as its client likes."""
    return info.verb == "watch" or waits(info)


def waits(info: Info) -> bool:
    """Whether the request waits for others, and holds no seat meanwhile."""
    return info.subresource in LONG or info.path.startswith(LONG_PATHS)


def _series(info: Info) -> Series:
    verb = _VERBS.get(info.verb, info.verb.upper())
    if not info.resource:
        return Series(verb, "", "", "", "", "")
    scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
    return Series(verb, info.group, info.version, info.resource, info.subresource, scope)


def _labels(series: Series, dry_run: str = "") -> str:
    return f'component="apiserver",dry_run="{dry_run}",{_plain_labels(series)}'


def _plain_labels(series: Series) -> str:
    return ",".join(f'{name}="{value}"' for name, value in sorted(series._asdict().items()))
