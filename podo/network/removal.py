"""Taking a cluster's network off the machine, also after a crash, and proving that nothing is left.

Everything podo makes says whose it is: links by their alias, tables by their name, last-resort routes by their metric,
namespaces by their folder. So this needs no memory of what was made, and no configuration but the cluster's name.
"""

from dataclasses import dataclass
from pathlib import Path

from podo.network.host import remove_namespaces, restore_sysctls
from podo.network.names import last_resort_metric, owner, table_name
from podo.network.netlink import Link, Netlink, in_namespace
from podo.network.nft import NftCommand
from podo.network.routes import Route

RUN_ROOT = Path("/run/podo")


@dataclass(frozen=True)
class Remains:
    """What of a cluster is on the host."""

    links: tuple[Link, ...] = ()
    routes: tuple[Route, ...] = ()
    tables: tuple[tuple[str, str], ...] = ()
    namespaces: tuple[Path, ...] = ()

    def lines(self) -> list[str]:
        """One line for each thing, as a user would look for it."""
        return [
            *(f"link {link.name}" for link in self.links),
            *(f"route {route.kind.value} {route.destination}" for route in self.routes),
            *(f"nft table {family} {name}" for family, name in self.tables),
            *(f"network namespace {path}" for path in self.namespaces),
        ]


async def residue(cluster: str, *, run_root: Path = RUN_ROOT, netns: Path | None = None) -> list[str]:
    """What is left of the cluster's network on the host, one line each; [] if nothing. Raises OSError, NftFailure."""
    return (await _look(cluster, run_root, netns)).lines()


async def cleanup(cluster: str, *, run_root: Path = RUN_ROOT, netns: Path | None = None) -> None:
    """Remove every link, route, table and namespace that podo made for the cluster. May be repeated.

    Forwarding is set back to what it was when the last cluster of an IP version goes. Raises OSError, NftFailure.
    """
    remains = await _look(cluster, run_root, netns)
    await NftCommand(netns).apply(f"delete table {family} {name}" for family, name in remains.tables)
    await in_namespace(netns, lambda host: _remove(host, remains, run_root, cluster))


async def _look(cluster: str, run_root: Path, netns: Path | None) -> Remains:
    tables = await NftCommand(netns).tables()
    folder = run_root / cluster / "netns"
    bound = tuple(sorted(folder.iterdir())) if folder.is_dir() else ()
    links, routes = await in_namespace(netns, lambda host: _of_cluster(host, cluster))
    mine = tuple((family, name) for family, name in tables if name == table_name(cluster))
    return Remains(links=links, routes=routes, tables=mine, namespaces=bound)


def _of_cluster(host: Netlink, cluster: str) -> tuple[tuple[Link, ...], tuple[Route, ...]]:
    links = tuple(link for link in host.links() if link.alias == owner(cluster))
    devices = {link.name for link in links}
    metric = last_resort_metric(cluster)
    routes = tuple(sorted(each for each in host.routes() if each.metric == metric or each.device in devices))
    return links, routes


def _remove(host: Netlink, remains: Remains, run_root: Path, cluster: str) -> None:
    for route in remains.routes:
        host.delete_route(route)
    for link in remains.links:
        host.delete_link(link.name)
    remove_namespaces(run_root / cluster / "netns")
    restore_sysctls(run_root, {6 if ":" in each.destination else 4 for each in host.routes()})  # of other clusters
