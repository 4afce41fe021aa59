"""What an admission webhook is sent, and what its answer says: AdmissionReview v1 and v1beta1. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.api.errors import APIError, BadRequest
from podo.server.admission_point import Attributes, Operation
from podo.server.context import Context, User
from podo.server.decoding.objects import Kind
from podo.server.registry.deleting import DeleteOptions
from podo.server.strategy import Object
from podo.server.webhooks.matching import Invocation, kind_of_request, namespace_of

GROUP = "admission.k8s.io"
VERSIONS = ("v1", "v1beta1")
OPTIONS = {Operation.CREATE: "CreateOptions", Operation.UPDATE: "UpdateOptions", Operation.DELETE: "DeleteOptions"}


class ReviewError(ValueError):
    """The answer is not what it must be; the message says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook says. `patch` is a JSON patch, `status` a metav1.Status that explains a refusal."""

    allowed: bool
    patch: Sequence[Object] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def review_version(accepted: Sequence[str]) -> str:
    """The first version that both know. Raises ReviewError."""
    for version in accepted:
        if version in VERSIONS:
            return version
    raise ReviewError("webhook does not accept known AdmissionReview versions (v1, v1beta1)")


def admission_review(
    version: str, uid: str, attributes: Attributes, seen: Invocation, obj: Object | None, old: Object | None
) -> Object:
    """The review to send; `obj` and `old` are in the version of `seen`."""
    own = kind_of_request(attributes.resource, attributes.subresource)
    below = attributes.subresource
    request: Object = {"uid": uid, "kind": gvk(seen.kind), "resource": gvr(seen.resource)}
    if below:
        request["subResource"] = below
    request |= {"requestKind": gvk(own), "requestResource": gvr(attributes.resource)}
    if below:
        request["requestSubResource"] = below
    if attributes.name:
        request["name"] = attributes.name
    if namespace := namespace_of(attributes):
        request["namespace"] = namespace
    request |= {"operation": attributes.operation.value, "userInfo": user_info(attributes.ctx.user)}
    request |= {"object": obj, "oldObject": old, "dryRun": attributes.ctx.dry_run, "options": options_of(attributes)}
    return {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request}


def gvk(kind: Kind) -> Object:
    """A kind as a GroupVersionKind."""
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def gvr(resource: Any) -> Object:
    """A resource as a GroupVersionResource."""
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def user_info(user: User) -> Object:
    """The UserInfo of authentication.k8s.io."""
    found: Object = {"username": user.name} if user.name else {}
    if user.uid:
        found["uid"] = user.uid
    if user.groups:
        found["groups"] = list(user.groups)
    if user.extra:
        found["extra"] = {key: list(values) for key, values in user.extra.items()}
    return found


def options_of(attributes: Attributes) -> Object | None:
    """The CreateOptions, UpdateOptions or DeleteOptions of the request; None for a connection."""
    kind, ctx = OPTIONS.get(attributes.operation), attributes.ctx
    if kind is None:
        return None
    found: Object = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    given = attributes.options
    if isinstance(given, DeleteOptions):
        found |= _delete_options(given)
    if ctx.dry_run:
        found["dryRun"] = ["All"]
    if attributes.operation is not Operation.DELETE:
        found |= _write_options(ctx)
    return found


def _write_options(ctx: Context) -> Object:
    found: Object = {"fieldManager": ctx.manager} if ctx.names_manager else {}
    return found | ({"fieldValidation": ctx.field_validation} if ctx.field_validation != "Warn" else {})


def _delete_options(given: DeleteOptions) -> Object:
    found: Object = {}
    if given.grace_period_seconds is not None:
        found["gracePeriodSeconds"] = given.grace_period_seconds
    conditions = {"uid": given.uid, "resourceVersion": given.resource_version}
    if conditions := {name: value for name, value in conditions.items() if value}:
        found["preconditions"] = conditions
    if given.orphan_dependents is not None:
        found["orphanDependents"] = given.orphan_dependents
    if given.propagation:
        found["propagationPolicy"] = given.propagation
    return found


def verdict_of(answer: Mapping[str, Any], uid: str, version: str, *, mutating: bool) -> Verdict:
    """What an AdmissionReview that came back says. Raises ReviewError."""
    try:
        response = _response(answer, uid, strict=version == "v1", mutating=mutating)
    except ReviewError as error:
        raise ReviewError(f"received invalid webhook response: {error}") from error
    text = response.get("patch") if mutating else None
    kind = response.get("patchType") or "JSONPatch"
    if text and kind != "JSONPatch":
        raise ReviewError(f'unsupported patch type "{kind}"')
    return Verdict(
        response.get("allowed") is True,
        _patch(text) if text else (),
        response.get("status") or {},
        response.get("warnings") or (),
        response.get("auditAnnotations") or {},
    )


def _response(answer: Mapping[str, Any], uid: str, *, strict: bool, mutating: bool) -> Mapping[str, Any]:
    response = answer.get("response")
    if not isinstance(response, dict):
        raise ReviewError("webhook response was absent")
    if strict:  # v1beta1 never was
        _check_identity(answer, response, uid)
        _check_patch(response, mutating=mutating)
    return response


def _check_identity(answer: Mapping[str, Any], response: Mapping[str, Any], uid: str) -> None:
    if response.get("uid", "") != uid:
        raise ReviewError(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    wanted, got = f"{GROUP}/v1, Kind=AdmissionReview", f"{answer.get('apiVersion', '')}, Kind={answer.get('kind', '')}"
    if got != wanted:
        raise ReviewError(f"expected webhook response of {wanted}, got {got}")


def _check_patch(response: Mapping[str, Any], *, mutating: bool) -> None:
    patch, kind = response.get("patch"), response.get("patchType")
    if not mutating:
        if patch:
            raise ReviewError("validating webhook may not return response.patch")
        if kind is not None:
            raise ReviewError("validating webhook may not return response.patchType")
        return
    if patch and kind is None:
        raise ReviewError("webhook returned response.patch but not response.patchType")
    if not patch and kind is not None:
        raise ReviewError("webhook returned response.patchType but not response.patch")
    if kind is not None and not kind:
        raise ReviewError('webhook returned invalid response.patchType of ""')


def _patch(text: str) -> Sequence[Object]:
    try:
        found = msgspec.json.decode(base64.b64decode(text, validate=True), type=list[dict[str, Any]] | None)
    except (binascii.Error, TypeError, msgspec.DecodeError) as error:
        raise ReviewError(f"received undecodable patch in webhook response: {error}") from error
    return found or ()


def refusal(webhook: str, status: Mapping[str, Any]) -> APIError:
    """The failure that a client sees of a webhook that says no: the webhook's own Status, with its name before it."""
    by = f'admission webhook "{webhook}" denied the request'
    if status.get("message"):
        text = f"{by}: {status['message']}"
    elif status.get("reason"):
        text = f"{by}: {status['reason']}"
    else:
        text = f"{by} without explanation"
    error = APIError(text, **(status.get("details") or {}))
    error.reason = status.get("reason") or ""
    code = status.get("code") or 0
    error.code = code if isinstance(code, int) and 400 <= code < 600 else 400
    error.metadata = status.get("metadata") or {}
    return error


def no_dry_run(webhook: str) -> BadRequest:
    """The failure of a dry run that a webhook with side effects would be asked about."""
    return BadRequest(f'admission webhook "{webhook}" does not support dry run')


def failed_call(webhook: str, why: object) -> APIError:
    """The failure of a request that a webhook which cannot be asked must allow."""
    return APIError(
        f'Internal error occurred: failed calling webhook "{webhook}": {why}',
        causes=[{"message": f'failed calling webhook "{webhook}": {why}'}],
    )
