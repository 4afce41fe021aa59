"""Start a cluster, or whatever is missing of one: each step finds out what is there already."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from podo.cluster import access, config, host, pki, runtimes
from podo.cluster.api import API, until
from podo.cluster.components import agent_settings, server_settings
from podo.cluster.config import NODE_API_PORT, ClusterConfig, NodeConfig
from podo.cluster.doctor import disk_complaint, quick_complaint
from podo.cluster.down import remove_everything
from podo.cluster.errors import ClusterError, explained
from podo.cluster.ip_family import IPFamily
from podo.cluster.lock import locked
from podo.cluster.logs import last_lines
from podo.cluster.paths import Paths, locate, paths, remember_state_dir
from podo.cluster.processes import recorded, spawn
from podo.cluster.settings_file import read_scheduler, read_settings

Progress = Callable[[str], None]
ROOM = 16 << 20  # bytes on disk that a new cluster wants, most of them for its first objects and logs


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What `podo up` was asked for. `wait` is in seconds, 0: not at all.

    None: as many `nodes` as there are, or one; the `ip_family` that the cluster has, or IPv4.
    """

    name: str
    nodes: int | None = None
    wait: float = 60
    cpu: str = ""
    memory: str = ""
    state_dir: str = ""
    config: str = ""
    ip_family: IPFamily | None = None
    max_nodes: int | None = None  # up to so many are added as Pods need them; 0: none, None: as it was
    node_idle: float = 120  # seconds
    vertical_autoscaling: bool | None = None  # None: as it was
    runtime: str = ""  # "containerd", "crio" or a socket; "": podo's own, or what the cluster has
    scheduler_config: str = ""  # a file; "": as it was


@dataclass(frozen=True)
class Result:
    """What is up now."""

    kubeconfig: Path
    summary: str
    seconds: float


def bring_up(options: UpOptions, progress: Progress) -> Result:
    """Bring a cluster up. Raises ClusterError; a new cluster that fails to start leaves nothing behind."""
    started = time.monotonic()
    config.check_name(options.name)
    if complaint := quick_complaint():
        raise complaint
    where = _where(options)
    with locked(where):
        is_new = not where.config.exists()
        cluster = plan(where, options)
        try:
            start(where, cluster, progress)
            if options.wait:
                await_ready(where, cluster, options.wait, progress)
        except BaseException as error:
            if is_new:
                raise _after_clean_up(where, cluster, error) from error
            raise
    running = [n for n in cluster.nodes if not n.stopped]
    summary = f"{len(running)} node{'' if len(running) == 1 else 's'}"
    return Result(where.kubeconfig, summary, time.monotonic() - started)


def _where(options: UpOptions) -> Paths:
    """The cluster's paths. Raises ClusterError if it is up with its state elsewhere."""
    known = locate(options.name)
    if not options.state_dir:
        return known
    where = paths(options.name, Path(options.state_dir).absolute())
    if known.config.exists() and known.state.absolute() != where.state:
        hint = "leave --state-dir out, choose another --name, or take it down first: podo down"
        raise ClusterError(f"cluster {options.name!r} has its state in {known.state}", hint=hint)
    return where


def plan(where: Paths, options: UpOptions) -> ClusterConfig:
    """The cluster as it shall be: the one in the state folder, with nodes added, or a new one.

    Raises ClusterError if it runs already, or if the folder holds something else.
    """
    if where.config.exists():
        cluster = config.load(where)
        if (options.nodes or 0) <= len(cluster.nodes) and options.max_nodes is None and is_up(where, cluster):
            hint = "podo status shows it; podo node add adds a node; podo down removes the cluster"
            raise ClusterError(f"cluster {options.name!r} is running already", hint=hint)
        if options.runtime not in ("", cluster.runtime) and runtimes.address(options.runtime) != cluster.runtime:
            hint = f"leave --runtime out, or make the cluster anew: podo down --name {options.name}"
            raise ClusterError(f"cluster {options.name!r} has {cluster.runtime or 'podo'} as its runtime", hint=hint)
        if options.ip_family not in (None, cluster.ip_family):
            hint = f"leave --ip-family out, or make the cluster anew: podo down --name {options.name}"
            raise ClusterError(f"cluster {options.name!r} is {cluster.ip_family} and stays so", hint=hint)
    else:
        if where.database.exists():
            hint = f"restore cluster.json from a backup, or remove what is left: rm -r {where.state}"
            raise ClusterError(f"{where.state} has the data of a cluster but no cluster.json", hint=hint)
        if foreign := where.foreign():
            hint = "name an empty folder, or one that is not there yet: --state-dir DIR"
            raise ClusterError(f"{where.state} has something in it that is not podo's: {foreign[0].name}", hint=hint)
        if complaint := disk_complaint(where.state, ROOM):
            raise complaint
        cluster = new_cluster(options.name, options.ip_family or IPFamily.IPV4)
        if options.runtime:
            cluster = msgspec.structs.replace(cluster, runtime=runtimes.address(options.runtime))
    if options.config:
        cluster = msgspec.structs.replace(cluster, api_server=read_settings(Path(options.config)))
    if options.scheduler_config:
        cluster = msgspec.structs.replace(cluster, scheduler=read_scheduler(Path(options.scheduler_config)))
    if options.vertical_autoscaling is not None:
        cluster = msgspec.structs.replace(cluster, vertical_autoscaling=options.vertical_autoscaling)
    while len(cluster.nodes) < (options.nodes or 1):
        cluster = cluster.with_node(config.new_node(cluster, cpu=options.cpu, memory=options.memory))
    return bounded(cluster, options)


def bounded(cluster: ClusterConfig, options: UpOptions) -> ClusterConfig:
    """The cluster with the bounds of its number of nodes. Raises ClusterError if there can be none between them."""
    if not options.max_nodes:
        return cluster if options.max_nodes is None else msgspec.structs.replace(cluster, autoscaling=None)
    known, newest = cluster.autoscaling, cluster.nodes[-1]
    least = options.nodes or (known.min_nodes if known else len(cluster.nodes))
    if options.max_nodes < least:
        hint = f"give a larger number, or --nodes as well: podo up --nodes 1 --max-nodes {options.max_nodes}"
        raise ClusterError(f"--max-nodes {options.max_nodes} is less than the {least} that there shall be", hint=hint)
    bounds = config.NodeBounds(
        min_nodes=least,
        max_nodes=options.max_nodes,
        cpu=options.cpu or newest.cpu,
        memory=options.memory or newest.memory,
        idle_seconds=options.node_idle,
    )
    return msgspec.structs.replace(cluster, autoscaling=bounds)


def new_cluster(name: str, family: IPFamily) -> ClusterConfig:
    """A cluster without nodes, in the first ranges that the host does not use. Raises ClusterError if none are free."""
    conflicts: list[str] = []
    for ranges in config.candidates(family):
        conflicts = host.conflicts(ranges) + (
            [] if _is_free(ranges.api_port) else [f"port {ranges.api_port} is in use"]
        )
        if not conflicts:
            return ClusterConfig(name=name, **msgspec.structs.asdict(ranges))
    hint = "free one of them, or stop a cluster: podo down --name NAME"
    raise ClusterError(f"all of podo's network ranges are taken on this host: {'; '.join(conflicts)}", hint=hint)


def is_running(where: Paths, cluster: ClusterConfig) -> bool:
    """Whether the server and every node that is not stopped are alive."""
    wanted = ["server", *(n.name for n in cluster.nodes if not n.stopped)]
    return all(recorded(where.pid(name)) for name in wanted)


def is_up(where: Paths, cluster: ClusterConfig) -> bool:
    """Whether nothing is left to do: all run and are ready. A `podo up` that was killed may have left them half-way."""
    if not is_running(where, cluster):
        return False
    with API(where, cluster) as api:
        return api.is_ready() and not _missing(cluster, api)


def start(where: Paths, cluster: ClusterConfig, progress: Progress) -> None:
    """Start what is missing, the server first, since it takes longest."""
    config.save(where, cluster)
    remember_state_dir(where)
    pki.ensure(where.pki, cluster, datetime.now(UTC))
    access.write(where, cluster)
    host.set_up(where, cluster)
    if not recorded(where.pid("server")):
        if not _is_free(cluster.api_port):
            hint = f"find out who uses it: ss -ltnp 'sport = :{cluster.api_port}'"
            raise ClusterError(f"port {cluster.api_port}, which the API server needs, is in use", hint=hint)
        progress("starting the API server")
        config.write_component(where.component("server"), server_settings(where, cluster))
        spawn("the API server", where.component("server"), where.pid("server"), where.log("server"), "server")
    for node in cluster.nodes:
        if not node.stopped and not recorded(where.pid(node.name)):
            progress(f"starting {node.name}")
            start_node(where, cluster, node)


def start_node(where: Paths, cluster: ClusterConfig, node: NodeConfig) -> None:
    """Make a node's network and start its agent."""
    where.node(node.name).mkdir(parents=True, exist_ok=True, mode=0o700)
    host.set_up_node(where, cluster, node)
    config.write_component(where.component(node.name), agent_settings(where, cluster, node))
    spawn(node.name, where.component(node.name), where.pid(node.name), where.log(node.name), "agent")


def await_ready(where: Paths, cluster: ClusterConfig, seconds: float, progress: Progress) -> None:
    """Wait until the API answers and all nodes that shall run are Ready. Raises ClusterError with the logs' ends."""
    wanted = {n.name for n in cluster.nodes if not n.stopped}
    deadline = time.monotonic() + seconds

    def left() -> float:
        return max(0.0, deadline - time.monotonic())

    def server_died() -> bool:
        return recorded(where.pid("server")) is None

    with API(where, cluster) as api:
        until(lambda: api.is_ready() or server_died(), left(), time.monotonic, time.sleep)
        if not api.is_ready():
            raise _not_ready("the API server", "server", where, seconds)
        progress("waiting for the nodes")
        until(lambda: not _missing(cluster, api) or _dead(where, wanted) != "", left(), time.monotonic, time.sleep)
        missing = sorted(_missing(cluster, api))
    if missing:
        first = _dead(where, wanted) or missing[0]
        raise _not_ready(first, first, where, seconds)


def _missing(cluster: ClusterConfig, api: API) -> set[str]:
    """The nodes that shall run and do not: what the API says may be of an agent that died, so they are asked, too."""
    ready = api.ready_nodes()
    return {n.name for n in cluster.nodes if not n.stopped and not (n.name in ready and _listens(n.addresses[0]))}


def _listens(address: str) -> bool:
    """Whether the node API answers there."""
    try:
        socket.create_connection((address, NODE_API_PORT), timeout=1).close()
    except OSError:
        return False
    return True


def _dead(where: Paths, names: set[str]) -> str:
    return next((name for name in sorted(names) if recorded(where.pid(name)) is None), "")


def _not_ready(what: str, component: str, where: Paths, seconds: float) -> ClusterError:
    if complaint := disk_complaint(where.state, 1 << 20):
        return complaint
    died = recorded(where.pid(component)) is None
    happened = "ended" if died else f"is not ready after {seconds:.0f} s"
    end = last_lines(where.log(component))
    return ClusterError(f"{what} {happened}{f'; its last words:{chr(10)}{end}' if end else ''}")


def _after_clean_up(where: Paths, cluster: ClusterConfig, error: BaseException) -> BaseException:
    """Remove a new cluster that did not start, but keep the logs where the error says they are."""
    kept = Path(f"/var/log/podo/{cluster.name}")
    if where.logs.exists():
        kept.mkdir(parents=True, exist_ok=True)
        for log in where.logs.iterdir():
            (kept / log.name).write_bytes(log.read_bytes())
    remove_everything(where, cluster, keep=False)
    if isinstance(error, OSError):
        return explained(error)
    if isinstance(error, ClusterError):
        return ClusterError(str(error), hint=error.hint or f"the whole logs are in {kept}; everything else was undone")
    return error


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
