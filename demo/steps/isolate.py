"""A NetworkPolicy: who is not named cannot reach the application, and podo says why."""

from demo.stage import Broken, Stage, name_of

TITLE = "Isolation: a NetworkPolicy shuts Pods off, and podo network why says which rule"
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: friends-only}
spec:
  podSelector: {matchLabels: {app: hello}}
  ingress: [{from: [{podSelector: {matchLabels: {friend: "yes"}}}]}]
"""


def run(stage: Stage) -> str:
    first, second = [*stage.until_ready(3)][:2]
    address = second["status"]["podIP"]
    if not reaches(stage, name_of(first), address):
        raise Broken(f"{name_of(first)} does not reach {address} even without a policy")
    stage.kubectl("apply", "-f", "-", stdin=POLICY)
    try:
        stage.until("the policy holds", lambda: not reaches(stage, name_of(first), address), 10)
        said = stage.podo("network", "why", name_of(first), name_of(second), "--port", "8080")
        if "friends-only" not in said:
            raise Broken(f"podo network why does not name the policy: {said}")
        stage.kubectl("label", "pod", name_of(first), "friend=yes")
        stage.until("a friend is let in", lambda: reaches(stage, name_of(first), address), 10)
    finally:
        stage.kubectl("delete", "networkpolicy", "friends-only")
        stage.kubectl("label", "pod", name_of(first), "friend-")
    return "a stranger is shut out, a friend let in, the Pods stay Ready; the rule is named"


def reaches(stage: Stage, client: str, address: str) -> bool:
    """Whether a Pod gets the application's page from an address."""
    script = f"timeout 1 wget -qO- http://{address}:8080/cgi-bin/index.cgi || true"
    return "hello v" in stage.kubectl("exec", client, "-c", "companion", "--", "sh", "-c", script)
