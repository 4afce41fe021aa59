"""The Service reaches all replicas, by address from the host and by name from a Pod."""

from demo.stage import Broken, Stage, fetch, name_of, pod_in

TITLE = "Load balancing and names: cluster IP from the host, name from inside a Pod"


def run(stage: Stage) -> str:
    pods = {name_of(p) for p in stage.until_ready(3)}
    address = stage.service
    stage.until("all replicas answer", lambda: {pod_in(fetch(address)) for _ in range(60)} == pods, 5)
    inside = name_of(stage.pods()[0])
    script = "for i in $(seq 60); do wget -qO- http://hello.default.svc.cluster.local/cgi-bin/index.cgi; done"
    answers = stage.kubectl("exec", inside, "-c", "companion", "--", "sh", "-c", script).splitlines()
    if {pod_in(a) for a in answers} != pods:
        raise Broken(f"by name only these answered: {sorted({pod_in(a) for a in answers})}")
    return f"all {len(pods)} replicas answer on {address} and on hello.default.svc.cluster.local"
