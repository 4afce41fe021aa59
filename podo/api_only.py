"""`podo server --api-only`: the API alone, without controllers, scheduler and nodes, as users of envtest want it."""

import asyncio
import sys
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from podo.server.options import FLAGS, OptionError, guard_options

USAGE = """usage: podo server --api-only [--listen HOST:PORT] [--store memory|sqlite:FILE|etcd://HOST:PORT]
       [--service-cidr CIDR] [--token-auth-file FILE] [--kubeconfig-out FILE] [--pki FOLDER]
       [--audit-…]: the flags of kube-apiserver; docs/howto/guard.md has them
"""


@dataclass(kw_only=True)
class ServerOptions:
    """The flags of `server`, as given."""

    api_only: bool = False
    listen: str = "127.0.0.1:6443"
    store: str = "memory"
    service_cidr: str = "10.96.0.0/16"
    token_auth_file: str = ""
    kubeconfig_out: str = ""
    pki: str = ""
    guard: dict[str, str] = field(default_factory=dict)
    """Flags that kube-apiserver has as well, by name, without their dashes."""
    unknown: list[str] = field(default_factory=list)


def server_options(arguments: list[str]) -> ServerOptions:
    """The flags, as `--name value` or `--name=value`; what is not known is kept aside."""
    options, rest = ServerOptions(), list(arguments)
    while rest:
        name, _, value = rest.pop(0).partition("=")
        attribute = name.removeprefix("--").replace("-", "_")
        if attribute == "api_only":
            options.api_only = value != "false"
        elif name.startswith("--") and isinstance(getattr(options, attribute, None), str):
            setattr(options, attribute, value or (rest.pop(0) if rest else ""))
        elif name.startswith("--") and name[2:] in FLAGS:
            options.guard[name[2:]] = value if value or not rest or rest[0].startswith("--") else rest.pop(0)
        else:
            options.unknown.append(name)
    return options


async def serve_api(options: ServerOptions) -> None:
    """Run the API alone until cancelled."""
    from concurrent.futures import ThreadPoolExecutor
    from tempfile import TemporaryDirectory

    host, _, port = options.listen.rpartition(":")
    with TemporaryDirectory(prefix="podo-pki-") as temporary:
        folder = Path(options.pki or temporary)
        with ThreadPoolExecutor(1) as worker:
            made = worker.submit(_certificates, folder, options.service_cidr)
            from podo.server.app import ServerConfig, serving, settle_collector  # while keys are made
            from podo.server.connect.nodes import NodeAccess
            from podo.server.http.serving import TLSFiles

            made.result()
        config = ServerConfig(
            host=host.strip("[]") or "127.0.0.1",
            port=int(port),
            store=options.store,
            service_cidr=options.service_cidr,
            guard=guard_options(options.guard),
            tls=TLSFiles(folder / "server.crt", folder / "server.key", folder / "ca.crt"),
            token_file=Path(options.token_auth_file) if options.token_auth_file else None,
            service_account_key=folder / "sa.key",
            measures=False,
            node_access=NodeAccess(
                certificate=folder / "kubelet-client.crt",
                key=folder / "kubelet-client.key",
                authority=folder / "ca.crt",
            ),
        )
        async with serving(config) as server:
            if options.kubeconfig_out:
                _write_kubeconfig(Path(options.kubeconfig_out), folder, f"https://{server.host}:{server.port}")
            print(f"podo API server on https://{server.host}:{server.port}", flush=True)
            settle_collector()
            await asyncio.Event().wait()


def _certificates(folder: Path, service_cidr: str) -> None:
    from datetime import UTC, datetime

    from podo.cluster import pki
    from podo.cluster.config import ClusterConfig

    cluster = ClusterConfig(
        name="api",
        node_networks=("127.0.0.0/8",),
        pod_networks=(),
        service_networks=tuple(service_cidr.split(",")),
        api_port=0,
    )
    pki.ensure(folder, cluster, datetime.now(UTC))


def _write_kubeconfig(path: Path, folder: Path, url: str) -> None:
    from podo.client import kubeconfig

    def pem(name: str) -> str:
        return (folder / name).read_text()

    given = kubeconfig.Credentials(server=url, ca=pem("ca.crt"), certificate=pem("admin.crt"), key=pem("admin.key"))
    kubeconfig.write(path, kubeconfig.render("podo", given))


def complaint(options: ServerOptions) -> str:
    """What is wrong with the flags; "" if nothing is."""
    if options.unknown:
        return f"unknown: {' '.join(options.unknown)}"
    if not options.api_only:
        return "podo server runs the API alone: say so with --api-only (a whole cluster: podo up)"
    try:
        guard_options(options.guard)
    except OptionError as error:
        return str(error)
    port = options.listen.rpartition(":")[2]
    if ":" not in options.listen or not port.isdigit() or int(port) > 65535:
        return f"--listen {options.listen}: it is HOST:PORT, such as 127.0.0.1:6443"
    try:
        for cidr in options.service_cidr.split(","):
            ip_network(cidr)
    except ValueError as error:
        return f"--service-cidr {options.service_cidr}: {error}"
    return ""


async def _serve_or_say_why(options: ServerOptions) -> None:
    from podo.api.errors import APIError

    try:
        await serve_api(options)
    except (OSError, APIError, OptionError) as error:
        sys.stderr.write(f"podo: {error}\n")


def run(arguments: list[str]) -> int:
    """Run what the arguments say until SIGTERM or SIGINT; the exit status."""
    if {"-h", "--help"} & {*arguments}:
        sys.stdout.write(USAGE)
        return 0
    options = server_options(arguments)
    if problem := complaint(options):
        sys.stderr.write(f"podo: {problem}\n{USAGE}")
        return 2
    import uvloop

    from podo.cluster.until_told import until_told

    return uvloop.run(until_told(_serve_or_say_why(options)))
