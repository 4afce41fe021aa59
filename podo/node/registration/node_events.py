"""Events about the Node, under the names that users know: its agent has started, or how it is has changed."""

from collections.abc import Iterable, Iterator

from podo.api.types.core_v1 import Node, NodeCondition, NodeStatus, ObjectReference
from podo.node.events import Recorder

READY, TRUE, FALSE = "Ready", "True", "False"
NAMES = {
    (READY, TRUE): "NodeReady",
    (READY, FALSE): "NodeNotReady",
    ("MemoryPressure", TRUE): "NodeHasInsufficientMemory",
    ("MemoryPressure", FALSE): "NodeHasSufficientMemory",
    ("DiskPressure", TRUE): "NodeHasDiskPressure",
    ("DiskPressure", FALSE): "NodeHasNoDiskPressure",
    ("PIDPressure", TRUE): "NodeHasInsufficientPID",
    ("PIDPressure", FALSE): "NodeHasSufficientPID",
}
"""By type and status of the condition."""


def node_reference(node: Node) -> ObjectReference:
    """How a kubelet's events name its own Node: by the name, in place of the uid too."""
    return ObjectReference(kind="Node", api_version="v1", name=node.metadata.name, uid=node.metadata.name)


def changes(before: Iterable[NodeCondition], after: Iterable[NodeCondition]) -> Iterator[str]:
    """The names of what has changed. That a Node begins as not ready is no news."""
    known = {condition.type: condition.status for condition in before}
    for condition in after:
        is_news = condition.type in known or condition.type != READY
        if is_news and known.get(condition.type) != condition.status and (condition.type, condition.status) in NAMES:
            yield NAMES[condition.type, condition.status]


class NodeEvents:
    """Tells of the Node of this agent."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._unschedulable = recorder, False

    def started(self, node: Node) -> None:
        """The agent has started."""
        self._recorder.normal(node_reference(node), "Starting", "Starting kubelet.")

    def changed(self, before: NodeStatus, node: Node) -> None:
        """The Node has been written, and had the status `before` that."""
        for name in changes(before.conditions, node.status.conditions):
            self._is_now(node, name)
        boot = _boot_id(node.status)
        if _boot_id(before) not in ("", boot):
            text = f"Node {node.metadata.name} has been rebooted, boot id: {boot}"
            self._recorder.warning(node_reference(node), "Rebooted", text)

    def seen(self, node: Node) -> None:
        """The Node is like this now: others may have taken it out of scheduling, or put it back."""
        if bool(node.spec.unschedulable) != self._unschedulable:
            self._unschedulable = bool(node.spec.unschedulable)
            self._is_now(node, "NodeNotSchedulable" if self._unschedulable else "NodeSchedulable")

    def _is_now(self, node: Node, name: str) -> None:
        self._recorder.normal(node_reference(node), name, f"Node {node.metadata.name} status is now: {name}")


def _boot_id(status: NodeStatus) -> str:
    return status.node_info.boot_id if status.node_info is not None else ""
