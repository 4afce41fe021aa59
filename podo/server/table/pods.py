"""Pods: what of their containers counts most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import NONE, Cells, age, condition, containers, going, holds, labels, name, since, spec
from podo.server.table.texts import status as status_of

UNREACHABLE = "NodeLost"
PHASES: Mapping[str, list[Object]] = {
    "Succeeded": [
        {
            "type": "Completed",
            "status": "True",
            "reason": "Succeeded",
            "message": "The pod has completed successfully.",
        }
    ],
    "Failed": [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}],
}
"""The conditions of the row of a Pod that has ended."""


@dataclass
class _Tally:
    """What is counted over containers; `last` is when the latest restart's predecessor ended."""

    ready: int = 0
    restarts: int = 0
    last: str = ""

    def restarted(self, container: Object) -> None:
        self.restarts += container.get("restartCount") or 0
        ended = (container.get("lastState") or {}).get("terminated") or {}
        self.last = max(self.last, ended.get("finishedAt") or "")


def pod(obj: Object, now: datetime) -> Cells:
    """Name, readiness, what it is at, restarts, age; address, node, nominated node, gates."""
    tally, sidecars = _Tally(), _Tally()
    restartable = {c.get("name") for c in spec(obj).get("initContainers") or () if c.get("restartPolicy") == "Always"}
    reason = _phase(obj)
    initializing = _initializing(obj, restartable, tally, sidecars)
    if initializing:
        reason = initializing
    if not initializing or holds(obj, "Initialized"):
        tally.restarts, tally.last = sidecars.restarts, sidecars.last
        reason = _running(obj, reason, tally)
    total = len(spec(obj).get("containers") or ()) + len(restartable)
    restarts = str(tally.restarts)
    if tally.restarts and tally.last:
        restarts = f"{restarts} ({since(tally.last, now)} ago)"
    return [name(obj), f"{tally.ready}/{total}", _going(obj, reason), restarts, age(obj, now), *_places(obj)]


def _phase(obj: Object) -> str:
    status = status_of(obj)
    scheduled = condition(obj, "PodScheduled")
    if scheduled is not None and scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return str(status.get("reason") or status.get("phase") or "")


def _initializing(obj: Object, restartable: set[str | None], tally: _Tally, sidecars: _Tally) -> str:
    """Where the init containers stand; "" if they are done."""
    for position, container in enumerate(status_of(obj).get("initContainerStatuses") or ()):
        tally.restarted(container)
        sidecar = container.get("name") in restartable
        if sidecar:
            sidecars.restarted(container)
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and container.get("started"):
            tally.ready += bool(container.get("ready"))
            continue
        if ended is not None:
            return f"Init:{_end(ended)}"
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{position}/{len(spec(obj).get('initContainers') or ())}"
    return ""


def _end(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode') or 0}"


def _running(obj: Object, reason: str, tally: _Tally) -> str:
    """What the containers are at: the first one counts most."""
    running, failure = False, ""
    for container in reversed(status_of(obj).get("containerStatuses") or ()):
        tally.restarted(container)
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended is not None:
            reason = _end(ended)
            failure = reason if ended.get("exitCode") else failure
        elif container.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    if reason != "Completed":
        return reason
    if running and holds(obj, "Ready"):
        return "Running"
    return failure or ("NotReady" if running else reason)


def _going(obj: Object, reason: str) -> str:
    if not going(obj):
        return reason
    status = status_of(obj)
    if status.get("reason") == UNREACHABLE:
        return "Unknown"
    return reason if status.get("phase") in PHASES else "Terminating"


def _places(obj: Object) -> Cells:
    status = status_of(obj)
    addresses = status.get("podIPs") or [{}]
    gates = [gate.get("conditionType") for gate in spec(obj).get("readinessGates") or ()]
    passed = sum(holds(obj, gate) for gate in gates)
    return [
        addresses[0].get("ip") or NONE,
        spec(obj).get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{passed}/{len(gates)}" if gates else NONE,
    ]


def pod_template(obj: Object, now: datetime) -> Cells:
    """Name, containers, images, labels."""
    template = obj.get("template") or {}
    return [name(obj), *containers(template), labels((template.get("metadata") or {}).get("labels"))]
