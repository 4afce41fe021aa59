"""What an update may keep though a new object could not have it: rules that became stricter over time.

Each flag of `PodOptions` is on if the stored spec already breaks the rule that the flag turns off.
"""

from collections.abc import Iterator

from podo.server.validation.core import scheduling, windows
from podo.server.validation.core.deletion_cost import bad_deletion_cost
from podo.server.validation.core.options import POD, TEMPLATE, PodOptions
from podo.server.validation.core.resources import HUGE_PAGES
from podo.server.validation.core.security import sysctl_conflicts
from podo.server.validation.fields import Errors, Object, amount
from podo.server.validation.paths import local_path
from podo.server.validation.selectors import has_bad_value, label_selector

SELINUX = "seLinuxChangePolicy"


def template_options(new: Object | None, old: Object | None) -> PodOptions:
    """The options for a changed template; None where there is none."""
    if old is None:
        return TEMPLATE
    return _options(old["spec"], is_pod=False)


def pod_options(old: Object) -> PodOptions:
    """The options for a changed Pod."""
    bad_cost = bad_deletion_cost(old["metadata"].get("annotations", {}))
    return _options(old["spec"], is_pod=True, bad_cost=bad_cost)


def _options(spec: Object, *, is_pod: bool, bad_cost: bool = False) -> PodOptions:
    interesting = {"affinity", "topologySpreadConstraints", "volumes", "initContainers"} & spec.keys()
    huge = _has_indivisible_huge_pages(spec)
    if not interesting and not bad_cost and not huge and not {"sysctls", SELINUX} & spec["securityContext"].keys():
        return POD if is_pod else TEMPLATE
    spread = spec.get("topologySpreadConstraints", ())
    return PodOptions(
        is_pod=is_pod,
        allow_bad_selector_values=any(has_bad_value(s) for s in _affinity_selectors(spec)),
        allow_bad_spread_selector=any(_breaks_selector(c.get("labelSelector")) for c in spread),
        allow_bad_node_affinity_values=_has_bad_node_value(spec),
        allow_bad_deletion_cost=bad_cost,
        allow_indivisible_huge_pages=huge,
        allow_non_local_token_path=any(_is_non_local(path) for path in _token_paths(spec)),
        allow_namespaced_sysctls_on_host=sysctl_conflicts(spec),
        allow_recursive_selinux_only=SELINUX not in spec["securityContext"],
        allow_restart_on_init_resize=_restarts_on_init_resize(spec),
        allow_bad_match_label_keys=any(_breaks_match_label_keys(c) for c in spread),
    )


def _affinity_selectors(spec: Object) -> Iterator[Object | None]:
    affinity = spec.get("affinity", {})
    for key in ("podAffinity", "podAntiAffinity"):
        terms = list(affinity.get(key, {}).get(scheduling.REQUIRED, ()))
        terms += [w["podAffinityTerm"] for w in affinity.get(key, {}).get(scheduling.PREFERRED, ())]
        for term in terms:
            yield term.get("labelSelector")
            yield term.get("namespaceSelector")


def _breaks_selector(selector: Object | None) -> bool:
    errs: Errors = []
    label_selector(errs, selector, "")
    return bool(errs)


def _has_bad_node_value(spec: Object) -> bool:
    required = spec.get("affinity", {}).get("nodeAffinity", {}).get(scheduling.REQUIRED, {})
    terms = required.get("nodeSelectorTerms") or ()
    return any(has_bad_value({"matchExpressions": term.get("matchExpressions", ())}) for term in terms)


def _has_indivisible_huge_pages(spec: Object) -> bool:
    for container, _ in windows.every_container(spec, ""):
        for amounts in (container["resources"].get("limits", {}), container["resources"].get("requests", {})):
            for name, text in amounts.items():
                if name.startswith(HUGE_PAGES):
                    size = amount(name.removeprefix(HUGE_PAGES))
                    if size <= 0 or amount(text) % size:
                        return True
    return False


def _token_paths(spec: Object) -> Iterator[str]:
    for volume in spec.get("volumes", ()):
        for source in volume.get("projected", {}).get("sources") or ():
            if "serviceAccountToken" in source:
                yield source["serviceAccountToken"]["path"]


def _is_non_local(path: str) -> bool:
    errs: Errors = []
    local_path(errs, "", path)
    return bool(errs)


def _restarts_on_init_resize(spec: Object) -> bool:
    for container in spec.get("initContainers", ()):
        policies = () if container.get("restartPolicy") == "Always" else container.get("resizePolicy", ())
        if any(p["restartPolicy"] == "RestartContainer" for p in policies):
            return True
    return False


def _breaks_match_label_keys(constraint: Object) -> bool:
    errs: Errors = []
    scheduling.match_label_keys(errs, constraint, "")
    return bool(errs)
