"""What the server's and the agents' processes are started with; `podo.main` composes them from it."""

import msgspec

from podo.cluster.config import ClusterConfig, NodeConfig
from podo.cluster.paths import Paths


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One API server with controllers, scheduler and the host's data plane."""

    cluster: ClusterConfig
    state_dir: str
    run_dir: str
    store: str
    pki: str
    volumes_dir: str


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One node's agent. It enters `netns` before anything else; "" is the one that it is started in."""

    cluster: ClusterConfig
    node: NodeConfig
    server: str
    netns: str
    state_dir: str  # the node's own folder
    run_dir: str
    images_dir: str
    volumes_dir: str
    authority: str
    certificate: str
    key: str


def server_settings(where: Paths, cluster: ClusterConfig) -> ServerSettings:
    """The server's settings."""
    return ServerSettings(
        cluster=cluster,
        state_dir=str(where.state),
        run_dir=str(where.run),
        store=f"sqlite:{where.database}",
        pki=str(where.pki),
        volumes_dir=str(where.volumes),
    )


def agent_settings(where: Paths, cluster: ClusterConfig, node: NodeConfig) -> AgentSettings:
    """A local node's settings."""
    return AgentSettings(
        cluster=cluster,
        node=node,
        server=cluster.api_url,
        netns=str(where.netns(node.name)),
        state_dir=str(where.node(node.name)),
        run_dir=str(where.run),
        images_dir=str(where.images),
        volumes_dir=str(where.volumes),
        authority=str(where.pki / "ca.crt"),
        certificate=str(where.pki / "nodes" / f"{node.name}.crt"),
        key=str(where.pki / "nodes" / f"{node.name}.key"),
    )
