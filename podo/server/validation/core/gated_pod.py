"""What may change in a Pod that waits behind scheduling gates: where it may run can only become narrower."""

from podo.api.field_errors import invalid
from podo.server.validation.core.scheduling import REQUIRED
from podo.server.validation.fields import Errors, Object
from podo.server.validation.internal_form import internal_form
from podo.server.validation.selectors import labels_shown


def gated_changes(errs: Errors, spec: Object, old: Object) -> None:
    """Check changes of node selector and node affinity, and undo them in `spec`, so that the rest can be compared."""
    if spec.get("nodeSelector") != old.get("nodeSelector"):
        _selector(errs, spec.get("nodeSelector", {}), old.get("nodeSelector", {}))
        _restore(spec, old, "nodeSelector")
    new_affinity, old_affinity = (o.get("affinity", {}).get("nodeAffinity") for o in (spec, old))
    if new_affinity == old_affinity:
        return
    _node_affinity(errs, new_affinity or {}, old_affinity or {})
    if "affinity" not in spec:
        if old_affinity is not None:
            spec["affinity"] = {"nodeAffinity": old_affinity}
    elif "affinity" not in old and not {"podAffinity", "podAntiAffinity"} & spec["affinity"].keys():
        del spec["affinity"]
    elif old_affinity is None:
        spec["affinity"].pop("nodeAffinity", None)
    else:
        spec["affinity"]["nodeAffinity"] = old_affinity


def _restore(spec: Object, old: Object, key: str) -> None:
    if key in old:
        spec[key] = old[key]
    else:
        spec.pop(key, None)


def _selector(errs: Errors, new: dict[str, str], old: dict[str, str]) -> None:
    if any(new.get(key) != value for key, value in old.items()):
        message = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errs.append(invalid("spec.nodeSelector", labels_shown(new), message))


def _node_affinity(errs: Errors, new: Object, old: Object) -> None:
    path = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    old_terms = old.get(REQUIRED, {}).get("nodeSelectorTerms") or []
    new_terms = new.get(REQUIRED, {}).get("nodeSelectorTerms") or []
    if old_terms and len(old_terms) != len(new_terms):
        message = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        errs.append(invalid(path, [internal_form("NodeSelectorTerm", term) for term in new_terms] or None, message))
        return
    for index, term in enumerate(old_terms):
        if not _only_added(new_terms[index], term):
            message = "only additions are allowed (no mutations or deletions)"
            errs.append(invalid(f"{path}[{index}]", internal_form("NodeSelectorTerm", new_terms[index]), message))


def _only_added(new: Object, old: Object) -> bool:
    fields = ("matchExpressions", "matchFields")
    if not any(old.get(key) for key in fields):
        return not any(new.get(key) for key in fields)
    return all(new.get(key, [])[: len(old.get(key, []))] == old.get(key, []) for key in fields)
