"""Builders of Pods and of what is observed of them, with good defaults."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from podo.api.types.core_v1 import Container, Pod
from podo.node.runtime.observed import ContainerState, ObservedContainer, ObservedSandbox, SandboxState
from podo.node.worker.state import ObservedPod, PodState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UID = "5e0c7a3e-0000-4000-8000-000000000001"


def container(name: str = "app", **fields: Any) -> dict[str, Any]:
    """A container's JSON."""
    return {"name": name, "image": "hello:v1", "imagePullPolicy": "IfNotPresent"} | fields


def pod(*containers: dict[str, Any], meta: dict[str, Any] | None = None, status: Any = None, **spec: Any) -> Pod:
    """A Pod from JSON parts; one container "app" unless told otherwise."""
    body = {
        "metadata": {"name": "web", "namespace": "default", "uid": UID, "generation": 1, "resourceVersion": "5"}
        | (meta or {}),
        "spec": {
            "nodeName": "node-1",
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "containers": list(containers or (container(),)),
        }
        | spec,
        "status": status or {},
    }
    return msgspec.convert(body, Pod)


def spec_of(**fields: Any) -> Container:
    """A typed container."""
    return msgspec.convert(container(**fields), Container)


def sandbox(attempt: int = 0, *, ready: bool = True) -> ObservedSandbox:
    """The sandbox `box-<attempt>`."""
    return ObservedSandbox(
        id=f"box-{attempt}",
        name="web",
        namespace="default",
        uid=UID,
        attempt=attempt,
        state=SandboxState.READY if ready else SandboxState.NOT_READY,
        created_at=NOW,
        ips=("10.244.0.2",),
    )


def running(name: str = "app", attempt: int = 0, **fields: Any) -> ObservedContainer:
    """A running container `<name>-<attempt>` in box-0."""
    made = ObservedContainer(
        id=f"{name}-{attempt}",
        sandbox_id="box-0",
        pod_uid=UID,
        name=name,
        attempt=attempt,
        state=ContainerState.RUNNING,
        created_at=NOW,
        started_at=NOW,
        image="hello:v1",
        image_id="sha256:1",
    )
    return replace(made, **fields)


def exited(name: str = "app", code: int | None = 0, attempt: int = 0, **fields: Any) -> ObservedContainer:
    """One that has ended."""
    return running(
        name,
        attempt,
        **{
            "state": ContainerState.EXITED,
            "exit_code": code,
            "reason": "Error" if code else "Completed",
            "finished_at": NOW + timedelta(seconds=1),
        }
        | fields,
    )


def seen(*containers: ObservedContainer, boxes: tuple[ObservedSandbox, ...] | None = None) -> ObservedPod:
    """What the runtime has: one ready sandbox unless told otherwise."""
    return ObservedPod((sandbox(),) if boxes is None else boxes, containers)


def state(wanted: Pod, observed: ObservedPod | None = None, **fields: Any) -> PodState:
    """A worker's state in which volumes and images are there."""
    names = [c.name for c in (*wanted.spec.init_containers, *wanted.spec.containers, *wanted.spec.ephemeral_containers)]
    given: dict[str, Any] = {
        "now": NOW + timedelta(seconds=2),
        "observed": seen() if observed is None else observed,
        "volumes_mounted": True,
        "images": dict.fromkeys(names, "sha256:1"),
    }
    return PodState(pod=wanted, **given | fields)
