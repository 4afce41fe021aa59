"""A cluster from nothing."""

from demo.stage import Broken, Stage

TITLE = "Cluster: podo up --nodes 3"


def run(stage: Stage) -> str:
    stage.podo("up", "--nodes", str(stage.nodes))
    stage.save_kubeconfig()
    nodes = stage.get("nodes")
    ready = [n for n in nodes if any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"]["conditions"])]
    if len(ready) != stage.nodes:
        raise Broken(f"{len(ready)} of {stage.nodes} nodes are Ready")
    return f"{len(ready)} nodes Ready, Kubernetes {nodes[0]['status']['nodeInfo']['kubeletVersion']}"
