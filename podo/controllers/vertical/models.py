"""What was seen of the containers of each autoscaler's Pods, kept over restarts as VerticalPodAutoscalerCheckpoints."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from podo.api import quantity
from podo.api.resources import Resource
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.vertical import API_VERSION, VerticalPodAutoscaler
from podo.client.base import APPLY_PATCH, Client, Key, Kind, Patch
from podo.controllers.vertical.definitions import CHECKPOINTS
from podo.controllers.vertical.histogram import Histogram
from podo.controllers.vertical.recommending import Model

RESOURCE = "/apis/metrics.k8s.io/v1beta1"


class Used(NamedTuple):
    """What a container uses: cores, bytes."""

    cores: float
    memory: float


Usage = Callable[[str], Awaitable[Mapping[str, Mapping[str, Used]]]]
"""What the Pods of a namespace use: by Pod and container. Raises APIError."""


def usage_by(fetch: Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]) -> Usage:
    """From metrics.k8s.io, whoever serves it."""

    async def usage(namespace: str) -> Mapping[str, Mapping[str, Used]]:
        found = await fetch(f"{RESOURCE}/namespaces/{namespace}/pods", {})
        return {
            str(item["metadata"]["name"]): {c["name"]: used(c.get("usage") or {}) for c in item.get("containers") or ()}
            for item in found.get("items") or ()
        }

    return usage


def used(amounts: Mapping[str, str]) -> Used:
    """Of a container's `usage`."""
    return Used(float(quantity.parse(amounts.get("cpu", "0"))), float(quantity.parse(amounts.get("memory", "0"))))


class Stored(msgspec.Struct, frozen=True, rename="camel"):
    """A histogram in a checkpoint."""

    reference: float = 0.0
    bucket_weights: dict[str, float] = {}


class CheckpointStatus(msgspec.Struct, frozen=True, rename="camel"):
    cpu_histogram: Stored = Stored()
    memory_histogram: Stored = Stored()
    first_sample: float = 0.0
    last_sample: float = 0.0
    total_samples_count: int = 0


class CheckpointSpec(msgspec.Struct, frozen=True, rename="camel"):
    vpa_object_name: str = ""
    container_name: str = ""


class Checkpoint(msgspec.Struct, frozen=True, rename="camel"):
    metadata: ObjectMeta = ObjectMeta()
    spec: CheckpointSpec = CheckpointSpec()
    status: CheckpointStatus = CheckpointStatus()


KIND: Kind[Any] = Kind(CHECKPOINTS.resource, Checkpoint)


def restored(status: CheckpointStatus) -> Model:
    """The model that a checkpoint holds. The most of today's memory begins anew."""
    model = Model(first=status.first_sample, last=status.last_sample, samples=status.total_samples_count)
    _fill(model.cpu, status.cpu_histogram)
    _fill(model.memory, status.memory_histogram)
    return model


def _fill(histogram: Histogram, stored: Stored) -> None:
    histogram.reference = stored.reference
    histogram.weights = {int(bucket): weight for bucket, weight in stored.bucket_weights.items() if bucket.isdecimal()}


async def load(client: Client, autoscaler: VerticalPodAutoscaler) -> dict[str, Model]:
    """The models of an autoscaler's containers, by name."""
    found = await client.list(KIND, namespace=autoscaler.metadata.namespace)
    mine: Iterable[Any] = (c for c in found.items if c.spec.vpa_object_name == autoscaler.metadata.name)
    return {c.spec.container_name: restored(c.status) for c in mine}


async def save(client: Client, autoscaler: VerticalPodAutoscaler, models: Mapping[str, Model]) -> None:
    """Write a checkpoint of each model; they go with the autoscaler."""
    meta, resource = autoscaler.metadata, KIND.resource
    owner = {"apiVersion": API_VERSION, "kind": "VerticalPodAutoscaler", "name": meta.name, "uid": meta.uid}
    for container, model in models.items():
        name = f"{meta.name}-{container}"
        body = _body(resource, name, container, owner, model)
        patch = Patch(media_type=APPLY_PATCH, body=body, field_manager="podo", force=True)
        await client.patch(KIND, Key(meta.namespace, name), patch)


def _body(resource: Resource, name: str, container: str, owner: dict[str, str], model: Model) -> dict[str, Any]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {"vpaObjectName": owner["name"], "containerName": container},
        "status": {
            "cpuHistogram": {"reference": model.cpu.reference, "bucketWeights": model.cpu.stored()},
            "memoryHistogram": {"reference": model.memory.reference, "bucketWeights": model.memory.stored()},
            "firstSample": model.first,
            "lastSample": model.last,
            "totalSamplesCount": model.samples,
        },
    }
