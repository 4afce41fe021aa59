"""Every controller of a cluster, one line each: where a new one is added.

Imports are local, so that no process loads what it does not run.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podo.client.events import EventWriter
    from podo.client.informers import CachedClient
    from podo.clock import Clock
    from podo.cluster.config import ClusterConfig
    from podo.controllers.autoscaling.rest import Fetch
    from podo.controllers.base import Controller
    from podo.controllers.cluster_keys import ClusterKeys


def controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", fetch: "Fetch"
) -> "list[Controller[Any]]":
    """Every controller, one line each, without those that have a list of their own below.

    `fetch` reads paths of the API.
    """
    from podo.controllers.autoscaling.controller import HorizontalPodAutoscalerController
    from podo.controllers.autoscaling.rest import RESTMetrics
    from podo.controllers.cluster_role_aggregation import ClusterRoleAggregation
    from podo.controllers.cronjob import CronJobController
    from podo.controllers.daemonset import DaemonSetController
    from podo.controllers.deployment import DeploymentController
    from podo.controllers.device_taint_eviction import DeviceTaintEviction
    from podo.controllers.disruption import DisruptionController
    from podo.controllers.garbage_collector import GarbageCollector
    from podo.controllers.job import JobController
    from podo.controllers.namespace import NamespaceController
    from podo.controllers.node_lifecycle import NodeLifecycle
    from podo.controllers.node_ttl import NodeTTL
    from podo.controllers.pod_gc import PodGC
    from podo.controllers.policy_types import PolicyTypes
    from podo.controllers.replicaset import ReplicaSetController
    from podo.controllers.replication_controller import ReplicationControllerController
    from podo.controllers.resource_claim import ResourceClaimController
    from podo.controllers.resource_quota import ResourceQuotaController
    from podo.controllers.served import ServedResources
    from podo.controllers.statefulset import StatefulSetController
    from podo.controllers.taint_eviction import TaintEviction
    from podo.controllers.ttl_after_finished import TTLAfterFinished

    return [
        ClusterRoleAggregation(client, clock, events),
        CronJobController(client, clock, events),
        DaemonSetController(client, clock, events),
        DeploymentController(client, clock, events),
        DeviceTaintEviction(client, clock, events),
        DisruptionController(client, clock, events),
        GarbageCollector(client, clock, events),
        HorizontalPodAutoscalerController(client, clock, events, RESTMetrics(fetch, ServedResources(client))),
        JobController(client, clock, events),
        NamespaceController(client, clock, events),
        NodeLifecycle(client, clock, events),
        NodeTTL(client, clock, events),
        PodGC(client, clock, events),
        PolicyTypes(client),
        ReplicaSetController(client, clock, events),
        ReplicationControllerController(client, clock, events),
        ResourceClaimController(client, clock, events),
        ResourceQuotaController(client, clock, events),
        StatefulSetController(client, clock, events),
        TaintEviction(client, clock, events),
        TTLAfterFinished(client, clock, events),
    ]


def network_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", cluster: "ClusterConfig"
) -> "list[Controller[Any]]":
    """What keeps the endpoints and addresses of Services, and the ranges of addresses."""
    from podo.controllers.endpoint_slice import EndpointSliceController
    from podo.controllers.endpoint_slice_mirroring import EndpointSliceMirroringController
    from podo.controllers.endpoints import EndpointsController
    from podo.controllers.load_balancer import LoadBalancerController
    from podo.controllers.node_ipam import NodeIPAM, PodRange
    from podo.controllers.service_cidr import ServiceCIDRController

    return [
        EndpointSliceController(client, clock, events),
        EndpointSliceMirroringController(client, clock, events),
        EndpointsController(client, clock, events),
        LoadBalancerController(client, events, cluster.balancer_ranges),
        NodeIPAM(client, clock, events, [PodRange(each, 64 if ":" in each else 24) for each in cluster.pod_networks]),
        ServiceCIDRController(client, clock, events),
    ]


def opt_in_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", fetch: "Fetch"
) -> "list[Controller[Any]]":
    """What workloads may ask for by annotation (docs/howto/roll-out-with-care.md)."""
    from podo.controllers.automatic_rollback import AutomaticRollback
    from podo.controllers.autoscaling.rest import RESTMetrics
    from podo.controllers.canary import CanaryController
    from podo.controllers.config_rollout import ConfigRollout
    from podo.controllers.served import ServedResources
    from podo.controllers.unstick import Unstick

    return [
        AutomaticRollback(client, clock, events),
        CanaryController(client, clock, events, RESTMetrics(fetch, ServedResources(client))),
        ConfigRollout(client, clock, events),
        Unstick(client, clock, events),
    ]


def identity_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", keys: "ClusterKeys"
) -> "list[Controller[Any]]":
    """The controllers of accounts, tokens and certificates."""
    from podo.controllers.bootstrap_signer import BootstrapSigner
    from podo.controllers.bootstrap_token_cleaner import BootstrapTokenCleaner
    from podo.controllers.csr_approving import CSRApproving
    from podo.controllers.csr_cleaner import CSRCleaner
    from podo.controllers.csr_signing import CSRSigning
    from podo.controllers.legacy_token_cleaner import LegacyTokenCleaner
    from podo.controllers.root_ca import RootCAController
    from podo.controllers.service_account import ServiceAccountController
    from podo.controllers.service_account_tokens import ServiceAccountTokens

    return [
        BootstrapSigner(client, clock),
        BootstrapTokenCleaner(client, clock),
        CSRApproving(client, clock),
        CSRCleaner(client, clock),
        CSRSigning(client, clock, keys.authority),
        LegacyTokenCleaner(client, clock),
        RootCAController(client, keys.ca),
        ServiceAccountController(client, clock, events),
        ServiceAccountTokens(client, keys.ca, keys.sign_token),
    ]


def storage_controllers(
    client: "CachedClient", clock: "Clock", events: "EventWriter", volumes: Path
) -> "list[Controller[Any]]":
    """The controllers of claims and volumes; podo's own volumes are in the folder `volumes`."""
    from podo.controllers.default_storage import DefaultStorage
    from podo.controllers.ephemeral_volume import EphemeralVolumes
    from podo.controllers.volume_attaching import VolumeAttaching
    from podo.controllers.volume_binding import VolumeBinding
    from podo.controllers.volume_expansion import VolumeExpansion
    from podo.controllers.volume_protection import ClaimProtection, ClassProtection, VolumeProtection
    from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning
    from podo.controllers.volume_reclaim import VolumeReclaim
    from podo.storage.drivers import VolumeMaker
    from podo.storage.local.maker import LocalVolumes
    from podo.storage.objects import DRIVERS
    from podo.storage.objects.maker import ObjectVolumes

    local = LocalVolumes(volumes)
    makers: dict[str, VolumeMaker] = {local.name: local} | {name: ObjectVolumes(name) for name in DRIVERS}
    return [
        ClaimProtection(client, clock, events),
        ClassProtection(client, clock, events),
        DefaultStorage(client),
        EphemeralVolumes(client, clock, events),
        VolumeAttaching(client, clock, events),
        VolumeBinding(client, clock, events),
        VolumeDeletion(client, clock, events, makers),
        VolumeExpansion(client, clock, events, makers),
        VolumeProtection(client, clock, events),
        VolumeProvisioning(client, clock, events, makers),
        VolumeReclaim(client, clock, events),
    ]
