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
    field = "containers"
    if any(c.name == container.name for c in pod.spec.init_containers):
        field = "initContainers"
    elif any(c.name == container.name for c in pod.spec.ephemeral_containers):
        field = "ephemeralContainers"
    return f"spec.{field}{{{container.name}}}"
