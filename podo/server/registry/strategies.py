"""Which kinds have a strategy of their own: one line each."""

from podo.server.strategy import Strategy


class Counted(Strategy):
    """A kind with no rules of its own but a generation."""

    generations = True


STRATEGIES: dict[tuple[str, str], Strategy] = {
    ("", "PodTemplate"): Counted(),
    ("", "ReplicationController"): Counted(),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): Counted(),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): Counted(),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): Counted(),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): Counted(),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): Counted(),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): Counted(),
    ("apps", "DaemonSet"): Counted(),
    ("apps", "Deployment"): Counted(),
    ("apps", "ReplicaSet"): Counted(),
    ("apps", "StatefulSet"): Counted(),
    ("batch", "CronJob"): Counted(),
    ("batch", "Job"): Counted(),
    ("discovery.k8s.io", "EndpointSlice"): Counted(),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): Counted(),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): Counted(),
    ("networking.k8s.io", "Ingress"): Counted(),
    ("networking.k8s.io", "IngressClass"): Counted(),
    ("networking.k8s.io", "NetworkPolicy"): Counted(),
    ("policy", "PodDisruptionBudget"): Counted(),
    ("resource.k8s.io", "DeviceClass"): Counted(),
    ("resource.k8s.io", "ResourceSlice"): Counted(),
    ("scheduling.k8s.io", "PriorityClass"): Counted(),
}
"""By (group, kind), of the stored version."""

_GENERIC = Strategy()


def strategy_for(group: str, kind: str) -> Strategy:
    """The kind's own strategy, or the generic one."""
    return STRATEGIES.get((group, kind), _GENERIC)
