"""Conversion of custom resources by webhook: what is sent, and what must come back (ConversionReview)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from podo.server.patch.values import copy
from podo.server.registry.failures import unclassified
from podo.server.strategy import Object
from podo.server.webhooks.calling import CallError, Target, target_of

from .definition import Definition

GROUP = "apiextensions.k8s.io"
VERSIONS = ("v1", "v1beta1")
TIMEOUT = 30.0
"""Seconds that a conversion may take."""
SAME = (("kind", "kind"), ("name", "name"), ("namespace", "namespace"), ("uid", "UID"))


class Asking(Protocol):
    """Asks webhooks."""

    async def ask(self, target: Target, review: Object, timeout: float) -> Object: ...


class ConversionError(ValueError):
    """What came back is no conversion; the message says why."""


@dataclass(frozen=True)
class Converter:
    """The conversion webhook of one definition."""

    asking: Asking
    target: Target
    review_versions: Sequence[str]
    uid: Callable[[], str]

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """The objects, which have one kind and other versions, in this version. Raises an unclassified APIError."""
        version = next((v for v in self.review_versions if v in VERSIONS), "")
        shown = f"{objects[0]['apiVersion']}, Kind={objects[0]['kind']}"
        if not version:
            raise unclassified("no supported conversion review versions")
        uid = self.uid()
        request = {"uid": uid, "desiredAPIVersion": api_version, "objects": list(objects)}
        review = {"kind": "ConversionReview", "apiVersion": f"{GROUP}/{version}", "request": request}
        try:
            answer = await self.asking.ask(self.target, review, TIMEOUT)
            found = converted_objects(answer, uid, version)
        except (CallError, ConversionError) as error:
            raise unclassified(f"conversion webhook for {shown} failed: {error}") from error
        if len(found) != len(objects):
            counts = f"returned {len(found)} objects, expected {len(objects)}"
            raise unclassified(f"conversion webhook for {shown} {counts}")
        try:
            return [accepted(old, new, api_version) for old, new in zip(objects, found, strict=True)]
        except ConversionError as error:
            raise unclassified(f"conversion webhook for {shown} returned {error}") from error


def converter_of(definition: Definition, asking: Asking, uid: Callable[[], str]) -> Converter | None:
    """The webhook that a definition names; None where versions differ by name only."""
    webhook = definition.spec.conversion.webhook
    if definition.spec.conversion.strategy != "Webhook" or webhook is None:
        return None
    return Converter(asking, target_of(webhook.client_config), webhook.conversion_review_versions, uid)


def converted_objects(answer: Mapping[str, Any], uid: str, version: str) -> Sequence[Any]:
    """The objects of a ConversionReview that came back. Raises ConversionError."""
    response = answer.get("response")
    if version == "v1":
        wanted, got = f"{GROUP}/v1, Kind=ConversionReview", f"{answer.get('apiVersion')}, Kind={answer.get('kind')}"
        if got != wanted:
            raise ConversionError(f"expected webhook response of {wanted}, got {got}")
    if not isinstance(response, dict):
        raise ConversionError("no response provided")
    if version == "v1" and response.get("uid", "") != uid:
        raise ConversionError(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    result = response.get("result") or {}
    if result.get("status") != "Success":
        text = f"response.result.status was '{result.get('status', '')}', not 'Success'"
        raise ConversionError(result.get("message") or text)
    return response.get("convertedObjects") or ()


def accepted(old: Object, new: Any, api_version: str) -> Object:
    """A converted object, with all of its metadata but labels and annotations as they were. Raises ConversionError."""
    if not isinstance(new, dict):
        raise ConversionError("invalid object at index 0: it is no object")
    if new.get("apiVersion") != api_version:
        got = new.get("apiVersion", "")
        raise ConversionError(
            f"invalid object at index 0: invalid groupVersion (expected {api_version}, received {got})"
        )
    metadata = new.get("metadata")
    if not isinstance(metadata, dict):
        what = "missing metadata" if metadata is None else "invalid metadata of type"
        raise ConversionError(f"invalid metadata: {what} in converted object")
    for field, shown in SAME:
        before, after = (_field(each, field) for each in (old, new))
        if before != after:
            raise ConversionError(f"invalid object: must have the same {shown}: {before} != {after}")
    kept = copy(old["metadata"])
    for field in ("labels", "annotations"):
        kept.pop(field, None)
        if metadata.get(field):
            kept[field] = _strings(metadata[field], field)
    return new | {"metadata": kept}


def _field(obj: Mapping[str, Any], field: str) -> Any:
    return obj.get("kind", "") if field == "kind" else (obj.get("metadata") or {}).get(field, "")


def _strings(value: Any, field: str) -> Object:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ConversionError(f"invalid metadata: metadata.{field} of the converted object is no map of strings")
    return value
