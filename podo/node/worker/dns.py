"""resolv.conf of a Pod: its dnsPolicy and dnsConfig (pure), and what the node's own file says."""

from collections.abc import Iterable
from pathlib import Path

from podo.api.types.core_v1 import Pod
from podo.node.runtime.config import DNSConfig

MAX_SERVERS, MAX_SEARCHES = 3, 32
CLUSTER_OPTIONS = ("ndots:5",)


def read(path: Path) -> DNSConfig:
    """A resolv.conf file; a missing one is empty."""
    servers: list[str] = []
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return DNSConfig()
    for line in lines:
        match line.split():
            case ["nameserver", server, *_]:
                servers.append(server)
            case ["search" | "domain", *domains]:
                searches = tuple(domains)
            case ["options", *more]:
                options = tuple(more)
    return DNSConfig(tuple(servers), searches, options)


def pod_dns(pod: Pod, node: DNSConfig, cluster_dns: tuple[str, ...], domain: str) -> DNSConfig:
    """What the Pod's resolv.conf says."""
    policy = pod.spec.dns_policy or "ClusterFirst"
    if policy == "ClusterFirst" and pod.spec.host_network:
        policy = "Default"
    if policy in ("ClusterFirst", "ClusterFirstWithHostNet") and cluster_dns:
        namespace = pod.metadata.namespace
        searches = (f"{namespace}.svc.{domain}", f"svc.{domain}", domain, *node.searches)
        base = DNSConfig(cluster_dns, searches, CLUSTER_OPTIONS)
    else:
        base = DNSConfig() if policy == "None" else node
    return _with_config(pod, base)


def _with_config(pod: Pod, base: DNSConfig) -> DNSConfig:
    config = pod.spec.dns_config
    servers, searches, options = base.servers, base.searches, base.options
    if config:
        servers += config.nameservers
        searches += config.searches
        options = _merged(options, (f"{o.name}:{o.value}" if o.value else o.name for o in config.options))
    return DNSConfig(_once(servers)[:MAX_SERVERS], _once(searches)[:MAX_SEARCHES], options)


def _merged(options: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """By the name before the colon; later ones win."""
    return tuple({o.partition(":")[0]: o for o in (*options, *more)}.values())


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
