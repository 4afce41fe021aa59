"""A Pod's network by CNI plug-ins: ADD in the order of the list, DEL in the other one, with what is known from disk."""

import asyncio
import json
import logging
from contextlib import suppress
from pathlib import Path

from podo.network.base import NetworkFailure, PodNetwork, PodSandbox
from podo.network.cni.configuration import (
    ConfigurationError,
    Json,
    Network,
    Runtime,
    addresses_of,
    find,
    request,
    runtime_of,
)
from podo.network.cni.plugin import DEVICE, Plugins
from podo.network.files import write_atomically

log = logging.getLogger(__name__)
VALID_ATTACHMENTS = "cni.dev/valid-attachments"


class Attachments:
    """Networks that plug-ins have made, each noted in `folder` before its first plug-in runs."""

    def __init__(self, folder: Path, plugins: Plugins) -> None:
        self._folder, self._plugins = folder, plugins

    def has(self, sandbox_id: str) -> bool:
        """Whether plug-ins made (or began to make) the network of this sandbox. Blocks."""
        return self._path(sandbox_id).exists()

    async def add(self, network: Network, sandbox: PodSandbox) -> tuple[str, ...]:
        """Run all plug-ins; the Pod's addresses. On failure all is undone. Raises NetworkFailure."""
        try:
            runtime = runtime_of(sandbox)
        except ConfigurationError as error:
            raise NetworkFailure(str(error)) from error
        known = await self._read(sandbox.id)
        if known and known["result"] is not None:
            return addresses_of(known["result"])
        result: Json | None = None
        await self._write(sandbox, network, runtime, None)
        try:
            for plugin in network.plugins:
                given = request(network, plugin, runtime, result)
                result = await self._plugins.run(plugin["type"], "ADD", environment(sandbox), given)
            await self._write(sandbox, network, runtime, result)
        except (NetworkFailure, asyncio.CancelledError):
            with suppress(NetworkFailure):
                await asyncio.shield(self.delete(sandbox))
            raise
        return addresses_of(result or {})

    async def check(self, sandbox: PodSandbox) -> None:
        """Ask the plug-ins whether the Pod's network is as they made it. Raises NetworkFailure."""
        known = await self._read(sandbox.id)
        network, runtime = _network(known), Runtime(known["runtime"]) if known else Runtime()
        if known is None or network is None or network.disable_check:
            return
        for plugin in network.plugins:
            given = request(network, plugin, runtime, known["result"])
            await self._plugins.run(plugin["type"], "CHECK", environment(sandbox), given)

    async def delete(self, sandbox: PodSandbox) -> None:
        """Undo it, even when the namespace is gone. May be repeated. Raises NetworkFailure."""
        known = await self._read(sandbox.id)
        network = _network(known)
        if known is None or network is None:
            return
        gone = not await asyncio.to_thread(sandbox.netns.exists)
        for plugin in reversed(network.plugins):
            given = request(network, plugin, Runtime(known["runtime"]), known["result"])
            await self._plugins.run(plugin["type"], "DEL", environment(sandbox, gone=gone), given)
        await asyncio.to_thread(self._path(sandbox.id).unlink, missing_ok=True)

    async def retain(self, sandbox_ids: set[str]) -> None:
        """Undo the networks of all other sandboxes, and let plug-ins that can collect what was forgotten."""
        networks: dict[str, Network] = {}
        for path in sorted(self._folder.glob("*.json")):
            known = await self._read(path.stem)
            if known is None or (network := _network(known)) is None:
                continue
            networks[network.name] = network
            if path.stem not in sandbox_ids:
                gone = PodSandbox(id=path.stem, netns=Path("/nonexistent"), namespace="", name="", uid="")
                try:
                    await self.delete(gone)
                except NetworkFailure as error:
                    log.warning("%s", error)
        for network in networks.values():
            await self._collect(network, sandbox_ids)

    async def _collect(self, network: Network, sandbox_ids: set[str]) -> None:
        if not network.supports_gc:
            return
        valid = [{"containerID": each, "ifname": DEVICE} for each in sorted(sandbox_ids) if self.has(each)]
        for plugin in network.plugins:
            given = request(network, plugin, Runtime(), None) | {VALID_ATTACHMENTS: valid}
            with suppress(NetworkFailure):  # plug-ins of older versions do not know it
                await self._plugins.run(plugin["type"], "GC", {}, given)

    async def status(self, network: Network) -> None:
        """Ask the plug-ins whether they can take Pods. Raises NetworkFailure."""
        for plugin in network.plugins if network.supports_gc else ():
            await self._plugins.run(plugin["type"], "STATUS", {}, request(network, plugin, Runtime(), None))

    def _path(self, sandbox_id: str) -> Path:
        return self._folder / f"{sandbox_id}.json"

    async def _read(self, sandbox_id: str) -> Json | None:
        try:
            found: Json = json.loads(await asyncio.to_thread(self._path(sandbox_id).read_bytes))
        except FileNotFoundError:
            return None
        return found

    async def _write(self, sandbox: PodSandbox, network: Network, runtime: Runtime, result: Json | None) -> None:
        listed = {"name": network.name, "cniVersion": network.version, "plugins": network.plugins}
        noted = {
            "network": listed | {"disableCheck": network.disable_check},
            "runtime": runtime.values,
            "result": result,
        }
        await asyncio.to_thread(write_atomically, self._path(sandbox.id), json.dumps(noted).encode())


def _network(known: Json | None) -> Network | None:
    if known is None:
        return None
    listed = known["network"]
    return Network(listed["name"], listed["cniVersion"], tuple(listed["plugins"]), listed["disableCheck"])


def environment(sandbox: PodSandbox, *, gone: bool = False) -> dict[str, str]:
    """What a plug-in is told of the Pod. A namespace that is gone is not named."""
    arguments = {
        "IgnoreUnknown": "1",
        "K8S_POD_NAMESPACE": sandbox.namespace,
        "K8S_POD_NAME": sandbox.name,
        "K8S_POD_INFRA_CONTAINER_ID": sandbox.id,
        "K8S_POD_UID": sandbox.uid,
    }
    return {
        "CNI_CONTAINERID": sandbox.id,
        "CNI_NETNS": "" if gone else str(sandbox.netns),
        "CNI_IFNAME": DEVICE,
        "CNI_ARGS": ";".join(f"{key}={value}" for key, value in arguments.items()),
    }


class PluggedPods:
    """Pods linked by the plug-ins that `folder` configures, or by `own` where it configures none.

    A Pod keeps the network that it was made with, whatever the folder says later.
    """

    def __init__(self, folder: Path, attachments: Attachments, own: PodNetwork) -> None:
        self._folder, self._attachments, self._own = folder, attachments, own

    async def setup(self, sandbox: PodSandbox) -> tuple[str, ...]:
        """Connect it; its addresses. Raises NetworkFailure."""
        try:
            network = await asyncio.to_thread(find, self._folder)
        except (ConfigurationError, OSError) as error:
            raise NetworkFailure(str(error)) from error
        if network is None:
            return await self._own.setup(sandbox)
        return await self._attachments.add(network, sandbox)

    async def teardown(self, sandbox: PodSandbox) -> None:
        """Undo it. May be repeated. Raises NetworkFailure."""
        if await asyncio.to_thread(self._attachments.has, sandbox.id):
            await self._attachments.delete(sandbox)
        else:
            await self._own.teardown(sandbox)
