"""CustomResourceDefinitions as a whole."""

from typing import Any

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.admission.webhooks import webhook_service, webhook_url
from podo.server.validation.crd.columns import columns, deprecation, selectable_fields, subresources
from podo.server.validation.crd.hoisting import hoisted
from podo.server.validation.crd.open_api import validation
from podo.server.validation.fields import Errors, Object, immutable
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import object_meta, object_meta_update
from podo.server.validation.rules import Rules

REVIEW_VERSIONS = ("v1", "v1beta1")
MIXED_CASE = "may have mixed case, but should otherwise match: "
APPROVED = "api-approved.kubernetes.io"
NOT_ALL_UNKNOWN = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)
STILL_STORED = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)


def create(obj: Object) -> Errors:
    """What is wrong with a new CustomResourceDefinition."""
    errs: Errors = []
    spec = obj["spec"]
    wanted = f"{spec['names'].get('plural', '')}.{spec.get('group', '')}"

    def name_errors(name: str) -> list[str]:
        problems = names.dns1123_subdomain(name)
        return problems if name == wanted else [*problems, 'must be spec.names.plural+"."+spec.group']

    object_meta(errs, obj["metadata"], False, name_errors)
    _spec(errs, spec)
    _status(errs, obj)
    _approval(errs, obj, None)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed CustomResourceDefinition."""
    errs: Errors = []
    object_meta_update(errs, obj["metadata"], old["metadata"])
    spec, stored = obj["spec"], old["spec"]
    _spec(errs, spec, _schemas(stored))
    conditions = old["status"].get("conditions") or ()
    if any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
        immutable(errs, "spec.scope", spec.get("scope", ""), stored.get("scope", ""))
        immutable(errs, "spec.names.kind", spec["names"].get("kind", ""), stored["names"].get("kind", ""))
    immutable(errs, "spec.group", spec.get("group", ""), stored.get("group", ""))
    immutable(errs, "spec.names.plural", spec["names"].get("plural", ""), stored["names"].get("plural", ""))
    _status(errs, obj)
    _approval(errs, obj, old)
    return errs


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    object_meta_update(errs, obj["metadata"], old["metadata"])
    _names(errs, obj["status"].get("acceptedNames") or {}, "status.acceptedNames")
    return errs


def _schemas(spec: Object) -> dict[str, Any]:
    """The schema of each version."""
    return {version.get("name", ""): version.get("schema") for version in spec.get("versions") or ()}


def _spec(errs: Errors, given: Object, stored: dict[str, Any] | None = None) -> None:
    """`stored` are the schemas before an update: rules of one that stays may be as costly as they are."""
    given = given | {"versions": given.get("versions") or []}
    spec, group = hoisted(given), given.get("group", "")
    if not group:
        errs.append(required("spec.group"))
    elif problems := names.dns1123_subdomain(group):
        errs.append(invalid("spec.group", group, ",".join(problems)))
    elif "." not in group:
        errs.append(invalid("spec.group", group, "should be a domain with at least one dot"))
    _word(errs, "spec.scope", given.get("scope", ""), ("Cluster", "Namespaced"))
    kept = {name for name, schema in _schemas(given).items() if stored is not None and stored.get(name) == schema}
    _versions(errs, given, spec, kept)
    for key in ("plural", "singular", "kind", "listKind"):
        if not given["names"].get(key):
            errs.append(required(f"spec.names.{key}"))
    _names(errs, given["names"], "spec.names")
    if spec.get("validation") is not None:
        any_status = any("status" in (v.get("subresources") or {}) for v in given["versions"])
        limits = not kept.issuperset(_schemas(given))
        validation(errs, spec["validation"], "spec.validation", has_status=any_status, limits_rules=limits)
    subresources(errs, spec.get("subresources"), "spec.subresources")
    columns(errs, spec.get("additionalPrinterColumns") or [], "spec")
    selectable_fields(errs, spec.get("selectableFields") or [], spec.get("validation"), "spec.selectableFields")
    if given.get("preserveUnknownFields"):
        errs.append(invalid("spec.preserveUnknownFields", True, NOT_ALL_UNKNOWN))
    if given.get("conversion") is not None:
        _conversion(errs, given["conversion"], "spec.conversion")


def _word(errs: Errors, path: str, value: str, allowed: tuple[str, ...]) -> None:
    if not value:
        errs.append(required(path))
    elif value not in allowed:
        errs.append(not_supported(path, value, allowed))


def _versions(errs: Errors, given: Object, spec: Object, kept: set[str]) -> None:
    versions: list[Object] = spec["versions"]
    whole = spec.get("validation") is not None
    for index, version in enumerate(given["versions"]):
        path = f"spec.versions[{index}]"
        if not whole and (version.get("schema") or {}).get("openAPIV3Schema") is None:
            errs.append(required(f"{path}.schema.openAPIV3Schema"))
    for index, (version, full) in enumerate(zip(versions, given["versions"], strict=True)):
        path, name = f"spec.versions[{index}]", version.get("name", "")
        if problems := names.dns1035_label(name):
            errs.append(invalid(f"{path}.name", name, ",".join(problems)))
        has_status = "status" in (full.get("subresources") or {})
        deprecation(errs, version, path)
        if version.get("schema") is not None:
            limits = name not in kept
            validation(errs, version["schema"], f"{path}.schema", has_status=has_status, limits_rules=limits)
        subresources(errs, version.get("subresources"), f"{path}.subresources")
        columns(errs, version.get("additionalPrinterColumns") or [], path)
        fields = version.get("selectableFields") or []
        selectable_fields(errs, fields, version.get("schema") or spec.get("validation"), f"{path}.selectableFields")
    known = [version.get("name", "") for version in versions]
    shown = [internal_form("CustomResourceDefinitionVersion", version) for version in versions] or None
    if len(set(known)) < len(known):
        errs.append(invalid("spec.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        message = "must have exactly one version marked as storage version"
        errs.append(invalid("spec.versions", shown, message))
    if known and known[0] and (problems := names.dns1035_label(known[0])):
        errs.append(invalid("spec.version", known[0], ",".join(problems)))


def _names(errs: Errors, given: Object, path: str) -> None:
    def label(key: str, value: str, intro: str = "", *, at: str = "") -> None:
        if value and (problems := names.dns1035_label(value.lower() if intro else value)):
            errs.append(invalid(f"{path}.{at or key}", value, intro + ",".join(problems)))

    for key in ("plural", "singular"):
        label(key, given.get(key, ""))
    for key in ("kind", "listKind"):
        label(key, given.get(key, ""), MIXED_CASE)
    _labels(errs, given.get("shortNames") or [], f"{path}.shortNames")
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        errs.append(invalid(f"{path}.listKind", given["listKind"], "kind and listKind may not be the same"))
    _labels(errs, given.get("categories") or [], f"{path}.categories")


def _labels(errs: Errors, values: list[str], path: str) -> None:
    for index, value in enumerate(values):
        if problems := names.dns1035_label(value):
            errs.append(invalid(f"{path}[{index}]", value, ",".join(problems)))


def _conversion(errs: Errors, conversion: Object, path: str) -> None:
    strategy = conversion.get("strategy", "")
    _word(errs, f"{path}.strategy", strategy, ("None", "Webhook"))
    webhook = conversion.get("webhook")
    client, versions = (webhook or {}).get("clientConfig"), (webhook or {}).get("conversionReviewVersions") or []
    client_path, versions_path = f"{path}.webhookClientConfig", f"{path}.conversionReviewVersions"
    if strategy != "Webhook":
        message = "should not be set when strategy is not set to Webhook"
        if client is not None:
            errs.append(forbidden(client_path, message))
        if versions:
            errs.append(forbidden(versions_path, message))
        return
    if client is None:
        errs.append(required(client_path, "required when strategy is set to Webhook"))
    else:
        _client(errs, client, client_path)
    if not versions:
        errs.append(required(versions_path))
        return
    seen: set[str] = set()
    for index, version in enumerate(versions):
        if version in seen:
            errs.append(invalid(f"{versions_path}[{index}]", version, "duplicate version"))
            continue
        seen.add(version)
        errs += [invalid(f"{versions_path}[{index}]", version, text) for text in names.dns1035_label(version)]
    if not seen & set(REVIEW_VERSIONS):
        errs.append(invalid(versions_path, versions, f"must include at least one of {', '.join(REVIEW_VERSIONS)}"))


def _client(errs: Errors, client: Object, path: str) -> None:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        errs.append(required(path, "exactly one of url or service is required"))
    elif url is not None:
        webhook_url(errs, url, f"{path}.url")
    elif service is not None:
        webhook_service(errs, service, f"{path}.service")


def _status(errs: Errors, obj: Object) -> None:
    status, path = obj["status"], "status.storedVersions"
    _names(errs, status.get("acceptedNames") or {}, "status.acceptedNames")
    stored: list[str] = status.get("storedVersions") or []
    if not stored:
        errs.append(invalid(path, stored or None, "must have at least one stored version"))
        return
    versions = {version.get("name", ""): version for version in obj["spec"].get("versions") or ()}
    for name, version in versions.items():
        if version.get("storage") and name not in stored:
            errs.append(invalid(path, stored, f"must have the storage version {name}"))
    for index, name in enumerate(stored):
        if name not in versions:
            errs.append(invalid(f"{path}[{index}]", name, STILL_STORED.format(name)))


def _approval(errs: Errors, obj: Object, old: Object | None) -> None:
    group = obj["spec"].get("group", "")
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return
    state, reason = _approval_state(obj["metadata"].get("annotations", {}))
    if not reason or (old is not None and _approval_state(old["metadata"].get("annotations", {}))[0] == state):
        return
    path = f"metadata.annotations[{APPROVED}]"
    given: Any = obj["metadata"].get("annotations", {}).get(APPROVED, "")
    errs.append(required(path, reason) if state == "missing" else invalid(path, given, reason))


def _approval_state(annotations: dict[str, str]) -> tuple[str, str]:
    """(state, what is wrong with it)"""
    text = annotations.get(APPROVED, "")
    if not text:
        about = "https://github.com/kubernetes/enhancements/pull/1111"
        return "missing", f'protected groups must have approval annotation "{APPROVED}", see {about}'
    if text.startswith("unapproved"):
        return "bypassed", ""
    if text.startswith(("http://", "https://")) and "." in text:
        return "approved", ""
    about = 'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason '
    return "invalid", f'{about}starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111'


TABLE: dict[tuple[str, str], Rules] = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Rules(create, update, {"status": status_update}),
}
