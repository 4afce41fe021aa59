"""Helm, as a process of its own: `python -m tests.e2e.extending.run_helm VERB RELEASE NAMESPACE [VALUES as JSON]`."""

import json
import os
import sys
from pathlib import Path

import helm_python

CHART = Path(__file__).with_name("chart")


def main(verb: str, release: str, namespace: str, values: str = "{}") -> None:
    """Do one thing, and wait until it is done."""
    config = helm_python.Config(kubeconfig_path=os.environ["KUBECONFIG"], namespace=namespace)
    chart = helm_python.Chart.load(CHART)
    if verb == "install":
        config.install(chart, release, json.loads(values), namespace=namespace, wait="watcher", timeout=60)
    elif verb == "upgrade":
        config.upgrade(chart, release, json.loads(values), namespace=namespace, wait="watcher", timeout=60)
    elif verb == "uninstall":
        config.uninstall(release, wait="watcher", timeout=60)
    else:
        print(json.dumps(config.status(release)))


if __name__ == "__main__":
    main(*sys.argv[1:])
