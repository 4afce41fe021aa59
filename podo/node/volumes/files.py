"""What stands in a volume that is made from API objects: pure, from the volume's source and the objects to files."""

import base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from podo.api.types.core_v1 import (
    ConfigMap,
    Container,
    DownwardAPIVolumeFile,
    KeyToPath,
    Pod,
    Secret,
)
from podo.node.volumes.base import VolumeFailure
from podo.node.worker.fields import FieldContext, UnknownField, pod_field, resource_field
from podo.node.worker.state import all_containers

DEFAULT_MODE = 0o644


class File(NamedTuple):
    """A file's content and mode; `owner` is a uid, None for root."""

    data: bytes
    mode: int = DEFAULT_MODE
    owner: int | None = None


Files = dict[str, File]
"""By path relative to the volume."""


def config_map_files(found: ConfigMap | None, items: Sequence[KeyToPath], mode: int, *, optional: bool) -> Files:
    """All keys of a ConfigMap, or those of `items`. Raises VolumeFailure for a key that is not there."""
    if found is None:
        return {}
    data = {k: v.encode() for k, v in found.data.items()}
    data |= {k: base64.b64decode(v) for k, v in found.binary_data.items()}
    return _chosen(data, items, mode, "configmap references non-existent config key: {}", optional=optional)


def secret_files(found: Secret | None, items: Sequence[KeyToPath], mode: int, *, optional: bool) -> Files:
    """As `config_map_files`, of a Secret."""
    if found is None:
        return {}
    data = {k: base64.b64decode(v) for k, v in found.data.items()}
    return _chosen(data, items, mode, "references non-existent secret key: {}", optional=optional)


def _chosen(
    data: Mapping[str, bytes], items: Sequence[KeyToPath], mode: int, complaint: str, *, optional: bool
) -> Files:
    if not items:
        return {key: File(value, mode) for key, value in data.items()}
    files: Files = {}
    for item in items:
        if item.key in data:
            files[item.path] = File(data[item.key], mode if item.mode is None else item.mode)
        elif not optional:
            raise VolumeFailure(complaint.format(item.key))
    return files


def downward_files(pod: Pod, items: Sequence[DownwardAPIVolumeFile], mode: int, context: FieldContext) -> Files:
    """The downward API's files. Raises VolumeFailure."""
    files: Files = {}
    for item in items:
        try:
            text = _field(pod, item, context)
        except UnknownField as error:
            raise VolumeFailure(str(error)) from error
        files[item.path] = File(text.encode(), mode if item.mode is None else item.mode)
    return files


def _field(pod: Pod, item: DownwardAPIVolumeFile, context: FieldContext) -> str:
    if item.field_ref:
        return pod_field(pod, item.field_ref.field_path, context)
    if ref := item.resource_field_ref:
        container = next((c for c in all_containers(pod.spec) if c.name == ref.container_name), Container())
        return resource_field(pod, container, ref, context)
    return ""


def token_file(pod: Pod, token: str, mode: int) -> File:
    """A ServiceAccount's token: only for those of the Pod, where they can be told."""
    context = pod.spec.security_context
    grouped = context is not None and context.fs_group is not None
    users = {_user_of(pod, c) for c in (*all_containers(pod.spec), *_ephemeral(pod))}
    owner = users.pop() if len(users) == 1 else None
    return File(token.encode(), 0o600 if grouped or owner is not None else mode, owner)


def _ephemeral(pod: Pod) -> Sequence[Container]:
    return [Container(security_context=e.security_context) for e in pod.spec.ephemeral_containers]


def _user_of(pod: Pod, container: Container) -> int | None:
    own, whole = container.security_context, pod.spec.security_context
    if own and own.run_as_user is not None:
        return own.run_as_user
    return whole.run_as_user if whole else None


def is_safe(path: str) -> bool:
    """Whether a path stays within its volume."""
    return bool(path) and not path.startswith("/") and ".." not in path.split("/")
