"""The Secrets that drivers want for volumes, as classes name them (the parameters of external-provisioner).

Names may have `${pvc.name}`, `${pvc.namespace}` and `${pv.name}` in them; those of what nodes need also
`${pvc.annotations['x']}`.
"""

import base64
import re
from collections.abc import Mapping

from podo.api.errors import APIError
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Secret, SecretReference
from podo.api.types.storage_v1 import StorageClass
from podo.client.base import Client, Key
from podo.storage.drivers import DriverFailure
from podo.storage.objects import DRIVERS

PREFIX = "csi.storage.k8s.io/"
PROVISION, STAGE, PUBLISH = "provisioner", "node-stage", "node-publish"
EXPAND, ATTACH, SNAPSHOT = "controller-expand", "controller-publish", "snapshotter"
DELETION = "volume.kubernetes.io/provisioner-deletion-secret-"
_TEMPLATE = re.compile(r"\$\{([^}]*)\}")


def named(purpose: str, found: StorageClass, claim: PersistentVolumeClaim, volume: str) -> SecretReference | None:
    """The Secret that a class wants for a purpose. Raises DriverFailure if only half of its place is said."""
    parameters = found.parameters
    name = parameters.get(f"{PREFIX}{purpose}-secret-name", "")
    namespace = parameters.get(f"{PREFIX}{purpose}-secret-namespace", "")
    if not name and not namespace:
        if purpose == STAGE and found.provisioner in DRIVERS:  # whoever may make it may mount it
            return named(PROVISION, found, claim, volume)
        return None
    if not name or not namespace:
        raise DriverFailure(f"either name and namespace for {purpose} secrets specified, or neither of them")
    known = {"pv.name": volume, "pvc.name": claim.metadata.name, "pvc.namespace": claim.metadata.namespace}
    if purpose in (STAGE, PUBLISH):
        known |= {f"pvc.annotations['{k}']": v for k, v in claim.metadata.annotations.items()}
    return SecretReference(name=_filled(name, known), namespace=_filled(namespace, known))


def of_snapshots(parameters: Mapping[str, str], snapshot: str, namespace: str) -> SecretReference | None:
    """The Secret that a class of snapshots wants for taking and deleting them. Raises DriverFailure."""
    name = parameters.get(f"{PREFIX}{SNAPSHOT}-secret-name", "")
    place = parameters.get(f"{PREFIX}{SNAPSHOT}-secret-namespace", "")
    if not name and not place:
        return None
    if not name or not place:
        raise DriverFailure(f"either name and namespace for {SNAPSHOT} secrets specified, or neither of them")
    known = {"volumesnapshot.name": snapshot, "volumesnapshot.namespace": namespace}
    return SecretReference(name=_filled(name, known), namespace=_filled(place, known))


def _filled(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise DriverFailure(f"error resolving value {text!r}: {match[1]!r} is not known")
        return known[match[1]]

    return _TEMPLATE.sub(value, text)


def deletion_notes(reference: SecretReference | None) -> dict[str, str]:
    """The annotations by which a volume's Secret is found when the volume is deleted and its class may be gone."""
    if reference is None:
        return {}
    return {f"{DELETION}name": reference.name, f"{DELETION}namespace": reference.namespace}


def for_deletion(volume: PersistentVolume) -> SecretReference | None:
    """The Secret with which a volume is deleted."""
    notes = volume.metadata.annotations
    if name := notes.get(f"{DELETION}name"):
        return SecretReference(name=name, namespace=notes.get(f"{DELETION}namespace", ""))
    return None


async def read(client: Client, reference: SecretReference | None) -> dict[str, str]:
    """What is in it. Raises DriverFailure."""
    if reference is None:
        return {}
    try:
        found = await client.get(Secret, Key(reference.namespace, reference.name))
    except APIError as error:
        place = f"{reference.name} in namespace {reference.namespace}"
        raise DriverFailure(f"error getting secret {place}: {error}") from error
    return {name: base64.b64decode(text).decode() for name, text in found.data.items()}
