"""More Pods under load and fewer without, by their real CPU use; nothing is installed for it."""

import json
import time

from demo.stage import Stage, name_of

TITLE = "Autoscale on CPU load: out and back in"
SPIN = "while true; do if [ -e /busy ]; then i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; else sleep 0.2; fi; done"
LABELS = {"app": "spin"}
RESOURCES = {"requests": {"cpu": "50m"}, "limits": {"cpu": "150m"}}
SCRIPT = f"touch /busy; {SPIN}"
CONTAINER = {"name": "main", "image": "hello:v1", "command": ["sh", "-c", SCRIPT], "resources": RESOURCES}
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER], "terminationGracePeriodSeconds": 0}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "spin"},
    "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": POD},
}
AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "spin"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "spin"},
        "maxReplicas": 3,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
            }
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    },
}


def run(stage: Stage) -> str:
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(DEPLOYMENT))
    stage.kubectl("rollout", "status", "deployment/spin", "--timeout=30s")
    stage.until("the load is seen", lambda: "spin" in stage.kubectl("top", "pods", check=False))
    started = time.monotonic()
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(AUTOSCALER))
    stage.until("more Pods under load", lambda: size(stage) == 3, 45)
    out = time.monotonic() - started
    for pod in stage.pods("app=spin"):
        stage.kubectl("wait", "--for=condition=Ready", f"pod/{name_of(pod)}", "--timeout=20s")
        stage.kubectl("exec", name_of(pod), "--", "rm", "-f", "/busy")
    started = time.monotonic()
    stage.until("one Pod without load", lambda: size(stage) == 1, 60)
    back = time.monotonic() - started
    stage.kubectl("delete", "hpa/spin", "deployment/spin", "--wait=false")
    return f"from 1 to 3 after {out:.1f} s under load, back to 1 after {back:.1f} s without (looked at every 15 s)"


def size(stage: Stage) -> int:
    """How many Pods are wanted."""
    return int(stage.get("deployment", "spin")["spec"]["replicas"])
