"""The table of the core group and of Events."""

from podo.server.validation.core import (
    claim_update,
    config,
    endpoints,
    event,
    limits,
    namespace,
    node,
    persistent_volume,
    pod,
    pod_resize,
    pod_status,
    pod_update,
    service,
    templates,
)
from podo.server.validation.rules import Rules

TABLE: dict[tuple[str, str], Rules] = {
    ("v1", "ConfigMap"): Rules(config.create_config_map, config.update_config_map),
    ("v1", "Secret"): Rules(config.create_secret, config.update_secret),
    ("v1", "ServiceAccount"): Rules(config.create_service_account, config.update_service_account),
    ("v1", "Endpoints"): Rules(endpoints.create, endpoints.update),
    ("v1", "Event"): Rules(event.create, event.update),
    ("events.k8s.io/v1", "Event"): Rules(event.create_new, event.update_new),
    ("v1", "Namespace"): Rules(
        namespace.create,
        namespace.update,
        {"status": namespace.status_update, "finalize": namespace.finalize_update},
    ),
    ("v1", "Node"): Rules(node.create, node.update, {"status": node.status_update}),
    ("v1", "Pod"): Rules(
        pod.create,
        pod_update.update,
        {
            "status": pod_status.status_update,
            "ephemeralcontainers": pod_update.ephemeral_containers_update,
            "resize": pod_resize.resize_update,
        },
    ),
    ("v1", "LimitRange"): Rules(limits.create_limit_range, limits.update_limit_range),
    ("v1", "ResourceQuota"): Rules(limits.create_quota, limits.update_quota, {"status": limits.status_update_quota}),
    ("v1", "PersistentVolume"): Rules(
        persistent_volume.create, persistent_volume.update, {"status": persistent_volume.status_update}
    ),
    ("v1", "PersistentVolumeClaim"): Rules(
        claim_update.create, claim_update.update, {"status": claim_update.status_update}
    ),
    ("v1", "PodTemplate"): Rules(templates.create_pod_template, templates.update_pod_template),
    ("v1", "ReplicationController"): Rules(
        templates.create_controller, templates.update_controller, {"status": templates.status_update_controller}
    ),
    ("v1", "Service"): Rules(service.create, service.update, {"status": service.status_update}),
}
