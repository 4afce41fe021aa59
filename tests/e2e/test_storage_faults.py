"""Agents that are killed at every step of a volume's life: nothing is left, and nobody gets what is another's.

`PODO_FAULT_ROUNDS` says how many rounds, a step each; the steps come again and again.
"""

import json
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from podo.node.mounts import mount_points
from podo.storage.local import loops
from tests.e2e import processes
from tests.e2e.test_storage import claim, user, write

pytestmark = pytest.mark.e2e
ROUNDS = int(os.environ.get("PODO_FAULT_ROUNDS", "3"))
NODE = "node-1"
STEPS = ("published", "unpublished", "staged", "growing", "at once", "noted", "unpublishing")


class Life:
    """The life of a volume of one Pod, during which the agent of its node is killed once."""

    def __init__(self, podo, kubectl, step: str) -> None:
        self.podo, self.kubectl, self.step = podo, kubectl, step
        self.folder = podo.state / "nodes" / NODE

    def mounted(self) -> list[str]:
        """Where volumes of the class local are mounted."""
        volumes, pods = str(self.podo.state / "volumes"), str(self.folder / "pods")
        points = mount_points(Path("/proc/self/mountinfo").read_text())
        return [p for p in points if p.startswith(volumes) or (p.startswith(pods) and "/volumes/data" in p)]

    def nothing_left(self) -> bool:
        volumes = self.podo.state / "volumes"
        notes = [*self.folder.glob("pods/*/published/*")]
        return not (self.mounted() or loops.below(volumes) or [*volumes.iterdir()] or notes)

    def at(self, step: str, reached: Callable[[], bool] = lambda: True) -> None:
        """Kill the agent, if this is the step, as soon as it is reached."""
        if step == self.step:
            end = time.monotonic() + 30
            while not reached():
                assert time.monotonic() < end, f"it is never {step}"
                select.select([], [], [], 0.002)
            os.kill(self.podo.pids()[NODE], signal.SIGKILL)
            self.podo("up", "--nodes", "2")

    def live(self) -> None:
        """From the claim to its end, the Pod's own and another's vain one included."""
        kubectl = self.kubectl
        kubectl.apply(
            claim("c", accessModes=["ReadWriteOncePod"]), user("p", nodeSelector={"kubernetes.io/hostname": NODE})
        )
        self.at("at once")
        self.at("noted", lambda: any(self.folder.glob("pods/*/published/data.json")))
        self.at("staged", lambda: len(self.mounted()) >= 1)
        self.at("published", lambda: len(self.mounted()) >= 2)
        kubectl.ready("pod/p")
        write(kubectl, "p", "kept")
        kubectl.apply(user("thief", nodeName=NODE))
        size = {"spec": {"resources": {"requests": {"storage": "96Mi"}}}}
        kubectl("patch", "pvc", "c", "--type=merge", "-p", json.dumps(size))
        self.at("growing")
        kubectl.wait("jsonpath={.spec.capacity.storage}=96Mi", "pv/" + kubectl.get("pvc", "c")["spec"]["volumeName"])
        assert kubectl("exec", "p", "--", "cat", "/data/x") == "kept\n"
        thief = kubectl.get("pod", "thief")["status"]
        assert not any((c.get("state") or {}).get("running") for c in thief.get("containerStatuses", []))
        kubectl("delete", "pod", "thief", "--grace-period=0", "--force")
        kubectl("delete", "pod", "p", "--wait=false")
        self.at("unpublishing")
        self.at("unpublished", lambda: len(self.mounted()) <= 1)
        kubectl.wait("delete", "pod/p")
        volume = kubectl.get("pvc", "c")["spec"]["volumeName"]
        kubectl("delete", "pvc", "c")
        kubectl.wait("delete", f"pv/{volume}")


def test_an_agent_killed_at_any_step_leaves_no_mount_no_device_and_no_folder(podo, kubectl):
    for number in range(ROUNDS):
        life = Life(podo, kubectl, STEPS[number % len(STEPS)])
        life.live()
        processes.until(f"nothing is left after {life.step}", life.nothing_left, 30)
