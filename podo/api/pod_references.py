"""Which objects a Pod cannot run without: Secrets, ConfigMaps, claims, its account."""

from collections.abc import Iterator

from podo.api.resource_claims import extended_claim
from podo.api.types.core_v1 import Container, EphemeralContainer, Pod, Volume

MIRROR = "kubernetes.io/config.mirror"
Ref = tuple[str, str, str]
"""Plural, namespace, name."""


def needs(pod: Pod) -> set[Ref]:
    """What a node must see to run the Pod."""
    namespace = pod.metadata.namespace
    found = {("pods", namespace, pod.metadata.name)}
    if MIRROR in pod.metadata.annotations:
        return found
    if pod.spec.service_account_name:
        found.add(("serviceaccounts", namespace, pod.spec.service_account_name))
    found |= {("secrets", namespace, secret.name) for secret in pod.spec.image_pull_secrets}
    spec = pod.spec
    containers: list[Container | EphemeralContainer] = [*spec.init_containers, *spec.containers]
    for container in [*containers, *spec.ephemeral_containers]:
        found |= {(plural, namespace, name) for plural, name in _of_container(container)}
    for volume in pod.spec.volumes:
        found |= {(plural, namespace, name) for plural, name in _of_volume(volume, pod.metadata.name)}
    claims = {claim.resource_claim_name for claim in pod.spec.resource_claims}
    claims |= {claim.resource_claim_name for claim in pod.status.resource_claim_statuses}
    claims.add(extended_claim(pod))
    return found | {("resourceclaims", namespace, name) for name in claims if name}


def _of_container(container: Container | EphemeralContainer) -> Iterator[tuple[str, str]]:
    for source in container.env_from:
        if source.secret_ref is not None:
            yield "secrets", source.secret_ref.name
        if source.config_map_ref is not None:
            yield "configmaps", source.config_map_ref.name
    for variable in container.env:
        if (origin := variable.value_from) is None:
            continue
        if origin.secret_key_ref is not None:
            yield "secrets", origin.secret_key_ref.name
        if origin.config_map_key_ref is not None:
            yield "configmaps", origin.config_map_key_ref.name


SECRET_REFS = ("cephfs", "cinder", "flex_volume", "iscsi", "rbd", "scale_io", "storageos")
"""Sources of volumes with a `secret_ref`."""


def _of_volume(volume: Volume, pod: str) -> Iterator[tuple[str, str]]:
    if volume.secret is not None:
        yield "secrets", volume.secret.secret_name
    if volume.config_map is not None:
        yield "configmaps", volume.config_map.name
    if volume.persistent_volume_claim is not None:
        yield "persistentvolumeclaims", volume.persistent_volume_claim.claim_name
    if volume.ephemeral is not None:
        yield "persistentvolumeclaims", f"{pod}-{volume.name}"
    for source in volume.projected.sources if volume.projected is not None else ():
        if source.secret is not None:
            yield "secrets", source.secret.name
        if source.config_map is not None:
            yield "configmaps", source.config_map.name
    if volume.azure_file is not None:
        yield "secrets", volume.azure_file.secret_name
    if volume.csi is not None and volume.csi.node_publish_secret_ref is not None:
        yield "secrets", volume.csi.node_publish_secret_ref.name
    for field in SECRET_REFS:
        reference = getattr(getattr(volume, field), "secret_ref", None)
        if reference is not None:
            yield "secrets", reference.name
