"""Roll when configuration changes: a workload whose ConfigMaps or Secrets get other contents gets new Pods. Opt-in.

What the contents were stands on the workload as a digest. Only when it changes does it go into the template, which is
what rolls the workload; so to opt in alone restarts nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import msgspec

from podo.api.types.apps_v1 import DaemonSet, Deployment, StatefulSet
from podo.api.types.core_v1 import ConfigMap, PodSpec, Secret
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import STRATEGIC_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informer import Informer, by_namespace
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch

ANNOTATION, SEEN, DIGEST = "podo.dev/roll-on-config-change", "podo.dev/config-seen", "podo.dev/config-digest"
KINDS: tuple[type[Any], ...] = (Deployment, StatefulSet, DaemonSet)
CONFIG_MAP, SECRET = "ConfigMap", "Secret"
UNSYNCED = 0.1
"""Seconds until the next look for configuration that has only now begun to be followed."""


class Workload(NamedTuple):
    """One of the KINDS, by its number there, and the object's place."""

    kind: int
    key: Key


class Reference(NamedTuple):
    """What a Pod takes configuration from: a ConfigMap or a Secret of its namespace."""

    kind: str
    name: str


class ConfigRollout:
    """Reads ConfigMap, Secret and workloads; writes annotations of workloads and of their templates."""

    name = "config-rollout"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("config-rollout")
        self._workloads = tuple(client.informer(kind) for kind in KINDS)
        self._in_namespace = tuple(informer.index(by_namespace) for informer in self._workloads)
        self._contents: dict[str, Informer[Any]] = {}
        self._add: Callable[[Workload], None] = lambda workload: None
        self.watches = tuple(Watch[Workload](kind, _itself(number)) for number, kind in enumerate(KINDS))

    def attach(self, add: Callable[[Any], None]) -> None:
        self._add = add

    async def reconcile(self, key: Workload) -> Outcome:
        found = self._workloads[key.kind].get(key.key)
        if found is None or not is_wanted(found):
            return DONE
        if not self._follow():
            return Outcome(requeue_after=UNSYNCED)
        digest = self._digest(found)
        seen = found.metadata.annotations.get(SEEN)
        if digest == seen:
            return DONE
        body: dict[str, Any] = {"metadata": {"annotations": {SEEN: digest}}}
        if seen is not None:
            body["spec"] = {"template": {"metadata": {"annotations": {DIGEST: digest}}}}
        await self._client.patch(KINDS[key.kind], key.key, Patch(media_type=STRATEGIC_PATCH, body=body))
        if seen is not None:
            self._events.normal(
                found, "ConfigurationChanged", "Rolling out new Pods, since their configuration changed"
            )
        return DONE

    def _follow(self) -> bool:
        """Follow configuration from the first workload that asks on; whether all of it is known."""
        if not self._contents:
            for kind, cls in ((CONFIG_MAP, ConfigMap), (SECRET, Secret)):
                informer: Informer[Any] = self._client.informers.of(cls, transform=digested)
                self._contents[kind] = informer
                informer.handle(partial(self._changed, kind))
        return all(informer.synced for informer in self._contents.values())

    def _changed(self, kind: str, old: Any, new: Any) -> None:
        if old is None or new is None or old.data != new.data:
            for workload in self._using(kind, new or old):
                self._add(workload)

    def _digest(self, found: Any) -> str:
        """Of the contents of all that the workload's Pods refer to; what is missing counts as such."""
        digest = hashlib.sha256()
        for reference in sorted(set(references(found.spec.template.spec))):
            obj = self._contents[reference.kind].get(Key(found.metadata.namespace, reference.name))
            held = obj.data[DIGEST] if obj is not None else "-"
            digest.update(f"{reference.kind}/{reference.name}:{held};".encode())
        return digest.hexdigest()[:16]

    def _using(self, kind: str, obj: Any) -> Iterable[Workload]:
        """The workloads that take configuration from an object."""
        wanted = Reference(kind, obj.metadata.name)
        for number, index in enumerate(self._in_namespace):
            for found in index(obj.metadata.namespace):
                if is_wanted(found) and wanted in references(found.spec.template.spec):
                    yield Workload(number, key_of(found))


def is_wanted(found: Any) -> bool:
    """Whether the workload asks for it."""
    meta = found.metadata
    return meta.annotations.get(ANNOTATION) == "true" and not meta.deletion_timestamp


def references(spec: PodSpec | None) -> Iterator[Reference]:
    """What the containers and volumes of a Pod take configuration from."""
    if spec is None:
        return
    for container in (*spec.init_containers, *spec.containers):
        for source in container.env_from:
            yield from _named(source.config_map_ref, source.secret_ref)
        for variable in container.env:
            if variable.value_from is not None:
                yield from _named(variable.value_from.config_map_key_ref, variable.value_from.secret_key_ref)
    for volume in spec.volumes:
        yield from _named(volume.config_map, None)
        if volume.secret is not None:
            yield Reference(SECRET, volume.secret.secret_name)
        for projected in volume.projected.sources if volume.projected else ():
            yield from _named(projected.config_map, projected.secret)


def _named(config_map: Any, secret: Any) -> Iterator[Reference]:
    for kind, found in ((CONFIG_MAP, config_map), (SECRET, secret)):
        if found is not None and found.name:
            yield Reference(kind, found.name)


def digested(obj: Any) -> Any:
    """The object with a digest in place of what it holds: more is not kept."""
    binary = obj.binary_data if isinstance(obj, ConfigMap) else {}
    held = hashlib.sha256(msgspec.json.encode([obj.data, binary], order="sorted")).hexdigest()
    meta = ObjectMeta(
        name=obj.metadata.name, namespace=obj.metadata.namespace, resource_version=obj.metadata.resource_version
    )
    return type(obj)(metadata=meta, data={DIGEST: held})


def _itself(number: int) -> Any:
    return lambda obj: (Workload(number, key_of(obj)),)
