"""Objects for tests, with good defaults: what a server would have filled in is there."""

from typing import Any

from podo.api.types.apps_v1 import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetUpdateStrategy,
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    ReplicaSet,
    ReplicaSetSpec,
    RollingUpdateDaemonSet,
    RollingUpdateDeployment,
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
)
from podo.api.types.batch_v1 import CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec
from podo.api.types.core_v1 import (
    Container,
    Node,
    NodeCondition,
    NodeSpec,
    NodeStatus,
    Pod,
    PodCondition,
    PodIP,
    PodSpec,
    PodStatus,
    PodTemplateSpec,
    Service,
    ServicePort,
    ServiceSpec,
    Taint,
)
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta

NS = "ns"


def meta(name: str, namespace: str = NS, **fields: Any) -> ObjectMeta:
    return ObjectMeta(name=name, namespace=namespace, **fields)


def pod_spec(image: str = "app:v1", **fields: Any) -> PodSpec:
    """One container `c`, with the defaults that every Pod gets."""
    container = Container(
        name="c",
        image=image,
        image_pull_policy="IfNotPresent",
        termination_message_path="/dev/termination-log",
        termination_message_policy="File",
    )
    defaults: dict[str, Any] = {
        "containers": (container,),
        "restart_policy": "Always",
        "termination_grace_period_seconds": 30,
        "dns_policy": "ClusterFirst",
        "scheduler_name": "default-scheduler",
    }
    return PodSpec(**(defaults | fields))


def pod(
    name: str = "p",
    *,
    labels: dict[str, str] | None = None,
    ready: bool | None = None,
    since: str = "2026-01-01T00:00:00Z",
    phase: str = "Running",
    node: str = "",
    status: dict[str, Any] | None = None,
    **fields: Any,
) -> Pod:
    """A Pod; with `ready` it has a Ready condition."""
    conditions = () if ready is None else (PodCondition(type="Ready", status=str(ready), last_transition_time=since),)
    return Pod(
        metadata=meta(name, labels=labels or {}, **fields),
        spec=pod_spec(node_name=node),
        status=PodStatus(phase=phase, conditions=conditions, **(status or {})),
    )


def template(app: str = "web", image: str = "app:v1", **fields: Any) -> PodTemplateSpec:
    return PodTemplateSpec(metadata=ObjectMeta(labels={"app": app}), spec=pod_spec(image, **fields))


def selector(app: str = "web") -> LabelSelector:
    return LabelSelector(match_labels={"app": app})


def replica_set(name: str = "web", replicas: int = 3, *, app: str = "web", **spec: Any) -> ReplicaSet:
    return ReplicaSet(
        metadata=meta(name, labels={"app": app}),
        spec=ReplicaSetSpec(**({"replicas": replicas, "selector": selector(app), "template": template(app)} | spec)),
    )


def deployment(
    name: str = "web",
    replicas: int = 3,
    *,
    image: str = "app:v1",
    surge: int | str = "25%",
    unavailable: int | str = "25%",
    **spec: Any,
) -> Deployment:
    rolling = RollingUpdateDeployment(max_surge=surge, max_unavailable=unavailable)
    defaults: dict[str, Any] = {
        "replicas": replicas,
        "selector": selector(name),
        "template": template(name, image),
        "strategy": DeploymentStrategy(type="RollingUpdate", rolling_update=rolling),
        "revision_history_limit": 10,
        "progress_deadline_seconds": 600,
    }
    return Deployment(metadata=meta(name), spec=DeploymentSpec(**(defaults | spec)))


def node(name: str = "n1", *, taints: tuple[Taint, ...] = (), ready: str = "", **labels: str) -> Node:
    """A Node; with `ready` it has that Ready condition, with a heartbeat."""
    made = NodeCondition(type="Ready", status=ready, last_heartbeat_time="2026-01-01T00:00:00Z")
    status = NodeStatus(conditions=(made,) if ready else ())
    return Node(metadata=ObjectMeta(name=name, labels=labels), spec=NodeSpec(taints=taints), status=status)


def served(*addresses: str) -> dict[str, Any]:
    """Status fields of a Pod that has addresses."""
    return {"pod_ip": addresses[0], "pod_ips": tuple(PodIP(ip=a) for a in addresses)}


def service(name: str = "web", *, ports: tuple[ServicePort, ...] | None = None, **spec: Any) -> Service:
    """A Service with an address, port 80 to the Pods' 8080, of IPv4."""
    defaults: dict[str, Any] = {
        "selector": {"app": "web"},
        "ports": (ServicePort(name="http", port=80, target_port=8080, protocol="TCP"),) if ports is None else ports,
        "cluster_ip": "10.96.0.7",
        "cluster_ips": ("10.96.0.7",),
        "ip_families": ("IPv4",),
        "type": "ClusterIP",
        "session_affinity": "None",
    }
    return Service(metadata=meta(name, labels={"team": "a"}), spec=ServiceSpec(**(defaults | spec)))


def job(name: str = "job", *, restart: str = "Never", **spec: Any) -> Job:
    """A Job with a selector of its own, one Pod at a time, one completion."""
    made = template(name, restart_policy=restart, node_name="n1")
    defaults: dict[str, Any] = {"parallelism": 1, "completions": 1, "backoff_limit": 6, "manual_selector": True}
    return Job(metadata=meta(name), spec=JobSpec(**(defaults | {"selector": selector(name), "template": made} | spec)))


def stateful_set(
    name: str = "db", replicas: int = 3, *, image: str = "app:v1", partition: int = 0, **spec: Any
) -> StatefulSet:
    """In order, by rolling update."""
    rolling = RollingUpdateStatefulSetStrategy(partition=partition)
    defaults: dict[str, Any] = {
        "replicas": replicas,
        "selector": selector(name),
        "template": template(name, image, node_name="n1"),
        "service_name": name,
        "pod_management_policy": "OrderedReady",
        "update_strategy": StatefulSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling),
        "revision_history_limit": 10,
    }
    return StatefulSet(metadata=meta(name), spec=StatefulSetSpec(**(defaults | spec)))


def daemon_set(name: str = "agent", *, unavailable: int | str = 1, surge: int | str = 0, **spec: Any) -> DaemonSet:
    """On every Node, by rolling update."""
    rolling = RollingUpdateDaemonSet(max_unavailable=unavailable, max_surge=surge)
    defaults: dict[str, Any] = {
        "selector": selector(name),
        "template": template(name),
        "update_strategy": DaemonSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling),
        "revision_history_limit": 10,
    }
    return DaemonSet(metadata=meta(name), spec=DaemonSetSpec(**(defaults | spec)))


def cron_job(name: str = "tick", schedule: str = "*/5 * * * *", **spec: Any) -> CronJob:
    """A Job of one Pod, every five minutes."""
    work = JobSpec(template=template(name, restart_policy="Never", node_name="n1"))
    defaults: dict[str, Any] = {
        "schedule": schedule,
        "concurrency_policy": "Allow",
        "job_template": JobTemplateSpec(metadata=ObjectMeta(labels={"cron": name}), spec=work),
        "suspend": False,
        "successful_jobs_history_limit": 3,
        "failed_jobs_history_limit": 1,
    }
    return CronJob(metadata=meta(name), spec=CronJobSpec(**(defaults | spec)))
