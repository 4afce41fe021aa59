"""The composition root: `server`, `agent`, and the command line on top.

Only it, `cluster_server.py` and `controller_lists.py` name concrete classes. Imports are local to what needs them, so
that each process starts fast and holds only what it runs.
"""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podo.cluster.components import AgentSettings


async def run_agent(settings: "AgentSettings", host_netns: Path | None) -> None:
    """A node's agent, in the namespace that this process is in. Runs until cancelled.

    `host_netns` is the host's, where registries are reached from, if that is another one.
    """
    from podo.client.kubeconfig import Credentials
    from podo.clock import SystemClock
    from podo.cluster.host import network_config
    from podo.node import agent
    from podo.node.api.server import NodeAPIConfig
    from podo.node.config import AgentConfig
    from podo.node.eviction.thresholds import EvictionLimits
    from podo.node.housekeeping.image_gc import ImageLimits
    from podo.node.housekeeping.local import LOCAL_EVICTION, LOCAL_IMAGES
    from podo.node.services import node_services

    node, clock = settings.node, SystemClock()
    certificate, key, authority = Path(settings.certificate), Path(settings.key), Path(settings.authority)
    config = AgentConfig(
        node_name=node.name,
        addresses=node.addresses,
        credentials=Credentials(
            server=settings.server,
            ca=authority.read_text(),
            certificate=certificate.read_text(),
            key=key.read_text(),
        ),
        network=network_config(settings.cluster),
        state_dir=Path(settings.state_dir),
        run_dir=Path(settings.run_dir) / "nodes" / node.name,
        images_dir=Path(settings.images_dir),
        volumes_dir=Path(settings.volumes_dir),
        pod_cidrs=node.pod_cidrs,
        cpu=node.cpu,
        memory=node.memory,
        host_netns=host_netns,
        runtime=settings.cluster.runtime,
        images=LOCAL_IMAGES if host_netns else ImageLimits(),
        eviction=LOCAL_EVICTION if host_netns else EvictionLimits(),
    )
    listen = NodeAPIConfig(address=node.addresses[0], certificate=certificate, key=key, authority=authority)
    await agent.run(config, node_services(listen, clock), clock)


def component(role: str, config: Path) -> int:
    """Run what a configuration file describes, until SIGTERM; the exit status."""
    import msgspec
    import uvloop

    from podo.cluster.components import AgentSettings, ServerSettings
    from podo.cluster.until_told import until_told
    from podo.server.options import OptionError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("podo.server.http").setLevel(logging.WARNING)
    if role == "server":
        from podo.cluster_server import serve_cluster

        try:
            return uvloop.run(until_told(serve_cluster(msgspec.json.decode(config.read_bytes(), type=ServerSettings))))
        except OptionError as error:
            sys.stderr.write(f"podo: {error}\n")
            return 1
    settings = msgspec.json.decode(config.read_bytes(), type=AgentSettings)
    host_netns = None
    if settings.netns:
        from podo.network.namespaces import enter
        from podo.node.syscalls import CLONE_NEWUTS, sethostname, unshare

        host = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)  # open for as long as we run
        host_netns = Path(f"/proc/{os.getpid()}/fd/{host}")  # by our pid: others open it
        enter(Path(settings.netns))
        unshare(CLONE_NEWUTS)  # to what runs there a local node is a machine of its own, with a name of its own
        sethostname(settings.node.name)
    return uvloop.run(until_told(run_agent(settings, host_netns)))


def main(arguments: list[str] | None = None) -> int:
    """The `podo` command; the exit status. Components are told from verbs before anything is imported."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["server"] and "--config" not in given:
        from podo.api_only import run

        return run(given[1:])
    if given[:1] in (["server"], ["agent"]) and len(given) == 3 and given[1] == "--config":
        return component(given[0], Path(given[2]))
    from podo.cli.app import run as run_verb

    run_verb()
    return 0


if __name__ == "__main__":
    sys.exit(main())
