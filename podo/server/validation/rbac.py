"""Roles and their bindings."""

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.rules import Create, Rules, Update
from podo.server.validation.selectors import has_bad_value, label_selector

GROUP = "rbac.authorization.k8s.io"
NO_URLS_HERE = "namespaced rules cannot apply to non-resource URLs"
NOT_BOTH = "rules cannot apply to both regular resources and non-resource URLs"


def create_role(obj: Object) -> Errors:
    """What is wrong with a Role."""
    errs: Errors = []
    new_meta(errs, obj, check=names.path_segment)
    for index, rule in enumerate(obj.get("rules") or ()):
        _rule(errs, rule, f"rules[{index}]", namespaced=True)
    return errs


def create_cluster_role(obj: Object) -> Errors:
    """What is wrong with a new ClusterRole."""
    return _cluster_role(obj, lenient=False)


def _cluster_role(obj: Object, *, lenient: bool) -> Errors:
    errs: Errors = []
    new_meta(errs, obj, namespaced=False, check=names.path_segment)
    for index, rule in enumerate(obj.get("rules") or ()):
        _rule(errs, rule, f"rules[{index}]", namespaced=False)
    aggregation, path = obj.get("aggregationRule"), "aggregationRule.clusterRoleSelectors"
    if aggregation is None:
        return errs
    selectors = aggregation.get("clusterRoleSelectors", ())
    if not selectors:
        message = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errs.append(required(path, message))
    for index, selector in enumerate(selectors):
        before = len(errs)
        label_selector(errs, selector, f"{path}[{index}]", lenient_values=lenient)
        if len(errs) > before:
            errs.append(invalid(f"{path}[{index}]", None, "invalid label selector."))
    return errs


def _rule(errs: Errors, rule: Object, path: str, *, namespaced: bool) -> None:
    urls = rule.get("nonResourceURLs", [])
    if not rule.get("verbs"):
        errs.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    if urls:
        if namespaced:
            errs.append(invalid(f"{path}.nonResourceURLs", urls, NO_URLS_HERE))
        if any(rule.get(key) for key in ("apiGroups", "resources", "resourceNames")):
            errs.append(invalid(f"{path}.nonResourceURLs", urls, NOT_BOTH))
        return
    if not rule.get("apiGroups"):
        errs.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        errs.append(required(f"{path}.resources", "resource rules must supply at least one resource"))


def create_binding(obj: Object) -> Errors:
    """What is wrong with a RoleBinding."""
    return _binding(obj, namespaced=True)


def create_cluster_binding(obj: Object) -> Errors:
    """What is wrong with a ClusterRoleBinding."""
    return _binding(obj, namespaced=False)


def _binding(obj: Object, *, namespaced: bool) -> Errors:
    errs: Errors = []
    new_meta(errs, obj, namespaced=namespaced, check=names.path_segment)
    ref, kinds = obj["roleRef"], ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if ref.get("apiGroup", "") != GROUP:
        errs.append(not_supported("roleRef.apiGroup", ref.get("apiGroup", ""), (GROUP,)))
    if ref.get("kind", "") not in kinds:
        errs.append(not_supported("roleRef.kind", ref.get("kind", ""), kinds))
    if ref.get("name"):
        named(errs, "roleRef.name", ref["name"], names.path_segment)
    else:
        errs.append(required("roleRef.name"))
    for index, subject in enumerate(obj.get("subjects", ())):
        _subject(errs, subject, f"subjects[{index}]", namespaced)
    return errs


def _subject(errs: Errors, subject: Object, path: str, namespaced: bool) -> None:
    kind, name, group = subject.get("kind", ""), subject.get("name", ""), subject.get("apiGroup", "")
    if not name:
        errs.append(required(f"{path}.name"))
    if kind == "ServiceAccount":
        if name:
            named(errs, f"{path}.name", name, names.dns1123_subdomain)
        if group:
            errs.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errs.append(required(f"{path}.namespace"))
    elif kind not in ("User", "Group"):
        errs.append(not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    elif group != GROUP:
        errs.append(not_supported(f"{path}.apiGroup", group, (GROUP,)))


def update_cluster_role(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ClusterRole."""
    selectors = old.get("aggregationRule", {}).get("clusterRoleSelectors", ())
    errs = _cluster_role(obj, lenient=any(has_bad_value(selector) for selector in selectors))
    changed_meta(errs, obj, old)
    return errs


def _updater(create: Create) -> Update:
    """The check of changes of a kind that is checked by `create`."""

    def update(obj: Object, old: Object) -> Errors:
        errs = create(obj)
        changed_meta(errs, obj, old)
        if obj.get("roleRef") != old.get("roleRef"):
            errs.append(invalid("roleRef", internal_form("RoleRef", obj["roleRef"]), "cannot change roleRef"))
        return errs

    return update


V1 = f"{GROUP}/v1"
TABLE: dict[tuple[str, str], Rules] = {
    (V1, "Role"): Rules(create_role, _updater(create_role)),
    (V1, "ClusterRole"): Rules(create_cluster_role, update_cluster_role),
    (V1, "RoleBinding"): Rules(create_binding, _updater(create_binding)),
    (V1, "ClusterRoleBinding"): Rules(create_cluster_binding, _updater(create_cluster_binding)),
}
