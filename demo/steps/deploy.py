"""A Deployment with three replicas and a Service; Pods are isolated, containers of one Pod share its network."""

from demo.stage import Broken, Stage, name_of

TITLE = "Deploy: kubectl apply, 3 replicas spread over 3 nodes, isolated from each other"


def run(stage: Stage) -> str:
    stage.kubectl("apply", "-f", "examples/hello/hello.yaml")
    pods = stage.until_ready(3)
    nodes = {p["spec"]["nodeName"] for p in pods}
    if len(nodes) != min(3, stage.nodes):
        raise Broken(f"the replicas share nodes: {sorted(nodes)}")
    first, second = name_of(pods[0]), name_of(pods[1])
    shared = stage.kubectl(
        "exec", first, "-c", "companion", "--", "wget", "-qO-", "http://localhost:8080/cgi-bin/index.cgi"
    )
    if first not in shared:
        raise Broken(f"the companion container did not reach its neighbour on localhost: {shared}")
    isolation(stage, first, second)
    return f"on {', '.join(sorted(nodes))}; own processes, files, network, host name"


def isolation(stage: Stage, first: str, second: str) -> None:
    """Raises Broken if one Pod sees anything of another."""
    stage.kubectl("exec", first, "-c", "web", "--", "sh", "-c", "echo secret > /tmp-mark")
    seen = stage.kubectl("exec", second, "-c", "web", "--", "sh", "-c", "ls /; hostname; ps | wc -l; ip -o addr")
    if "tmp-mark" in seen:
        raise Broken("a Pod sees another one's files")
    hosts = {stage.kubectl("exec", p, "-c", "web", "--", "hostname").strip() for p in (first, second)}
    if hosts != {first, second}:
        raise Broken(f"host names are not the Pods' own: {hosts}")
    processes = stage.kubectl("exec", second, "-c", "web", "--", "ps")
    if len(processes.splitlines()) > 6:
        raise Broken(f"a container sees processes that are not its own:\n{processes}")
