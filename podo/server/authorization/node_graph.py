"""Which objects the Pods of which node need: Secrets, ConfigMaps, claims, accounts, and volumes behind claims."""

from collections import Counter
from collections.abc import Callable, Iterator

from podo.api.pod_references import SECRET_REFS, Ref, needs
from podo.api.types.core_v1 import PersistentVolume, Pod
from podo.api.types.resource_v1 import ResourceSlice
from podo.api.types.storage_v1 import VolumeAttachment
from podo.server.admission.lookup import typed
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.follow import Derived, Follower


class NodeGraph:
    """Knows what concerns a node; catches up with the cache when it is asked."""

    def __init__(self, cache: WatchCache, catalog: Catalog) -> None:
        self._pods = _Pods()
        self._volumes = _Volumes()
        self._attachments = _NodeOf(lambda entry: typed(entry, VolumeAttachment).spec.node_name)
        self._slices = _NodeOf(lambda entry: typed(entry, ResourceSlice).spec.node_name)
        parts: list[tuple[str, str, Derived]] = [
            ("", "pods", self._pods),
            ("", "persistentvolumes", self._volumes),
            ("storage.k8s.io", "volumeattachments", self._attachments),
            ("resource.k8s.io", "resourceslices", self._slices),
        ]
        self._followers = []
        for group, plural, part in parts:
            served = catalog.by_path(group, "v1", plural)
            assert served is not None
            self._followers.append(Follower(cache, served.stored.prefix, part))

    def concerns(self, node: str, plural: str, namespace: str, name: str) -> bool:
        """Whether a Pod of the node needs the object, or the object is one of the node's own."""
        for follower in self._followers:
            follower.catch_up()
        if plural == "volumeattachments":
            return self._attachments.nodes.get(name) == node
        if plural == "resourceslices":
            return self._slices.nodes.get(name) == node
        if plural == "persistentvolumes":
            return self._volume_concerns(node, name)
        if self._pods.need(node, (plural, namespace, name)):
            return True
        volumes = self._volumes.by_secret.get((namespace, name), set()) if plural == "secrets" else set()
        return any(self._volume_concerns(node, volume) for volume in volumes)

    def _volume_concerns(self, node: str, name: str) -> bool:
        claim = self._volumes.claims.get(name)
        return claim is not None and self._pods.need(node, ("persistentvolumeclaims", *claim))


class _Pods:
    """By object, for how many Pods of each node it is needed."""

    def __init__(self) -> None:
        self.needed: dict[Ref, Counter[str]] = {}

    def need(self, node: str, ref: Ref) -> bool:
        """Whether a Pod of the node needs the object."""
        counts = self.needed.get(ref)
        return counts is not None and counts[node] > 0

    def clear(self) -> None:
        self.needed.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        for entry, amount in ((previous, -1), (current, 1)):
            if entry is None:
                continue
            pod = typed(entry, Pod)
            if not pod.spec.node_name:
                continue
            for ref in needs(pod):
                counts = self.needed.setdefault(ref, Counter())
                counts[pod.spec.node_name] += amount
                if not counts[pod.spec.node_name]:
                    del counts[pod.spec.node_name]
                    if not counts:
                        del self.needed[ref]


class _Volumes:
    """Claims of volumes, and volumes by the Secrets that they name."""

    def __init__(self) -> None:
        self.claims: dict[str, tuple[str, str]] = {}
        self.by_secret: dict[tuple[str, str], set[str]] = {}

    def clear(self) -> None:
        self.claims.clear()
        self.by_secret.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        if previous is not None:
            self.claims.pop(previous.name, None)
            for secret in volume_secrets(typed(previous, PersistentVolume)):
                self.by_secret.get(secret, set()).discard(previous.name)
        if current is not None:
            volume = typed(current, PersistentVolume)
            if volume.spec.claim_ref is not None:
                self.claims[current.name] = (volume.spec.claim_ref.namespace, volume.spec.claim_ref.name)
            for secret in volume_secrets(volume):
                self.by_secret.setdefault(secret, set()).add(current.name)


class _NodeOf:
    """The nodes of objects that say themselves which one they are of."""

    def __init__(self, node_of: Callable[[Entry], str]) -> None:
        self._node_of = node_of
        self.nodes: dict[str, str] = {}

    def clear(self) -> None:
        self.nodes.clear()

    def change(self, previous: Entry | None, current: Entry | None) -> None:
        if current is not None:
            self.nodes[current.name] = self._node_of(current)
        elif previous is not None:
            self.nodes.pop(previous.name, None)


CSI_REFS = ("node_publish_secret_ref", "node_stage_secret_ref", "node_expand_secret_ref")


def volume_secrets(volume: PersistentVolume) -> Iterator[tuple[str, str]]:
    """(namespace, name) of the Secrets that a node must read to mount the volume."""
    own = volume.spec.claim_ref.namespace if volume.spec.claim_ref is not None else ""
    for field in SECRET_REFS:
        reference = getattr(getattr(volume.spec, field, None), "secret_ref", None)
        if reference is not None:
            yield reference.namespace or own, reference.name
    if volume.spec.azure_file is not None:
        yield volume.spec.azure_file.secret_namespace or own, volume.spec.azure_file.secret_name
    for field in CSI_REFS:
        reference = getattr(volume.spec.csi, field, None)
        if reference is not None:
            yield reference.namespace, reference.name
