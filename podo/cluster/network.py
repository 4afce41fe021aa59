"""What `podo network` asks a cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from podo.api.errors import NotFound
from podo.api.types.core_v1 import Namespace, Node, Pod, Service
from podo.api.types.networking_v1 import Ingress, NetworkPolicy
from podo.client.base import Client, Key
from podo.cluster.config import ClusterConfig, load
from podo.cluster.errors import ClusterError
from podo.network.gateway.kinds import GATEWAYS, Gateway
from podo.network.policy.cluster_kinds import KINDS
from podo.network.policy.explain import End, decide
from podo.network.policy.model import PodFacts, pod_facts, policy_facts
from podo.network.policy.tiers import ClusterPolicyFacts, cluster_policy_facts

Rows = list[dict[str, Any]]
EXPOSED = (
    dict.fromkeys(("service", "services", "svc"), "service")
    | dict.fromkeys(("ingress", "ingresses", "ing"), "ingress")
    | dict.fromkeys(("gateway", "gateways", "gtw"), "gateway")
)
NO_ADDRESS = {
    "service": "it is headless or an ExternalName",
    "ingress": "kubectl describe it: its events say why",
    "gateway": "kubectl describe it: its conditions say why",
}
PROTOCOLS = ("tcp", "udp", "sctp")


def why(name: str, state_dir: str, source: str, target: str, *, protocol: str, port: int) -> Rows:
    """A row a direction: what the policies say of a connection, and which of them. Raises ClusterError."""
    if protocol.lower() not in PROTOCOLS:
        raise ClusterError(f"{protocol!r} is no protocol of policies", hint="use TCP, UDP or SCTP")

    async def ask(client: Client, cluster: ClusterConfig) -> Rows:
        return await _rows(client, source, target, protocol.lower(), port)

    return _with_client(name, state_dir, ask)


def _with_client(name: str, state_dir: str, ask: Callable[[Client, ClusterConfig], Awaitable[Rows]]) -> Rows:
    """What `ask` finds out from the cluster's API."""
    from podo.client.http import HTTPClient
    from podo.cluster.access import credentials
    from podo.cluster.paths import find

    where = find(name, Path(state_dir) if state_dir else None)
    cluster = load(where)

    async def run() -> Rows:
        async with HTTPClient(credentials(where, cluster)) as client:
            return await ask(client, cluster)

    return asyncio.run(run())


def expose(name: str, state_dir: str, what: str, namespace: str) -> Rows:
    """A row an address: under which address something answers, from where, and what it leads to.

    Raises ClusterError if there is no such thing, or if it has no address.
    """
    kind, _, named = what.partition("/")
    if (exposed := EXPOSED.get(kind)) is None or not named:
        hint = "use service/NAME, ingress/NAME or gateway/NAME"
        raise ClusterError(f"{what!r} is nothing that can be exposed", hint=hint)

    async def ask(client: Client, cluster: ClusterConfig) -> Rows:
        key = Key(namespace, named)
        try:
            if exposed == "gateway":
                return gateway_addresses(await client.get(GATEWAYS, key))
            if exposed == "service":
                return service_addresses(await client.get(Service, key), cluster.host_address)
            return ingress_addresses(await client.get(Ingress, key))
        except NotFound as error:
            raise ClusterError(str(error), hint="name its namespace: --namespace NAMESPACE") from error

    if rows := _with_client(name, state_dir, ask):
        return rows
    raise ClusterError(f"{what} has no address", hint=NO_ADDRESS[exposed])


def gateway_addresses(gateway: Gateway) -> Rows:
    """The URLs, or addresses and ports, of a Gateway's listeners."""
    rows = []
    for each in gateway.status.addresses:
        for listener in gateway.spec.listeners:
            scheme, host = listener.protocol.lower(), listener.hostname or each.value
            port = "" if (scheme, listener.port) in (("http", 80), ("https", 443)) else f":{listener.port}"
            url = f"{scheme}://{host}{port}" if scheme in ("http", "https") else f"{host}:{listener.port}"
            rows.append({"address": url, "from": f"{host} at {each.value}", "leads_to": f"listener {listener.name}"})
    return rows


def service_addresses(service: Service, host: str) -> Rows:
    """Where a Service answers: load balancer's addresses first. `host` is the host's address on the bridge."""
    spec, balancer = service.spec, service.status.load_balancer
    given = [each.ip for each in balancer.ingress if each.ip] if balancer else []
    rows = []
    for port in spec.ports:
        protocol, leads = (port.protocol or "TCP").lower(), f"{service.metadata.name}:{port.name or port.port}"
        found = [(f"{ip}:{port.port}", "host, nodes, Pods") for ip in given]
        if port.node_port:
            found += [(f"{ip}:{port.node_port}", "host") for ip in ("127.0.0.1", host)]
        if spec.cluster_ip not in ("", "None"):
            found.append((f"{spec.cluster_ip}:{port.port}", "host, nodes, Pods"))
        rows += [{"address": address, "protocol": protocol, "from": who, "leads_to": leads} for address, who in found]
    return rows


def ingress_addresses(ingress: Ingress) -> Rows:
    """The URLs of an Ingress, and where they answer."""
    balancer = ingress.status.load_balancer
    ips = [each.ip for each in balancer.ingress if each.ip] if balancer else []
    safe = {host for tls in ingress.spec.tls for host in tls.hosts}
    rows = []
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http else ():
            service = path.backend.service.name if path.backend and path.backend.service else ""
            for ip in ips:
                url = f"{'https' if rule.host in safe else 'http'}://{rule.host or ip}{path.path}"
                rows.append({"address": url, "from": f"{rule.host or ip} at {ip}", "leads_to": service})
    return rows


async def _rows(client: Client, source: str, target: str, protocol: str, port: int) -> Rows:
    policies = [policy_facts(each) for each in (await client.list(NetworkPolicy)).items]
    namespaces = {each.metadata.name: each.metadata.labels for each in (await client.list(Namespace)).items}
    pods = [pod_facts(each) for each in (await client.list(Pod)).items]
    nodes = {a.address for node in (await client.list(Node)).items for a in node.status.addresses}
    ends = [end_of(text, pods) for text in (source, target)]
    findings = decide(
        policies,
        namespaces,
        source=ends[0],
        target=ends[1],
        protocol=protocol,
        port=port,
        cluster=await _cluster_policies(client),
    )
    rows = []
    for finding, end in zip(findings, ends, strict=True):
        outside = "is a node" if end.address in nodes else "is no Pod, so no policy isolates it"
        reason = finding.words(str(end)) if end.pod else f"{end.address} {outside}"
        verdict = "allowed" if finding.allowed else "refused"
        rows.append({"direction": finding.direction.lower(), "verdict": verdict, "reason": reason})
    allowed = all(finding.allowed for finding in findings)
    said = f"{ends[0]} to {ends[1]}, {protocol.upper()} {port}"
    return [*rows, {"direction": "both", "verdict": "allowed" if allowed else "refused", "reason": said}]


async def _cluster_policies(client: Client) -> list[ClusterPolicyFacts]:
    found: list[ClusterPolicyFacts] = []
    for kind in KINDS:
        try:
            found += [cluster_policy_facts(each) for each in (await client.list(kind)).items]
        except NotFound:
            continue  # somebody has removed the definition
    return found


def end_of(text: str, pods: list[PodFacts]) -> End:
    """The end that `text` names: an address, POD or NAMESPACE/POD. Raises ClusterError if there is no such Pod."""
    try:
        address = str(ip_address(text))
    except ValueError:
        namespace, _, name = text.rpartition("/")
        key = Key(namespace or "default", name)
        for pod in pods:
            if pod.key == key and pod.addresses:
                return End(pod.addresses[0], pod)
        known = any(pod.key == key for pod in pods)
        what = "has no address yet" if known else "does not exist"
        raise ClusterError(f"Pod {key} {what}", hint="name it as NAMESPACE/POD: podo network why --help") from None
    return End(address, next((pod for pod in pods if address in pod.addresses and pod.reachable), None))
