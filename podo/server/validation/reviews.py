"""Questions about access: they are not stored, so only their specs and the emptiness of their metadata matter."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import forbidden, invalid, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.internal_form import META

COMBINED = "cannot be specified in combination with resourceAttributes"
ONE = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
TWICE = "may not specified at the same time as requirements"
NO_VALUES = {"Exists", "DoesNotExist"}


def subject_review(obj: Object) -> Errors:
    """What is wrong with a SubjectAccessReview."""
    errs = _subject_spec(obj["spec"])
    _empty(errs, obj, "must be empty")
    return errs


def self_review(obj: Object) -> Errors:
    """What is wrong with a SelfSubjectAccessReview."""
    errs = _attributes(obj["spec"])
    _selectors(errs, obj["spec"])
    _empty(errs, obj, "must be empty")
    return errs


def local_review(obj: Object) -> Errors:
    """What is wrong with a LocalSubjectAccessReview."""
    spec, namespace = obj["spec"], obj["metadata"].get("namespace", "")
    errs = _subject_spec(spec)
    _empty(errs, obj, "must be empty except for namespace", "namespace")
    asked, path = spec.get("resourceAttributes"), "spec.resourceAttributes.namespace"
    if asked is not None and asked.get("namespace", "") != namespace:
        errs.append(invalid(path, asked.get("namespace", ""), "must match metadata.namespace"))
    if "nonResourceAttributes" in spec:
        message = "disallowed on this kind of request"
        errs.append(invalid("spec.nonResourceAttributes", _shown(spec["nonResourceAttributes"]), message))
    return errs


def _shown(attributes: Object | None) -> Object | None:
    return None if attributes is None else {key: attributes.get(key.lower(), "") for key in ("Path", "Verb")}


def _attributes(spec: Object) -> Errors:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        return [invalid("spec.nonResourceAttributes", _shown(other), COMBINED)]
    return [invalid("spec.resourceAttributes", None, ONE)] if resource is None and other is None else []


def _subject_spec(spec: Object) -> Errors:
    errs = _attributes(spec)
    if not spec.get("user") and not spec.get("groups"):
        errs.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    _selectors(errs, spec)
    return errs


def _empty(errs: Errors, obj: Object, message: str, *allowed: str) -> None:
    given = obj["metadata"]
    meta = {key: given[key] for key in META if given.get(key)}
    if meta.keys() - {"managedFields", *allowed}:
        errs.append(invalid("metadata", meta, message))


def _selectors(errs: Errors, spec: Object) -> None:
    asked = spec.get("resourceAttributes", {})
    for kind in ("fieldSelector", "labelSelector"):
        selector, path = asked.get(kind), f"spec.resourceAttributes.{kind}"
        if selector is None:
            continue
        raw, requirements = selector.get("rawSelector", ""), selector.get("requirements", [])
        if raw and requirements:
            errs.append(invalid(f"{path}.rawSelector", raw, TWICE))
        if not raw and not requirements:
            message = f"when {path} is specified, requirements or rawSelector is required"
            errs.append(required(f"{path}.requirements", message))
        for index, requirement in enumerate(requirements):
            _requirement(errs, requirement, f"{path}.requirements[{index}]", labels=kind == "labelSelector")


def _requirement(errs: Errors, requirement: Object, path: str, *, labels: bool) -> None:
    operator, values, key = (requirement.get(k) for k in ("operator", "values", "key"))
    if operator in ("In", "NotIn") and not values:
        errs.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in NO_VALUES and values:
        message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errs.append(forbidden(f"{path}.values", message))
    if labels:
        named(errs, f"{path}.key", key or "", names.qualified_name)
        for index, value in enumerate(values or ()):
            named(errs, f"{path}.values[{index}]", value, names.label_value)
    elif not key:
        errs.append(required(f"{path}.key", "must be specified"))


CHECKS: dict[str, Callable[[Object], Errors]] = {
    "LocalSubjectAccessReview": local_review,
    "SelfSubjectAccessReview": self_review,
    "SubjectAccessReview": subject_review,
}


def review_errors(kind: str, obj: Object) -> Errors:
    """What is wrong with a review that has been defaulted; nothing can be wrong with other kinds."""
    check = CHECKS.get(kind)
    return check(obj) if check else []
