"""One manifest to the Pod that it stands for: pure. Names and annotations are those of Kubernetes' file source."""

import hashlib
import re
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from podo.api.types.core_v1 import Container, Pod, PodSpec, Toleration

SOURCE, HASH, SEEN = "kubernetes.io/config.source", "kubernetes.io/config.hash", "kubernetes.io/config.seen"
MIRROR = "kubernetes.io/config.mirror"
FILE = "file"
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class InvalidManifest(Exception):
    """The file is no static Pod; the text says why."""


def is_static(pod: Pod) -> bool:
    """Whether the Pod comes from a file of its node. Its mirror does not: that comes from the API."""
    annotations = pod.metadata.annotations
    return annotations.get(SOURCE) == FILE and MIRROR not in annotations


def is_mirror(pod: Pod) -> bool:
    """Whether it only shows a static Pod."""
    return MIRROR in pod.metadata.annotations


def parse(data: bytes, *, file: str, node: str, seen: str) -> Pod:
    """The Pod of a YAML or JSON file. `file` is its path, `seen` when it was read first. Raises InvalidManifest."""
    try:
        body = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise InvalidManifest(f"it is neither YAML nor JSON: {error}") from error
    if not isinstance(body, dict) or body.get("kind") != "Pod" or body.get("apiVersion") != "v1":
        raise InvalidManifest("it holds no Pod of v1")
    try:
        pod = msgspec.convert(body, Pod)
    except msgspec.ValidationError as error:
        raise InvalidManifest(str(error)) from error
    if complaint := _complaint(pod):
        raise InvalidManifest(complaint)
    return _completed(pod, uid=pod.metadata.uid or _uid(body, node, file), node=node, seen=seen)


def _completed(pod: Pod, *, uid: str, node: str, seen: str) -> Pod:
    meta = pod.metadata
    meta = replace(
        meta,
        uid=uid,
        name=f"{meta.name}-{node.lower()}",
        namespace=meta.namespace or "default",
        annotations=meta.annotations | {SOURCE: FILE, HASH: uid, SEEN: seen},
        creation_timestamp="",
    )
    return replace(pod, metadata=meta, spec=_defaulted(replace(pod.spec, node_name=node)), status=Pod().status)


def _defaulted(spec: PodSpec) -> PodSpec:
    """What the API would have filled in and the agent relies on. Nothing may drive a static Pod from its node."""
    anything = Toleration(operator="Exists", effect="NoExecute")
    tolerations = spec.tolerations if anything in spec.tolerations else (*spec.tolerations, anything)
    grace = spec.termination_grace_period_seconds
    return replace(
        spec,
        restart_policy=spec.restart_policy or "Always",
        dns_policy=spec.dns_policy or "ClusterFirst",
        termination_grace_period_seconds=30 if grace is None else grace,
        tolerations=tolerations,
        containers=tuple(_requesting(c) for c in spec.containers),
        init_containers=tuple(_requesting(c) for c in spec.init_containers),
    )


def _requesting(container: Container) -> Container:
    """Who limits a resource and does not ask for it asks for the limit."""
    asked = container.resources
    if asked is None or asked.limits.keys() <= asked.requests.keys():
        return container
    return replace(container, resources=replace(asked, requests=asked.limits | asked.requests))


def _uid(body: dict[str, Any], node: str, file: str) -> str:
    """The same for the same content in the same place."""
    content = msgspec.json.encode(body, order="deterministic", enc_hook=str)
    return hashlib.blake2b(b"\0".join((content, node.encode(), file.encode())), digest_size=16).hexdigest()


def _complaint(pod: Pod) -> str:
    """Why the Pod cannot be a static one."""
    spec = pod.spec
    if not NAME.fullmatch(pod.metadata.name):
        return f"metadata.name {pod.metadata.name!r} is no name for a Pod"
    if not spec.containers:
        return "spec.containers is empty"
    names = [c.name for c in (*spec.init_containers, *spec.containers)]
    if len(set(names)) != len(names) or not all(names):
        return "each container needs a name of its own"
    if nameless := [c.name for c in (*spec.init_containers, *spec.containers) if not c.image]:
        return f"container {nameless[0]} has no image"
    if found := _reference(spec):
        return f"static pods may not reference {found}"
    return ""


def _reference(spec: PodSpec) -> str:
    """The kind of API object that the Pod needs: its node may have no API to ask."""
    if spec.service_account_name:
        return "serviceaccounts"
    if spec.image_pull_secrets:
        return "secrets"
    if spec.resource_claims:
        return "resourceclaims"
    for volume in spec.volumes:
        found = {
            "secrets": volume.secret,
            "configmaps": volume.config_map,
            "persistentvolumeclaims": volume.persistent_volume_claim or volume.ephemeral,
            "api objects": volume.projected and any(not s.downward_api for s in volume.projected.sources),
        }
        if names := [name for name, there in found.items() if there]:
            return names[0]
    for container in (*spec.containers, *spec.init_containers):
        if any(e.secret_ref for e in container.env_from) or any(
            e.value_from and e.value_from.secret_key_ref for e in container.env
        ):
            return "secrets"
        if any(e.config_map_ref for e in container.env_from) or any(
            e.value_from and e.value_from.config_map_key_ref for e in container.env
        ):
            return "configmaps"
    return ""
