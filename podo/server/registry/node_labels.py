"""Labels of nodes that are deprecated, and the warnings about their use."""

from collections.abc import Iterator

from podo.api import names
from podo.server.strategy import Object

DEPRECATED = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def deprecated_label(key: str) -> str:
    """What to say about a label, "" if nothing."""
    return DEPRECATED.get(key, "")


def term_warnings(term: Object, path: str, *, values: bool = False) -> Iterator[str]:
    """The warnings about a term of a node selector; `values` looks at the values too."""
    for index, expression in enumerate(term.get("matchExpressions", ())):
        where, key = f"{path}.matchExpressions[{index}]", expression["key"]
        if message := deprecated_label(key):
            yield f"{where}.key: {key} is {message}"
        if values:
            for position, value in enumerate(expression.get("values", ())):
                for problem in names.label_value(value):
                    yield f"{where}.values[{position}]: {value} is invalid, {problem}"


def selector_warnings(selector: Object | None, path: str) -> Iterator[str]:
    """The warnings about a label selector for nodes."""
    if selector is None:
        return
    yield from term_warnings(selector, path)
    for key in selector.get("matchLabels", ()):
        if message := deprecated_label(key):
            yield f"{path}.matchLabels.{key}: {message}"
