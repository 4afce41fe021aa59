"""The image of a container: present already, pulled, or why not."""

from typing import Protocol

from podo.api.errors import APIError
from podo.api.types.core_v1 import Container, Pod, Secret
from podo.clock import Clock
from podo.node.events import PodEvents
from podo.node.images.base import Credentials, Image, ImageFailure, Images, InvalidImageName
from podo.node.references import References
from podo.node.worker.pull_secrets import credentials_for

ALWAYS, NEVER, IF_NOT_PRESENT = "Always", "Never", "IfNotPresent"


class Pulling(Protocol):
    """What a pull needs of a node."""

    @property
    def images(self) -> Images: ...
    @property
    def references(self) -> References: ...
    @property
    def events(self) -> PodEvents: ...
    @property
    def clock(self) -> Clock: ...


class NoImage(Exception):
    """The image cannot be had. `reason` is the waiting reason; `backs_off`: the status will tell of a back-off."""

    def __init__(self, reason: str, message: str, *, backs_off: bool = False) -> None:
        super().__init__(message)
        self.reason, self.backs_off = reason, backs_off


def policy_of(container: Container) -> str:
    """The pull policy; the API's default if there is none."""
    if container.image_pull_policy:
        return container.image_pull_policy
    name = container.image.rpartition("/")[2]
    return ALWAYS if "@" not in name and (":" not in name or name.endswith(":latest")) else IF_NOT_PRESENT


async def ensure_image(pod: Pod, container: Container, parts: Pulling) -> Image:
    """The image, as the pull policy says. Raises NoImage."""
    events, name, policy = parts.events, container.image, policy_of(container)
    try:
        found = await parts.images.find(name)
    except InvalidImageName as error:
        message = f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": {error}'
        events.container_warning(pod, container, "InspectFailed", message)
        raise NoImage("InvalidImageName", message) from error
    if found and policy != ALWAYS:
        message = f'Container image "{name}" already present on machine and can be accessed by the pod'
        events.container_normal(pod, container, "Pulled", message)
        return found
    if policy == NEVER:
        message = f'Container image "{name}" is not present with pull policy of Never'
        events.container_warning(pod, container, "ErrImageNeverPull", message)
        raise NoImage("ErrImageNeverPull", message)
    return await _pull(pod, container, parts)


async def _pull(pod: Pod, container: Container, parts: Pulling) -> Image:
    events, name, clock = parts.events, container.image, parts.clock
    events.container_normal(pod, container, "Pulling", f'Pulling image "{name}"')
    began = clock.monotonic()
    try:
        image = await parts.images.pull(name, await _credentials(pod, container, parts))
    except ImageFailure as error:
        message = f'Failed to pull image "{name}": {error}'
        events.container_warning(pod, container, "Failed", message)
        events.container_warning(pod, container, "Failed", "Error: ErrImagePull")
        raise NoImage("ErrImagePull", message, backs_off=True) from error
    took = duration(clock.monotonic() - began)
    size = f"Image size: {image.size} bytes."
    events.container_normal(
        pod, container, "Pulled", f'Successfully pulled image "{name}" in {took} ({took} including waiting). {size}'
    )
    return image


def duration(seconds: float) -> str:
    """As Go prints a Duration, to the millisecond."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m" + f"{rest:.3f}".rstrip("0").rstrip(".") + "s"


async def _credentials(pod: Pod, container: Container, parts: Pulling) -> Credentials | None:
    secrets: list[Secret] = []
    meta = pod.metadata
    for ref in pod.spec.image_pull_secrets:
        try:
            found = await parts.references.get(Secret, meta.namespace, ref.name, uid=meta.uid)
        except (APIError, TimeoutError):
            continue
        if found is None:
            message = f"Unable to retrieve some image pull secrets ({ref.name}); attempting to pull the image may not"
            parts.events.warning(pod, "FailedToRetrieveImagePullSecret", f"{message} succeed.")
        else:
            secrets.append(found)
    return credentials_for(container.image, secrets)
