"""Policies as a user writes them, and Pods, for tests."""

import json

import msgspec
import yaml

from podo.api.types.core_v1 import Container, ContainerPort, Pod, PodIP, PodSpec, PodStatus
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import NetworkPolicy
from podo.network.policy.cluster_kinds import ClusterNetworkPolicy
from podo.network.policy.model import pod_facts, policy_facts


def policy(spec, *, name="p", namespace="x", revision=""):
    """`spec` is YAML."""
    fields = {"metadata": {"name": name, "namespace": namespace, "resourceVersion": str(revision)}}
    return msgspec.json.decode(json.dumps(fields | {"spec": yaml.safe_load(spec)}), type=NetworkPolicy)


def cluster_policy(spec, *, name="p", revision=""):
    """A ClusterNetworkPolicy. `spec` is YAML."""
    fields = {"metadata": {"name": name, "resourceVersion": str(revision)}, "spec": yaml.safe_load(spec)}
    return msgspec.json.decode(json.dumps(fields), type=ClusterNetworkPolicy)


def facts(spec, **more):
    return policy_facts(policy(spec, **more))


PORTS = (("serve-80-tcp", 80, "TCP"), ("serve-81-tcp", 81, "TCP"), ("serve-80-udp", 80, "UDP"), ("dns", 81, "UDP"))


def pod(name="a", *, namespace="x", address="10.244.1.2", labels=None, ports=PORTS, phase="Running", **spec):
    containers = (Container(ports=tuple(ContainerPort(name=n, container_port=p, protocol=x) for n, p, x in ports)),)
    return Pod(
        metadata=ObjectMeta(name=name, namespace=namespace, labels={"pod": name} if labels is None else labels),
        spec=PodSpec(containers=containers, **spec),
        status=PodStatus(
            phase=phase,
            pod_ip=address.split(",")[0],
            pod_ips=tuple(PodIP(ip=each) for each in address.split(",") if each),
        ),
    )


def pod_fact(name="a", **more):
    return pod_facts(pod(name, **more))
