"""The table of autoscaling, policy, scheduling, coordination and node.k8s.io."""

from podo.server.validation import small_kinds
from podo.server.validation.autoscaling import autoscaler
from podo.server.validation.rules import Rules

AUTOSCALER = Rules(autoscaler.create, autoscaler.update, {"status": autoscaler.status_update})

TABLE: dict[tuple[str, str], Rules] = {
    ("autoscaling/v1", "HorizontalPodAutoscaler"): AUTOSCALER,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): AUTOSCALER,
    ("policy/v1", "PodDisruptionBudget"): Rules(
        small_kinds.create_budget, small_kinds.update_budget, {"status": small_kinds.status_update_budget}
    ),
    ("scheduling.k8s.io/v1", "PriorityClass"): Rules(
        small_kinds.create_priority_class, small_kinds.update_priority_class
    ),
    ("coordination.k8s.io/v1", "Lease"): Rules(small_kinds.create_lease, small_kinds.update_lease),
    ("node.k8s.io/v1", "RuntimeClass"): Rules(small_kinds.create_runtime_class, small_kinds.update_runtime_class),
}
