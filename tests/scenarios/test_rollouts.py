"""Rollouts as stories in rollouts/*.txt; see rollouts/README.md."""

import asyncio
import os
from pathlib import Path

import pytest

from podo.api.types.apps_v1 import Deployment, DeploymentStrategy, ReplicaSet, RollingUpdateDeployment
from podo.api.types.core_v1 import Pod
from podo.controllers.deployment import DeploymentController
from podo.controllers.deployment_revisions import REVISION, bounds, divide, without_hash
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, template
from tests.controllers.lab import Lab, running_lab

STORIES = sorted(Path(__file__).parent.glob("rollouts/*.txt"))
BREAK = "----"


class Story:
    """Runs commands on a lab and tells what they led to."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._bad, self._told, self._conditions = lab, set(), 0, {}
        self._least, self._last = 0, 0

    async def run(self, command: str) -> str:
        verb, *words = command.split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        await getattr(self, f"_{verb}")(*(w for w in words if "=" not in w), **options)
        await self._lab.settle()
        return await self._tell()

    async def _create(self, *, replicas="1", image="v1", surge="25%", unavailable="25%", strategy="", **more):
        fields = {key: _value(text) for key, text in more.items()}
        if strategy:
            fields["strategy"] = DeploymentStrategy(type=strategy)
        await self._lab.user.create(
            deployment(
                replicas=int(replicas), image=image, surge=_value(surge), unavailable=_value(unavailable), **fields
            )
        )

    async def _set(self, *, image="", surge="", unavailable="", **more):
        fields = {key: _value(text) for key, text in more.items()}
        d = await self._web()
        if image:
            fields["template"] = template(image=image)
        if surge or unavailable:
            now = d.spec.strategy.rolling_update
            rolling = RollingUpdateDeployment(
                max_surge=_value(surge) if surge else now.max_surge,
                max_unavailable=_value(unavailable) if unavailable else now.max_unavailable,
            )
            fields["strategy"] = DeploymentStrategy(type="RollingUpdate", rolling_update=rolling)
        await self._lab.change(d, **fields)

    async def _broken(self, *, image):
        self._bad.add(image)

    async def _undo(self):
        d = await self._web()
        sets = divide(d, await self._lab.all(ReplicaSet))
        last = max(sets.old, key=lambda rs: int(rs.metadata.annotations[REVISION]))
        await self._lab.change(d, template=without_hash(last.spec.template))

    async def _wait(self, seconds):
        await self._lab.run_for(float(seconds))

    async def _step(self):
        await self._advance()

    async def _run(self):
        for _ in range(200):
            if not await self._advance():
                return
        raise AssertionError("never comes to rest")

    async def _advance(self) -> int:
        lab = self._lab
        await lab.settle()
        pods = await lab.all(Pod)
        waiting = [p for p in pods if p.status.phase in ("", "Pending") and not p.metadata.deletion_timestamp]
        async with lab.turn:
            for pod in waiting:
                await lab.become([pod], ready=_image(pod) not in self._bad)
            gone = await lab.finish_deletions()
        await lab.settle()
        await self._check()
        return gone + len(waiting)

    async def _check(self) -> None:
        d, sets = await self._web(), await self._lab.all(ReplicaSet)
        total = sum(rs.spec.replicas for rs in sets)
        if d.spec.strategy.type == "RollingUpdate" and not d.spec.paused:
            assert total <= max(d.spec.replicas + bounds(d)[0], self._last), f"there are {total} Pods"
        self._last = total
        if d.spec.strategy.type == "RollingUpdate" and not self._bad:
            available = sum(rs.status.available_replicas or 0 for rs in sets)
            wanted = d.spec.replicas - bounds(d)[1]
            assert available >= min(wanted, self._least), f"{available} are available, {wanted} should be"
            self._least = available

    async def _web(self) -> Deployment:
        return await self._lab.get(Deployment, "web")

    async def _tell(self) -> str:
        d, sets = await self._web(), await self._lab.all(ReplicaSet)
        names = {rs.metadata.name: rs.spec.template.spec.containers[0].image for rs in sets}
        events = [e for e in self._lab.events.recorded if e.reason == "ScalingReplicaSet"]
        told, self._told = [_renamed(e.message, names) for e in events[self._told :]], len(events)
        for c in d.status.conditions:
            text = f"{c.type}={c.status} {c.reason}: {_renamed(c.message, names)}"
            if self._conditions.get(c.type) != text:
                told.append(text)
                self._conditions[c.type] = text
        return "\n".join([*told, *_table(sets)])


def _table(sets: list[ReplicaSet]) -> list[str]:
    ordered = sorted(sets, key=lambda rs: int(rs.metadata.annotations.get(REVISION, 0)))
    return [
        f"{rs.spec.template.spec.containers[0].image}: revision {rs.metadata.annotations.get(REVISION)},"
        f" {rs.spec.replicas} wanted, {rs.status.replicas or 0} there, {rs.status.available_replicas or 0} available"
        for rs in ordered
    ]


def _renamed(line: str, names: dict[str, str]) -> str:
    for name, image in names.items():
        line = line.replace(name, image)
    return line


def _image(pod: Pod) -> str:
    return pod.spec.containers[0].image


def _value(text: str):
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.lstrip("-").isdecimal() else text


def parts(text: str) -> list[tuple[str, str]]:
    """(command, what it leads to) of a story."""
    found = []
    for part in text.strip().split("\n\n"):
        command, _, outcome = part.partition(f"\n{BREAK}")
        found.append((command, outcome.strip("\n")))
    return found


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
async def test_rollout(path):
    script = parts(path.read_text())
    async with running_lab() as lab:
        lab.turn = asyncio.Lock()
        lab.start(DeploymentController, ReplicaSetController)
        story, happened = Story(lab), []
        for command, _ in script:
            happened.append((command, await story.run(command)))
    if os.environ.get("PODO_REWRITE"):
        path.write_text("\n\n".join(f"{command}\n{BREAK}\n{outcome}" for command, outcome in happened) + "\n")
    else:
        assert happened == script


def test_there_are_stories():
    assert STORIES
