"""One action of Helm's Go SDK, in a process of its own: `python -m tests.e2e.helm.action NAME`, arguments as JSON.

Go's runtime takes signals and threads of the process that it is loaded into, so that it shall not be pytest's.
"""

import json
import sys

import helm_python as helm


def act(name: str, namespace: str, arguments: list[object], options: dict[str, object]) -> object:
    """What the action gives: a method of a connection to the cluster, or else a function on charts."""
    if hasattr(helm.Config, name):
        with helm.Config(namespace=namespace) as config:
            return getattr(config, name)(*arguments, **options)
    if name == "create":
        with helm.Chart.create(*arguments) as chart:
            return chart.name
    if name == "template":
        path, values, *rest = arguments
        with helm.Chart.load(path) as chart:
            return chart.render(values, *rest, **options)
    return getattr(helm, name)(*arguments, **options)


if __name__ == "__main__":
    try:
        print(json.dumps(act(sys.argv[1], **json.load(sys.stdin))))
    except helm.HelmError as error:
        sys.exit(f"{type(error).__name__}: {error}")
