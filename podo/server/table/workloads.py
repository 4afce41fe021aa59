"""What makes Pods: the kinds of apps and batch, ReplicationControllers, autoscalers."""

from datetime import datetime

from podo.api import timestamps
from podo.api.resources import split_api_version
from podo.server.strategy import Object
from podo.server.table.texts import (
    NONE,
    Cells,
    age,
    containers,
    duration,
    going,
    holds,
    labels,
    name,
    selector,
    since,
    spec,
    status,
)


def deployment(obj: Object, now: datetime) -> Cells:
    """Name, how many are ready, up to date, available; age; containers, images, selector."""
    seen = status(obj)
    ready = f"{seen.get('readyReplicas') or 0}/{spec(obj).get('replicas') or 0}"
    counts = [ready, seen.get("updatedReplicas") or 0, seen.get("availableReplicas") or 0]
    return [name(obj), *counts, age(obj, now), *_template(obj), selector(spec(obj).get("selector"), "")]


def _template(obj: Object) -> tuple[str, str]:
    return containers(spec(obj).get("template"))


def _replicas(obj: Object) -> Cells:
    seen = status(obj)
    return [spec(obj).get("replicas") or 0, seen.get("replicas") or 0, seen.get("readyReplicas") or 0]


def replica_set(obj: Object, now: datetime) -> Cells:
    """Name, desired, current, ready, age; containers, images, selector."""
    return [name(obj), *_replicas(obj), age(obj, now), *_template(obj), selector(spec(obj).get("selector"))]


def replication_controller(obj: Object, now: datetime) -> Cells:
    """The same; its selector is a plain map."""
    return [name(obj), *_replicas(obj), age(obj, now), *_template(obj), labels(spec(obj).get("selector"))]


def stateful_set(obj: Object, now: datetime) -> Cells:
    """Name, how many are ready, age; containers, images."""
    ready = f"{status(obj).get('readyReplicas') or 0}/{spec(obj).get('replicas') or 0}"
    return [name(obj), ready, age(obj, now), *_template(obj)]


DAEMON_COUNTS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def daemon_set(obj: Object, now: datetime) -> Cells:
    """Name, five counts, node selector, age; containers, images, selector."""
    seen, template = status(obj), spec(obj).get("template") or {}
    counts = [seen.get(count) or 0 for count in DAEMON_COUNTS]
    nodes = labels((template.get("spec") or {}).get("nodeSelector"))
    return [name(obj), *counts, nodes, age(obj, now), *_template(obj), selector(spec(obj).get("selector"))]


def controller_revision(obj: Object, now: datetime) -> Cells:
    """Name, whose it is, number, age."""
    owners = obj["metadata"].get("ownerReferences") or ()
    owner = next((owner for owner in owners if owner.get("controller")), None)
    shown = NONE
    if owner is not None:
        group = split_api_version(owner["apiVersion"])[0]
        kind = f"{owner['kind']}.{group}" if group else owner["kind"]
        shown = f"{kind.lower()}/{owner['name']}"
    return [name(obj), shown, obj.get("revision") or 0, age(obj, now)]


JOB_STATES = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def job(obj: Object, now: datetime) -> Cells:
    """Name, state, completions, duration, age; containers, images, selector."""
    wanted, seen = spec(obj), status(obj)
    done, parallel = seen.get("succeeded") or 0, wanted.get("parallelism") or 0
    if wanted.get("completions") is not None:
        completions = f"{done}/{wanted['completions']}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    took = ""
    if seen.get("startTime"):
        end = timestamps.parse(seen["completionTime"]) if seen.get("completionTime") else now
        took = duration((end - timestamps.parse(seen["startTime"])).total_seconds())
    shown = [name(obj), _job_state(obj), completions, took, age(obj, now)]
    return [*shown, *_template(obj), selector(wanted.get("selector"))]


def _job_state(obj: Object) -> str:
    for type in ("Complete", "Failed"):
        if holds(obj, type):
            return type
    if going(obj):
        return "Terminating"
    return next((type for type in JOB_STATES if holds(obj, type)), "Running")


def cron_job(obj: Object, now: datetime) -> Cells:
    """Name, schedule, time zone, whether suspended, active Jobs, last run, age; containers, images, selector."""
    wanted, seen = spec(obj), status(obj)
    template = (wanted.get("jobTemplate") or {}).get("spec") or {}
    last = since(seen["lastScheduleTime"], now) if seen.get("lastScheduleTime") else NONE
    suspended = NONE if wanted.get("suspend") is None else "True" if wanted["suspend"] else "False"
    zone = NONE if wanted.get("timeZone") is None else wanted["timeZone"]
    shown = [name(obj), wanted.get("schedule", ""), zone, suspended, len(seen.get("active") or ()), last]
    return [*shown, age(obj, now), *containers(template.get("template")), selector(template.get("selector"))]


def disruption_budget(obj: Object, now: datetime) -> Cells:
    """Name, what must stay, what may go, how many may go now, age."""
    bounds = [spec(obj).get(bound) for bound in ("minAvailable", "maxUnavailable")]
    shown = ["N/A" if bound is None else str(bound) for bound in bounds]
    return [name(obj), *shown, status(obj).get("disruptionsAllowed") or 0, age(obj, now)]


def autoscaler(obj: Object, now: datetime) -> Cells:
    """Name, what it scales, targets, bounds, replicas, age; the object is autoscaling/v2."""
    wanted, seen = spec(obj), status(obj)
    target = wanted.get("scaleTargetRef") or {}
    low = "<unset>" if wanted.get("minReplicas") is None else str(wanted["minReplicas"])
    metrics = metric_texts(wanted.get("metrics") or [], seen.get("currentMetrics") or [])
    counts = [low, wanted.get("maxReplicas") or 0, seen.get("currentReplicas") or 0]
    return [name(obj), f"{target.get('kind', '')}/{target.get('name', '')}", metrics, *counts, age(obj, now)]


SOURCES = {"External": "external", "Pods": "pods", "Object": "object"}
NAMED_SOURCES = {"Resource": "resource", "ContainerResource": "containerResource"}


def metric_texts(wanted: list[Object], seen: list[Object]) -> str:
    """Each metric with its current value and its target; at most two."""
    if not wanted:
        return NONE
    texts = [_metric(metric, seen[at] if at < len(seen) else {}) for at, metric in enumerate(wanted)]
    return ", ".join(texts[:2]) + (f" + {len(texts) - 2} more..." if len(texts) > 2 else "")


def _metric(metric: Object, seen: Object) -> str:
    type = metric.get("type", "")
    field = SOURCES.get(type) or NAMED_SOURCES.get(type)
    if field is None:
        return "<unknown type>"
    source = metric.get(field) or {}
    target, current = source.get("target") or {}, (seen.get(field) or {}).get("current") or {}
    average = target.get("averageValue")
    if type in SOURCES:
        if average is None:
            return f"{current.get('value', '<unknown>')}/{target.get('value', '<nil>')}"
        text = f"{current.get('averageValue', '<unknown>')}/{average}"
        return text if type == "Pods" else f"{text} (avg)"
    if average is not None:
        return f"{source.get('name')}: {current.get('averageValue', '<unknown>')}/{average}"
    share, goal = current.get("averageUtilization"), target.get("averageUtilization")
    shown = "<unknown>" if share is None else f"{share}%"
    return f"{source.get('name')}: {shown}/{'<auto>' if goal is None else f'{goal}%'}"
