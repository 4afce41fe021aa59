"""Where a Pod may run: affinity, tolerations, spread constraints, node selectors."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation.core.options import PodOptions
from podo.server.validation.fields import Errors, Object, named, one_of, positive
from podo.server.validation.selectors import label_selector

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
NO_SELECTOR = "must not be specified when labelSelector is not set"
BOTH_KEYS = "exists in both matchLabelKeys and labelSelector"


def affinity(errs: Errors, obj: Object, path: str, opts: PodOptions) -> None:
    """All three sorts of affinity."""
    if "nodeAffinity" in obj:
        _node_affinity(errs, obj["nodeAffinity"], f"{path}.nodeAffinity", opts)
    for key in ("podAffinity", "podAntiAffinity"):
        if key in obj:
            _pod_affinity(errs, obj[key], f"{path}.{key}", opts)


def _node_affinity(errs: Errors, obj: Object, path: str, opts: PodOptions) -> None:
    if REQUIRED in obj:
        node_selector(errs, obj[REQUIRED], f"{path}.{REQUIRED}", lenient=opts.allow_bad_node_affinity_values)
    for index, term in enumerate(obj.get(PREFERRED, ())):
        where = f"{path}.{PREFERRED}[{index}]"
        _weight(errs, term["weight"], where)
        _node_term(errs, term["preference"], f"{where}.preference", lenient=True)


def _weight(errs: Errors, weight: int, path: str) -> None:
    if not 1 <= weight <= 100:
        errs.append(invalid(f"{path}.weight", weight, "must be in the range 1-100"))


def node_selector(errs: Errors, obj: Object, path: str, *, lenient: bool = False) -> None:
    """A NodeSelector: at least one term; `lenient` tolerates values that are no label values."""
    terms = obj.get("nodeSelectorTerms")
    if not terms:
        errs.append(required(f"{path}.nodeSelectorTerms", "must have at least one node selector term"))
    for index, term in enumerate(terms or ()):
        _node_term(errs, term, f"{path}.nodeSelectorTerms[{index}]", lenient=lenient)


def _node_term(errs: Errors, term: Object, path: str, *, lenient: bool) -> None:
    for index, requirement in enumerate(term.get("matchExpressions", ())):
        _node_requirement(errs, requirement, f"{path}.matchExpressions[{index}]", lenient)
    for index, requirement in enumerate(term.get("matchFields", ())):
        _node_field(errs, requirement, f"{path}.matchFields[{index}]")


def _node_requirement(errs: Errors, requirement: Object, path: str, lenient: bool) -> None:
    operator, values = requirement["operator"], requirement.get("values", ())
    where = f"{path}.values"
    if operator in ("In", "NotIn"):
        if not values:
            errs.append(required(where, "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errs.append(forbidden(where, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            errs.append(required(where, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        errs.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    named(errs, f"{path}.key", requirement["key"], names.qualified_name)
    if not lenient:
        for index, value in enumerate(values):
            named(errs, f"{where}[{index}]", value, names.label_value)


def _node_field(errs: Errors, requirement: Object, path: str) -> None:
    operator, values = requirement["operator"], requirement.get("values", ())
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            message = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            errs.append(required(f"{path}.values", message))
    else:
        errs.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    if requirement["key"] != "metadata.name":
        errs.append(invalid(f"{path}.key", requirement["key"], "not a valid field selector key"))
    else:
        for index, value in enumerate(values):
            named(errs, f"{path}.values[{index}]", value, names.dns1123_subdomain)


def _pod_affinity(errs: Errors, obj: Object, path: str, opts: PodOptions) -> None:
    for index, term in enumerate(obj.get(REQUIRED, ())):
        _pod_term(errs, term, f"{path}.{REQUIRED}[{index}]", opts)
    for index, weighted in enumerate(obj.get(PREFERRED, ())):
        where = f"{path}.{PREFERRED}[{index}]"
        _weight(errs, weighted["weight"], where)
        _pod_term(errs, weighted["podAffinityTerm"], f"{where}.podAffinityTerm", opts)


def _pod_term(errs: Errors, term: Object, path: str, opts: PodOptions) -> None:
    for key in ("labelSelector", "namespaceSelector"):
        lenient = opts.allow_bad_selector_values
        label_selector(errs, term.get(key), f"{path}.{key}", lenient_values=lenient)
    for name in term.get("namespaces", ()):
        named(errs, f"{path}.namespace", name, names.dns1123_label)
    match_label_keys(errs, term, path)
    if not term["topologyKey"]:
        errs.append(required(f"{path}.topologyKey", "can not be empty"))
    named(errs, f"{path}.topologyKey", term["topologyKey"], names.qualified_name)


def match_label_keys(errs: Errors, term: Object, path: str) -> None:
    """Keys whose values a Pod's own labels give to the selector."""
    selector = term.get("labelSelector")
    match, mismatch = term.get("matchLabelKeys", ()), term.get("mismatchLabelKeys", ())
    for key, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            errs.append(forbidden(f"{path}.{key}", NO_SELECTOR))
        elif keys:
            for index, name in enumerate(keys):
                named(errs, f"{path}.{key}[{index}]", name, names.qualified_name)
    if selector is not None and match:
        seen = set(selector.get("matchLabels", {}))
        positions = {key: index for index, key in enumerate(match)}
        for requirement in selector.get("matchExpressions", ()):
            key = requirement["key"]
            if key in positions and key in seen:
                errs.append(invalid(f"{path}[{positions[key]}]", key, BOTH_KEYS))
            seen.add(key)
    for index, key in enumerate(match):
        if key in mismatch:
            message = "exists in both matchLabelKeys and mismatchLabelKeys"
            errs.append(invalid(f"{path}.matchLabelKeys[{index}]", key, message))


def tolerations(errs: Errors, values: list[Object], path: str) -> None:
    """Which taints a Pod bears."""
    for index, toleration in enumerate(values):
        where = f"{path}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key:
            named(errs, f"{where}.key", key, names.qualified_name)
        elif operator != "Exists":
            message = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errs.append(invalid(f"{where}.operator", operator, message))
        if "tolerationSeconds" in toleration and effect != "NoExecute":
            message = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errs.append(invalid(f"{where}.effect", effect, message))
        if operator in ("Equal", ""):
            if problems := names.label_value(value):
                errs.append(invalid(f"{where}.operator", value, ";".join(problems)))
        elif operator == "Exists":
            if value:
                message = "value must be empty when `operator` is 'Exists'"
                errs.append(invalid(f"{where}.operator", value, message))
        else:
            supported = ("Equal", "Exists", "Lt", "Gt") if operator in ("Lt", "Gt") else ("Equal", "Exists")
            errs.append(not_supported(f"{where}.operator", operator, supported))
        if effect and effect not in TAINT_EFFECTS:
            errs.append(not_supported(f"{where}.effect", effect, TAINT_EFFECTS))


def spread_constraints(errs: Errors, values: list[Object], path: str, opts: PodOptions) -> None:
    """How evenly Pods are spread."""
    for index, constraint in enumerate(values):
        where, action = f"{path}[{index}]", constraint["whenUnsatisfiable"]
        positive(errs, f"{where}.maxSkew", constraint["maxSkew"])
        if not constraint["topologyKey"]:
            errs.append(required(f"{where}.topologyKey", "can not be empty"))
        one_of(errs, f"{where}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
        for other in values[index + 1 :]:
            if (other["topologyKey"], other["whenUnsatisfiable"]) == (constraint["topologyKey"], action):
                shown = f"{{{constraint['topologyKey']}, {action}}}"
                errs.append(duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", shown))
                break
        _spread_details(errs, constraint, where, opts)


def _spread_details(errs: Errors, constraint: Object, path: str, opts: PodOptions) -> None:
    action = constraint["whenUnsatisfiable"]
    if "minDomains" in constraint:
        positive(errs, f"{path}.minDomains", constraint["minDomains"])
        if action != "DoNotSchedule":
            message = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errs.append(invalid(f"{path}.minDomains", constraint["minDomains"], message))
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if key in constraint:
            one_of(errs, f"{path}.{key}", constraint[key], ("Honor", "Ignore"))
    if opts.allow_bad_match_label_keys:
        _old_match_label_keys(errs, constraint, f"{path}.matchLabelKeys")
    else:
        match_label_keys(errs, constraint, path)
    if not opts.allow_bad_spread_selector:
        label_selector(errs, constraint.get("labelSelector"), f"{path}.labelSelector")


def _old_match_label_keys(errs: Errors, constraint: Object, path: str) -> None:
    """The rules of before keys were merged into the selector."""
    keys, selector = constraint.get("matchLabelKeys", ()), constraint.get("labelSelector")
    if not keys:
        return
    if selector is None:
        errs.append(forbidden(path, NO_SELECTOR))
        selector = {}
    selected = set(selector.get("matchLabels", {})) | {e["key"] for e in selector.get("matchExpressions", ())}
    for index, key in enumerate(keys):
        named(errs, f"{path}[{index}]", key, names.qualified_name)
        if key in selected:
            errs.append(invalid(f"{path}[{index}]", key, BOTH_KEYS))
