"""Names of links and marks of ownership: the same input always gives the same name, of at most 15 characters."""

from hashlib import sha256
from zlib import crc32

DEFAULT_CLUSTER = "default"
OWNER_PREFIX = "podo:"
TABLE_PREFIX = "podo-"
ROUTE_PROTOCOL = 112  # "p" in rtnetlink's protocol field: these routes are podo's
_POD_PREFIX = "pod-"
POD_LINKS = f"{_POD_PREFIX}*"  # nft's pattern for the links of Pods in a node's namespace
_LAST_RESORT_METRIC = 0x7000_0000


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:10]


def bridge_name(cluster: str) -> str:
    """`podo0` of the default cluster; others have a digest of their name."""
    return "podo0" if cluster == DEFAULT_CLUSTER else f"podo-{_digest(cluster)}"


def overlay_name(cluster: str) -> str:
    """The link by which Pods on other machines are reached."""
    return "podo0-vxlan" if cluster == DEFAULT_CLUSTER else f"pvx-{_digest(cluster)}"


def node_link_name(cluster: str, node: str) -> str:
    """The host's end of a node's link."""
    return f"node-{_digest(cluster, node)}"


def pod_link_name(sandbox: str) -> str:
    """The node's end of a Pod's link."""
    return f"{_POD_PREFIX}{_digest(sandbox)}"


def is_pod_link(name: str) -> bool:
    """Whether a link of a node leads to a Pod."""
    return name.startswith(_POD_PREFIX)


def owner(cluster: str) -> str:
    """The alias of each link that belongs to the cluster, as `ip link` shows it."""
    return f"{OWNER_PREFIX}{cluster}"


def table_name(cluster: str) -> str:
    """The nftables tables of the cluster, one a family."""
    return f"{TABLE_PREFIX}{cluster}"


def last_resort_metric(cluster: str) -> int:
    """The metric of the cluster's `unreachable` routes: high, and telling whose they are after a crash."""
    return _LAST_RESORT_METRIC | (crc32(cluster.encode()) & 0x0FFF_FFFF)
