"""Admission policies and their bindings."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation.admission.expressions import Expressions, match_conditions
from podo.server.validation.admission.matching import match_resources, only_mutable
from podo.server.validation.admission.webhooks import FAILURE_POLICIES, REINVOCATIONS
from podo.server.validation.conditions import conditions
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import object_meta
from podo.server.validation.selectors import label_selector

ANNOTATIONS_MAX, ANNOTATION_MAX = 20, 5 * 1024
REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
PATCHES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
ACTIONS = ("Audit", "Deny", "Warn")
NOTHING = "validations or auditAnnotations must contain at least one item"
EXCLUSIVE = "name and selector are mutually exclusive"
TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


def create_validating(obj: Object) -> Errors:
    """What is wrong with a new ValidatingAdmissionPolicy."""
    return _policy(obj, None, _validating)


def update_validating(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ValidatingAdmissionPolicy."""
    return _policy(obj, old, _validating)


def create_mutating(obj: Object) -> Errors:
    """What is wrong with a new MutatingAdmissionPolicy."""
    return _policy(obj, None, _mutating)


def update_mutating(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed MutatingAdmissionPolicy."""
    return _policy(obj, old, _mutating)


Body = Callable[[Errors, Object, Object, Expressions], None]


def _policy(obj: Object, old: Object | None, body: Body) -> Errors:
    errs: Errors = []
    object_meta(errs, obj["metadata"], False)
    spec = obj["spec"]
    policy, kind, match = (spec.get(key) for key in ("failurePolicy", "paramKind", "matchConstraints"))
    if policy is None:
        errs.append(required("spec.failurePolicy"))
    elif policy not in FAILURE_POLICIES:
        errs.append(not_supported("spec.failurePolicy", policy, FAILURE_POLICIES))
    if kind is not None:
        _param_kind(errs, kind, "spec.paramKind")
    if match is None:
        errs.append(required("spec.matchConstraints"))
    else:
        match_resources(errs, match, "spec.matchConstraints")
        if not match.get("resourceRules"):
            errs.append(required("spec.matchConstraints.resourceRules"))
    same = old is not None and all(spec.get(k) == old["spec"].get(k) for k in ("paramKind", "matchConditions"))
    if not same:
        match_conditions(errs, spec.get("matchConditions", []), "spec.matchConditions", params=kind is not None)
    scope = Expressions(params=kind is not None, patches="mutations" in spec)
    scope.declare(errs, spec.get("variables", []), "spec.variables")
    body(errs, obj, spec, scope)
    return errs


def _param_kind(errs: Errors, kind: Object, path: str) -> None:
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    where = f"{path}.apiVersion"
    if not version:
        errs.append(required(where))
    elif version.count("/") > 1:
        errs.append(invalid(where, version, f"unexpected GroupVersion string: {version}"))
    else:
        group, _, number = version.rpartition("/")
        if group and (problems := names.dns1123_subdomain(group)):
            errs.append(invalid(where, group, ",".join(problems)))
        if not number:
            errs.append(invalid(where, version, "version must be specified"))
        elif problems := names.dns1035_label(number):
            errs.append(invalid(where, number, ",".join(problems)))
    if not name:
        errs.append(required(f"{path}.kind"))
    elif problems := names.dns1035_label(name.lower()):
        message = "may have mixed case, but should otherwise match: " + ",".join(problems)
        errs.append(invalid(f"{path}.kind", name, message))


def _validating(errs: Errors, obj: Object, spec: Object, scope: Expressions) -> None:
    validations, annotations = spec.get("validations", []), spec.get("auditAnnotations", [])
    if not validations and not annotations:
        errs += [required(f"spec.{key}", NOTHING) for key in ("validations", "auditAnnotations")]
    for index, one in enumerate(validations):
        _validation(errs, one, f"spec.validations[{index}]", scope)
    path = "spec.auditAnnotations"
    if len(annotations) > ANNOTATIONS_MAX:
        message = f"must not have more than {ANNOTATIONS_MAX} auditAnnotations"
        errs.append(invalid(path, [internal_form("AuditAnnotation", one) for one in annotations], message))
    seen: set[str] = set()
    for index, one in enumerate(annotations):
        _annotation(errs, one, obj["metadata"].get("name", ""), f"{path}[{index}]", scope)
        if one.get("key", "") in seen:
            errs.append(duplicate(f"{path}[{index}].key", one.get("key", "")))
        seen.add(one.get("key", ""))


def _validation(errs: Errors, one: Object, path: str, scope: Expressions) -> None:
    text, message, computed = (one.get(key, "") for key in ("expression", "message", "messageExpression"))
    if text.strip():
        scope.condition(errs, f"{path}.expression", text)
    else:
        errs.append(required(f"{path}.expression", "expression is not specified"))
    if computed and not computed.strip():
        errs.append(invalid(f"{path}.messageExpression", computed, "must be non-empty if specified"))
    elif computed:
        scope.message(errs, f"{path}.messageExpression", computed)
    if message and not message.strip():
        errs.append(invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif set("\n\r") & set(message.strip()):
        errs.append(invalid(f"{path}.message", message, "must not contain line breaks"))
    if "reason" in one and one["reason"] not in REASONS:
        errs.append(not_supported(f"{path}.reason", one["reason"], REASONS))


def _annotation(errs: Errors, one: Object, policy: str, path: str, scope: Expressions) -> None:
    key, text = one.get("key", ""), one.get("valueExpression", "")
    if policy:
        named(errs, f"{path}.key", f"{policy}/{key}", names.qualified_name)
    else:
        errs.append(invalid(f"{path}.key", key, "requires metadata.name be non-empty"))
    where = f"{path}.valueExpression"
    if not text.strip():
        errs.append(required(where, "valueExpression is not specified"))
    elif len(text.strip()) > ANNOTATION_MAX:
        errs.append(required(where, f"must not exceed {ANNOTATION_MAX} bytes in length"))
    else:
        scope.annotation(errs, where, text)


def _mutating(errs: Errors, obj: Object, spec: Object, scope: Expressions) -> None:
    only_mutable(errs, spec.get("matchConstraints", {}), "spec.matchConstraints")
    mutations, policy = spec.get("mutations", []), spec.get("reinvocationPolicy", "")
    if not mutations:
        errs.append(required("spec.mutations", "mutations must contain at least one item"))
    for index, one in enumerate(mutations):
        _mutation(errs, one, f"spec.mutations[{index}]", scope)
    if not policy:
        errs.append(required("spec.reinvocationPolicy"))
    elif policy not in REINVOCATIONS:
        errs.append(not_supported("spec.reinvocationPolicy", policy, REINVOCATIONS))


def _mutation(errs: Errors, one: Object, path: str, scope: Expressions) -> None:
    kind = one.get("patchType", "")
    if not kind:
        errs.append(required(f"{path}.patchType"))
        return
    if kind not in PATCHES:
        errs.append(not_supported(f"{path}.patchType", kind, PATCHES))
        return
    wanted = PATCHES[kind]
    if wanted not in one:
        errs.append(required(f"{path}.{wanted}", f"must be specified when patchType is {kind}"))
    elif text := one[wanted].get("expression", "").strip():
        scope.patch(errs, f"{path}.{wanted}.expression", text, merges=kind == "ApplyConfiguration")
    else:
        errs.append(required(f"{path}.{wanted}.expression"))
    (other,) = set(PATCHES.values()) - {wanted}
    if other in one:
        errs.append(invalid(f"{path}.{other}", f"{{{other}}}", f"must not be specified when patchType is {kind}"))


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    status = obj["status"]
    for index, warning in enumerate(status.get("typeChecking", {}).get("expressionWarnings", ())):
        path = f"status.typeChecking.expressionWarnings[{index}]"
        if not warning.get("warning"):
            errs.append(required(f"{path}.warning"))
        if not warning.get("fieldRef", "").strip():
            errs.append(required(f"{path}.fieldRef"))
    conditions(errs, status.get("conditions", ()), "status.conditions")
    return errs


def create_validating_binding(obj: Object) -> Errors:
    """What is wrong with a ValidatingAdmissionPolicyBinding."""
    errs = _binding(obj)
    actions, path = obj["spec"].get("validationActions", []), "spec.validationActions"
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action not in ACTIONS:
            errs.append(not_supported(f"{path}[{index}]", action, ACTIONS))
        if action in seen:
            errs.append(duplicate(f"{path}[{index}]", action))
        seen.add(action)
    if {"Deny", "Warn"} <= seen:
        errs.append(invalid(path, actions, TWICE))
    if not actions:
        errs.append(required(path, "at least one validation action is required"))
    return errs


def create_mutating_binding(obj: Object) -> Errors:
    """What is wrong with a MutatingAdmissionPolicyBinding."""
    errs = _binding(obj)
    only_mutable(errs, obj["spec"].get("matchResources", {}), "spec.matchResources")
    return errs


def _binding(obj: Object) -> Errors:
    errs: Errors = []
    object_meta(errs, obj["metadata"], False)
    spec = obj["spec"]
    if spec.get("policyName"):
        named(errs, "spec.policyName", spec["policyName"], names.dns1123_subdomain)
    else:
        errs.append(required("spec.policyName"))
    if "paramRef" in spec:
        _param_ref(errs, spec["paramRef"], "spec.paramRef")
    if "matchResources" in spec:
        match_resources(errs, spec["matchResources"], "spec.matchResources")
    return errs


def _param_ref(errs: Errors, ref: Object, path: str) -> None:
    name, action = ref.get("name"), ref.get("parameterNotFoundAction")
    if name:
        named(errs, f"{path}.name", name, names.path_segment)
        if "selector" in ref:
            errs.append(forbidden(f"{path}.name", EXCLUSIVE))
    if "selector" in ref:
        label_selector(errs, ref["selector"], f"{path}.selector")
        if name:
            errs.append(forbidden(f"{path}.selector", EXCLUSIVE))
    elif not name:
        errs.append(required(path, "one of name or selector must be specified"))
    if not action:
        errs.append(required(f"{path}.parameterNotFoundAction"))
    elif action not in ("Deny", "Allow"):
        errs.append(not_supported(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow")))
