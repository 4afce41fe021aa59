"""What the levels look like now: as metrics, and as tables below /debug/api_priority_and_fairness/."""

from collections.abc import Callable, Iterator, Sequence

from podo.server.answer import Answer, text_answer
from podo.server.fairness.configured import Fairness
from podo.server.fairness.level import Level, Limits
from podo.server.http.handler import PathHandler, PathRequest

ROOT = "/debug/api_priority_and_fairness"
PREFIX = "apiserver_flowcontrol"
LEVEL_COLUMNS = (
    *("PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests"),
    *("DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests"),
)
QUEUE_COLUMNS = (
    *("PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR"),
    *("InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum"),
)
REQUEST_COLUMNS = (
    *("PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher", "ArriveTime"),
    *("InitialSeats", "FinalSeats", "AdditionalLatency", "StartTime"),
)
Row = Sequence[object]
Rows = Callable[[Fairness], Iterator[Row]]


def debug_paths(fairness: Fairness) -> dict[str, PathHandler]:
    """The tables by path."""

    def shown(columns: Row, rows: Rows) -> PathHandler:
        async def show(request: PathRequest) -> Answer:
            return text_answer(table([columns, *rows(fairness)]))

        return show

    return {
        f"{ROOT}/dump_priority_levels": shown(LEVEL_COLUMNS, level_rows),
        f"{ROOT}/dump_queues": shown(QUEUE_COLUMNS, queue_rows),
        f"{ROOT}/dump_requests": shown(REQUEST_COLUMNS, request_rows),
    }


def table(rows: Sequence[Row]) -> str:
    """Cells that end in commas, padded to columns of at least eight characters."""
    cells = [[f"{cell}," for cell in row[:-1]] + [str(row[-1])] for row in rows]
    cells = [[_go(cell) for cell in row] for row in cells]
    widths = [max(8, *(len(row[column]) + 1 for row in cells)) for column in range(len(cells[0]) - 1)]
    return "".join("".join(c.ljust(w) for c, w in zip(row, [*widths, 0], strict=True)) + "\n" for row in cells)


def _go(cell: str) -> str:
    return {"True,": "true,", "False,": "false,"}.get(cell, cell)


def level_rows(fairness: Fairness) -> Iterator[Row]:
    """One a level."""
    for level in sorted(fairness.levels, key=lambda each: each.name):
        counts, active = level.counts, sum(1 for queue in level.queues if queue.waiting)
        late = counts.rejected.get("time-out", 0)
        idle = not (level.executing or level.waiting)
        begun = (level.name, active, idle, False, level.waiting, level.executing)
        yield (*begun, counts.dispatched, sum(counts.rejected.values()) - late, late, counts.cancelled)


def queue_rows(fairness: Fairness) -> Iterator[Row]:
    """One a queue."""
    for level in fairness.levels:
        for index, queue in enumerate(level.queues):
            seats = sum(waiter.seats for waiter in queue.waiting)
            held = (level.name, index, len(queue.waiting), queue.executing, queue.seats)
            yield (*held, f"{queue.turn:.8f}ss", seats, seats, f"{seats:.8f}ss")


def request_rows(fairness: Fairness) -> Iterator[Row]:
    """One a request that waits."""
    for level in fairness.levels:
        for index, queue in enumerate(level.queues):
            for position, waiter in enumerate(queue.waiting):
                schema, _, flow = waiter.flow.partition("\0")
                yield (level.name, schema, index, position, flow, f"{waiter.arrived:.3f}", waiter.seats, 0, "0s", "")


def metric_lines(fairness: Fairness) -> Iterator[str]:
    """The levels in the text form of Prometheus."""
    for name, text, pick in _GAUGES:
        yield f"# HELP {PREFIX}_{name} {text}\n# TYPE {PREFIX}_{name} gauge\n"
        for level in fairness.levels:
            yield f'{PREFIX}_{name}{{priority_level="{level.name}"}} {pick(level)}\n'
    for name, kind, key in (
        ("dispatched_requests_total", "counter", "dispatched"),
        ("current_executing_requests", "gauge", "executing"),
    ):
        yield f"# HELP {PREFIX}_{name} Requests by schema and level.\n# TYPE {PREFIX}_{name} {kind}\n"
        for (schema, held), counts in fairness.dispatched.items():
            yield f'{PREFIX}_{name}{{flow_schema="{schema}",priority_level="{held}"}} {counts[key]}\n'
    yield f"# HELP {PREFIX}_rejected_requests_total Requests that found no room, by why.\n"
    yield f"# TYPE {PREFIX}_rejected_requests_total counter\n"
    for level in fairness.levels:
        for reason, count in level.counts.rejected.items():
            yield f'{PREFIX}_rejected_requests_total{{priority_level="{level.name}",reason="{reason}"}} {count}\n'


def _limit(level: Level, pick: Callable[[Limits], int]) -> int:
    return pick(level.limits) if level.limits is not None else 0


_GAUGES: tuple[tuple[str, str, Callable[[Level], int]], ...] = (
    ("nominal_limit_seats", "Seats that a level has.", lambda level: _limit(level, lambda held: held.nominal)),
    ("lower_limit_seats", "Seats that a level never lends.", lambda level: _limit(level, lambda held: held.least)),
    ("upper_limit_seats", "Seats that a level has at most.", lambda level: _limit(level, lambda held: held.most)),
    (
        *("current_limit_seats", "Seats that a level has now."),
        lambda level: _limit(level, lambda held: max(held.nominal, level.seats)),
    ),
    ("current_executing_seats", "Seats in use.", lambda level: level.seats),
    ("current_inqueue_requests", "Requests that wait.", lambda level: level.waiting),
)
