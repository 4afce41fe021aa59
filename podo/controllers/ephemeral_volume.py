"""Claims for Pods' ephemeral volumes: each is the Pod's own and goes with it (KEP-1698)."""

from podo.api.errors import APIError
from podo.api.types.core_v1 import PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, Pod
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.storage.pod_claims import is_made_for

NO_TEMPLATE = PersistentVolumeClaimTemplate()


class EphemeralVolumes:
    """Reads Pods and claims; creates claims."""

    name = "ephemeral-volume"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("ephemeral_volume")
        self._pods, self._claims = client.informer(Pod), client.informer(PersistentVolumeClaim)
        self.watches = (
            Watch(Pod, to=itself, when=lambda old, new: new is not None and any(v.ephemeral for v in new.spec.volumes)),
            Watch(PersistentVolumeClaim, to=_owners, when=lambda old, new: new is None),
        )

    async def reconcile(self, key: Key) -> Outcome:
        pod = self._pods.get(key)
        if pod is None or pod.metadata.deletion_timestamp or pods.is_finished(pod):
            return DONE
        for volume in pod.spec.volumes:
            if volume.ephemeral is None:
                continue
            name = f"{pod.metadata.name}-{volume.name}"
            found = self._claims.get(Key(key.namespace, name))
            if found is None:
                await self._make(pod, name, volume.ephemeral.volume_claim_template or NO_TEMPLATE)
            elif not is_made_for(found, pod):
                message = f"PVC {key.namespace}/{name} was not created for pod {key} (pod is not owner)"
                self._events.warning(pod, "FailedBinding", f"ephemeral volume {volume.name}: {message}")
        return DONE

    async def _make(self, pod: Pod, name: str, template: PersistentVolumeClaimTemplate) -> None:
        owner = OwnerReference(
            api_version="v1",
            kind="Pod",
            name=pod.metadata.name,
            uid=pod.metadata.uid,
            controller=True,
            block_owner_deletion=True,
        )
        meta = ObjectMeta(
            name=name,
            namespace=pod.metadata.namespace,
            labels=template.metadata.labels,
            annotations=template.metadata.annotations,
            owner_references=(owner,),
        )
        try:
            await self._client.create(
                PersistentVolumeClaim(metadata=meta, spec=template.spec or PersistentVolumeClaimSpec())
            )
        except APIError as error:
            self._events.warning(pod, "FailedBinding", f"ephemeral volume: create PVC {name}: {error}")
            raise


def _owners(claim: PersistentVolumeClaim) -> list[Key]:
    refs = claim.metadata.owner_references
    return [Key(claim.metadata.namespace, r.name) for r in refs if r.controller and r.kind == "Pod"]
