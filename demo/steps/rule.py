"""A rule of one's own, in two lines of CEL: what breaks it is refused in its words, and nothing is installed for it."""

import time

from demo.stage import Stage

TITLE = "Rules: a policy in CEL refuses what it should, as soon as it is there"
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: demo-few-replicas}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments/scale]}]
  validations:
  - expression: object.spec.replicas <= 10
    messageExpression: "'no more than 10 replicas, not ' + string(object.spec.replicas)"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: demo-few-replicas}
spec:
  policyName: demo-few-replicas
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}}
"""
WORDS = "no more than 10 replicas, not 11"


def run(stage: Stage) -> str:
    stage.kubectl("apply", "-f", "-", stdin=POLICY)
    started = time.monotonic()
    try:
        stage.until("the policy is in force", lambda: refuses(stage), 10)
        after = time.monotonic() - started
        stage.kubectl("scale", "deployment/hello", "--replicas=3")
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            stage.kubectl("delete", kind, "demo-few-replicas")
    return f"{after:.2f} s after it was made, 11 replicas are refused: “{WORDS}”; 3 are not"


def refuses(stage: Stage) -> bool:
    """Whether a scale to 11 is refused by the policy."""
    script = "kubectl scale deployment/hello --replicas=11 --dry-run=server 2>&1 || true"
    return WORDS in stage.run("sh", "-c", script)
