"""Events about Pods and their containers, under the names that users know (component kubelet)."""

from typing import Protocol

from podo.api.scheme import Object
from podo.api.types.core_v1 import Container, ObjectReference, Pod
from podo.client.events import reference


class Recorder(Protocol):
    """What `podo.client.events.EventRecorder` does."""

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None: ...

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None: ...


class PodEvents:
    """Records, and never fails or waits."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def normal(self, pod: Pod, reason: str, message: str) -> None:
        """About the Pod."""
        self._recorder.normal(pod, reason, message)

    def warning(self, pod: Pod, reason: str, message: str) -> None:
        """About the Pod."""
        self._recorder.warning(pod, reason, message)

    def container_normal(self, pod: Pod, container: Container, reason: str, message: str) -> None:
        """About one of its containers."""
        self._recorder.normal(reference(pod, _path(pod, container)), reason, message)

    def container_warning(self, pod: Pod, container: Container, reason: str, message: str) -> None:
        """About one of its containers."""
        self._recorder.warning(reference(pod, _path(pod, container)), reason, message)


def _path(pod: Pod, container: Container) -> str:
    """Where it is in the Pod; "" for an image that is a volume's."""
    spec = pod.spec
    names = {
        "containers": [c.name for c in spec.containers],
        "initContainers": [c.name for c in spec.init_containers],
        "ephemeralContainers": [c.name for c in spec.ephemeral_containers],
    }
    return next((f"spec.{field}{{{container.name}}}" for field, known in names.items() if container.name in known), "")
