"""The files of a volume that is made from API objects: fetches the objects, then asks `files.py`."""

from datetime import datetime
from typing import NamedTuple

from podo.api.errors import APIError
from podo.api.types.core_v1 import ConfigMap, Pod, Secret, Volume, VolumeProjection
from podo.node.references import References
from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.files import (
    DEFAULT_MODE,
    Files,
    config_map_files,
    downward_files,
    secret_files,
    token_file,
)
from podo.node.volumes.tokens import Tokens
from podo.node.worker.fields import FieldContext

DEFAULT_TOKEN_SECONDS = 3600


class Content(NamedTuple):
    """The files of a volume, and when to make them anew even if no object changes."""

    files: Files
    renew_at: datetime | None = None


class ContentSources:
    """Where the files come from."""

    def __init__(self, references: References, tokens: Tokens, context: FieldContext) -> None:
        self._references, self._tokens, self._context = references, tokens, context

    async def content(self, pod: Pod, volume: Volume) -> Content | None:
        """The content of the volume; None if it is of another kind. Raises VolumeFailure."""
        if source := volume.config_map:
            found = await self._config_map(pod, source.name, optional=bool(source.optional))
            mode = _mode(source.default_mode)
            return Content(config_map_files(found, source.items, mode, optional=bool(source.optional)))
        if secret := volume.secret:
            kept = await self._secret(pod, secret.secret_name, optional=bool(secret.optional))
            mode = _mode(secret.default_mode)
            return Content(secret_files(kept, secret.items, mode, optional=bool(secret.optional)))
        if downward := volume.downward_api:
            return Content(downward_files(pod, downward.items, _mode(downward.default_mode), self._context))
        if projected := volume.projected:
            return await self._projected(pod, projected.sources, _mode(projected.default_mode))
        return None

    def forget(self, uid: str) -> None:
        """The Pod is gone."""
        self._references.release(uid)
        self._tokens.forget(uid)

    async def _projected(self, pod: Pod, sources: tuple[VolumeProjection, ...], mode: int) -> Content:
        files: Files = {}
        renew_at: datetime | None = None
        for source in sources:
            if token := source.service_account_token:
                seconds = token.expiration_seconds or DEFAULT_TOKEN_SECONDS
                made = await self._tokens.token(pod, token.audience, seconds)
                files[token.path] = token_file(pod, made.text, mode)
                renew_at = min(filter(None, (renew_at, made.renew_at)))
            else:
                files |= await self._projection(pod, source, mode)
        return Content(files, renew_at)

    async def _projection(self, pod: Pod, source: VolumeProjection, mode: int) -> Files:
        if part := source.config_map:
            found = await self._config_map(pod, part.name, optional=bool(part.optional))
            return config_map_files(found, part.items, mode, optional=bool(part.optional))
        if secret := source.secret:
            kept = await self._secret(pod, secret.name, optional=bool(secret.optional))
            return secret_files(kept, secret.items, mode, optional=bool(secret.optional))
        if downward := source.downward_api:
            return downward_files(pod, downward.items, mode, self._context)
        raise VolumeFailure("this node does not know this kind of projection")

    async def _config_map(self, pod: Pod, name: str, *, optional: bool) -> ConfigMap | None:
        meta = pod.metadata
        try:
            found = await self._references.get(ConfigMap, meta.namespace, name, uid=meta.uid)
        except (APIError, TimeoutError) as error:
            raise VolumeFailure(f'configmap "{name}" cannot be read: {error}') from error
        if found is None and not optional:
            raise VolumeFailure(f'configmap "{name}" not found')
        return found

    async def _secret(self, pod: Pod, name: str, *, optional: bool) -> Secret | None:
        meta = pod.metadata
        try:
            found = await self._references.get(Secret, meta.namespace, name, uid=meta.uid)
        except (APIError, TimeoutError) as error:
            raise VolumeFailure(f'secret "{name}" cannot be read: {error}') from error
        if found is None and not optional:
            raise VolumeFailure(f'secret "{name}" not found')
        return found


def _mode(given: int | None) -> int:
    return DEFAULT_MODE if given is None else given
