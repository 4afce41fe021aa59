"""What Pods have of a node's devices, for monitors (podresources v1, at a socket of its own)."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from podo.api.types.core_v1 import Pod
from podo.node.devices import wire
from podo.node.devices.plugins import DevicePlugins, Resource, by_resource
from podo.node.worker.state import is_terminal
from podo.rpc.server import Refused, door

SOCKET = "kubelet.sock"


class PodResources:
    """Answers for the Pods of this node."""

    def __init__(self, plugins: DevicePlugins, pods: Callable[[], Iterable[Pod]]) -> None:
        self._plugins, self._pods = plugins, pods

    async def run(self, folder: Path, inside: Path) -> None:
        """Until cancelled."""
        folder.mkdir(parents=True, exist_ok=True)
        answers = {wire.LIST_PODS: self.list, wire.GET_POD: self.get, wire.ALLOCATABLE: self.allocatable}
        await door(folder / SOCKET, inside, wire.POD_RESOURCES, answers)

    async def list(self, request: Any) -> dict[str, Any]:
        """Of all Pods that have not ended."""
        return {"pod_resources": [self._of(pod) for pod in self._pods() if not is_terminal(pod)]}

    async def get(self, request: Any) -> dict[str, Any]:
        """Of one."""
        for pod in self._pods():
            if (pod.metadata.namespace, pod.metadata.name) == (request.pod_namespace, request.pod_name):
                return {"pod_resources": self._of(pod)}
        raise Refused("UNKNOWN", f"pod {request.pod_name} in namespace {request.pod_namespace} not found")

    async def allocatable(self, request: Any) -> dict[str, Any]:
        """All devices that are healthy, one entry each."""
        return {
            "devices": [
                _devices(name, (id,), resource)
                for name, resource in sorted(self._plugins.resources.items())
                for id in sorted(resource.offer.healthy)
            ]
        }

    def _of(self, pod: Pod) -> dict[str, Any]:
        given = self._plugins.ledger.of(pod.metadata.uid)
        restartable = [c for c in pod.spec.init_containers if c.restart_policy == "Always"]
        return {
            "name": pod.metadata.name,
            "namespace": pod.metadata.namespace,
            "containers": [
                {"name": c.name, "devices": [self._devices(r, ids) for r, ids in by_resource(given.get(c.name, {}))]}
                for c in (*restartable, *pod.spec.containers)
            ],
        }

    def _devices(self, name: str, ids: tuple[str, ...]) -> dict[str, Any]:
        return _devices(name, ids, self._plugins.resources.get(name, Resource()))


def _devices(name: str, ids: tuple[str, ...], resource: Resource) -> dict[str, Any]:
    nodes = sorted({node for id in ids for node in resource.nodes.get(id, ())})
    told: dict[str, Any] = {"resource_name": name, "device_ids": list(ids)}
    return told | ({"topology": {"nodes": [{"ID": node} for node in nodes]}} if nodes else {})
