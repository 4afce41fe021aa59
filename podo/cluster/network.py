"""What `podo network` asks a cluster."""

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from podo.api.types.core_v1 import Namespace, Node, Pod
from podo.api.types.networking_v1 import NetworkPolicy
from podo.client.base import Client, Key
from podo.cluster.errors import ClusterError
from podo.network.policy.explain import End, decide
from podo.network.policy.model import PodFacts, pod_facts, policy_facts

PROTOCOLS = ("tcp", "udp", "sctp")


def why(name: str, state_dir: str, source: str, target: str, *, protocol: str, port: int) -> list[dict[str, Any]]:
    """A row a direction: what the policies say of a connection, and which of them. Raises ClusterError."""
    from podo.client.http import HTTPClient
    from podo.cluster.access import credentials
    from podo.cluster.config import load
    from podo.cluster.paths import find

    if protocol.lower() not in PROTOCOLS:
        raise ClusterError(f"{protocol!r} is no protocol of policies", hint="use TCP, UDP or SCTP")
    where = find(name, Path(state_dir) if state_dir else None)

    async def ask() -> list[dict[str, Any]]:
        async with HTTPClient(credentials(where, load(where))) as client:
            return await _rows(client, source, target, protocol.lower(), port)

    return asyncio.run(ask())


async def _rows(client: Client, source: str, target: str, protocol: str, port: int) -> list[dict[str, Any]]:
    policies = [policy_facts(each) for each in (await client.list(NetworkPolicy)).items]
    namespaces = {each.metadata.name: each.metadata.labels for each in (await client.list(Namespace)).items}
    pods = [pod_facts(each) for each in (await client.list(Pod)).items]
    nodes = {a.address for node in (await client.list(Node)).items for a in node.status.addresses}
    ends = [end_of(text, pods) for text in (source, target)]
    findings = decide(policies, namespaces, source=ends[0], target=ends[1], protocol=protocol, port=port)
    rows = []
    for finding, end in zip(findings, ends, strict=True):
        outside = "is a node" if end.address in nodes else "is no Pod, so no policy isolates it"
        reason = finding.words(str(end)) if end.pod else f"{end.address} {outside}"
        verdict = "allowed" if finding.allowed else "refused"
        rows.append({"direction": finding.direction.lower(), "verdict": verdict, "reason": reason})
    allowed = all(finding.allowed for finding in findings)
    said = f"{ends[0]} to {ends[1]}, {protocol.upper()} {port}"
    return [*rows, {"direction": "both", "verdict": "allowed" if allowed else "refused", "reason": said}]


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
