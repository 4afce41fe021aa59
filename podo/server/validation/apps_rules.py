"""The table of the apps group."""

from podo.server.validation.apps import daemon_set, deployment, stateful_set
from podo.server.validation.rules import Rules

TABLE: dict[tuple[str, str], Rules] = {
    ("apps/v1", "Deployment"): Rules(deployment.create, deployment.update, {"status": deployment.status_update}),
    ("apps/v1", "ReplicaSet"): Rules(
        deployment.create_replica_set,
        deployment.update_replica_set,
        {"status": deployment.replica_set_status_update},
    ),
    ("apps/v1", "StatefulSet"): Rules(stateful_set.create, stateful_set.update, {"status": stateful_set.status_update}),
    ("apps/v1", "DaemonSet"): Rules(daemon_set.create, daemon_set.update, {"status": daemon_set.status_update}),
    ("apps/v1", "ControllerRevision"): Rules(stateful_set.create_revision, stateful_set.update_revision),
}
