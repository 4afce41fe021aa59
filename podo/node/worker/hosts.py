"""The name of a Pod, and its /etc/hosts. Pure."""

from podo.api.types.core_v1 import HostAlias, Pod

MANAGED, MANAGED_HOST = "# Kubernetes-managed hosts file.", "# Kubernetes-managed hosts file (host network)."
USUAL = (
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
)
MAX_HOSTNAME = 63


def hostname(pod: Pod) -> str:
    """The Pod's short name: as it says, or its own, cut to what Linux takes."""
    if pod.spec.hostname_override:
        return pod.spec.hostname_override
    return (pod.spec.hostname or pod.metadata.name)[:MAX_HOSTNAME].rstrip("-.")


def domain_name(pod: Pod, cluster_domain: str) -> str:
    """The Pod's domain, if it has a subdomain."""
    if pod.spec.hostname_override or not pod.spec.subdomain:
        return ""
    return f"{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{cluster_domain}"


def kernel_hostname(pod: Pod, cluster_domain: str) -> str:
    """What `hostname` prints in it."""
    domain = domain_name(pod, cluster_domain)
    if pod.spec.set_hostname_as_fqdn and domain:
        return f"{hostname(pod)}.{domain}"
    return hostname(pod)


def hosts_file(pod: Pod, ips: tuple[str, ...], cluster_domain: str, node_file: str) -> str:
    """The text of /etc/hosts; with the node's network it is the node's own and the aliases."""
    aliases = _aliases(pod.spec.host_aliases)
    if pod.spec.host_network:
        return f"{MANAGED_HOST}\n{node_file}{aliases}"
    name, domain = hostname(pod), domain_name(pod, cluster_domain)
    own = [f"{ip}\t{name}.{domain}\t{name}" if domain else f"{ip}\t{name}" for ip in ips]
    return "\n".join((MANAGED, *USUAL, *own)) + "\n" + aliases


def _aliases(aliases: tuple[HostAlias, ...]) -> str:
    if not aliases:
        return ""
    lines = "".join("\t".join((a.ip, *a.hostnames)) + "\n" for a in aliases)
    return f"\n# Entries added by HostAliases.\n{lines}"
