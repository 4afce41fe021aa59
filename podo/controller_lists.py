"""Every controller of a cluster, one line each: where a new one is added. `who` gives each what its account has.

Imports are local, so that no process loads what it does not run.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podo.cluster.config import ClusterConfig
    from podo.controller_identities import AccountAPI, Identities
    from podo.controllers.autoscaling.rest import Fetch
    from podo.controllers.base import Controller
    from podo.controllers.cluster_keys import ClusterKeys
    from podo.storage.csi.remote import Post


def controllers(
    who: "Identities", fetch: "Fetch", others: "AccountAPI", garbage: "AccountAPI"
) -> "list[Controller[Any]]":
    """Every controller, one line each, without those that have a list of their own below.

    `fetch` reads paths of the API, for figures; `others` and `garbage` reach servers behind it, for who they are.
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
    from podo.controllers.garbage_elsewhere import GarbageElsewhere
    from podo.controllers.job import JobController
    from podo.controllers.namespace import NamespaceController
    from podo.controllers.node_lifecycle import NodeLifecycle
    from podo.controllers.node_ttl import NodeTTL
    from podo.controllers.other_servers import OtherServers
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

    collector = who.client("garbage-collector")
    figures = RESTMetrics(fetch, ServedResources(who.client("horizontalpodautoscaler")))
    usual: list[Any] = [
        ClusterRoleAggregation,
        CronJobController,
        DaemonSetController,
        DeploymentController,
        DeviceTaintEviction,
        DisruptionController,
        GarbageCollector,
        JobController,
        NodeLifecycle,
        NodeTTL,
        PodGC,
        ReplicaSetController,
        ReplicationControllerController,
        ResourceClaimController,
        ResourceQuotaController,
        StatefulSetController,
        TaintEviction,
        TTLAfterFinished,
    ]
    return [
        *who.all_usual(usual),
        who.usual(HorizontalPodAutoscalerController, figures),
        who.usual(NamespaceController, OtherServers(who.client("namespace"), others.client, others.fetch)),
        GarbageElsewhere(collector, OtherServers(collector, garbage.client, garbage.fetch)),
        PolicyTypes(who.client("validatingadmissionpolicy-status-controller")),
    ]


def network_controllers(who: "Identities", cluster: "ClusterConfig") -> "list[Controller[Any]]":
    """What keeps the endpoints and addresses of Services, and the ranges of addresses."""
    from podo.controllers.endpoint_slice import EndpointSliceController
    from podo.controllers.endpoint_slice_mirroring import EndpointSliceMirroringController
    from podo.controllers.endpoints import EndpointsController
    from podo.controllers.load_balancer import LoadBalancerController
    from podo.controllers.node_ipam import NodeIPAM, PodRange
    from podo.controllers.service_cidr import ServiceCIDRController

    return [
        who.usual(EndpointSliceController),
        who.usual(EndpointSliceMirroringController),
        who.usual(EndpointsController),
        LoadBalancerController(who.client("service-lb"), who.events("service-lb"), cluster.balancer_ranges),
        who.usual(NodeIPAM, [PodRange(each, 64 if ":" in each else 24) for each in cluster.pod_networks]),
        who.usual(ServiceCIDRController),
    ]


def opt_in_controllers(who: "Identities", fetch: "Fetch") -> "list[Controller[Any]]":
    """What workloads may ask for by annotation (docs/howto/roll-out-with-care.md)."""
    from podo.controllers.automatic_rollback import AutomaticRollback
    from podo.controllers.autoscaling.rest import RESTMetrics
    from podo.controllers.canary import CanaryController
    from podo.controllers.config_rollout import ConfigRollout
    from podo.controllers.served import ServedResources
    from podo.controllers.unstick import Unstick

    return [
        who.usual(AutomaticRollback),
        who.usual(CanaryController, RESTMetrics(fetch, ServedResources(who.client("canary")))),
        who.usual(ConfigRollout),
        who.usual(Unstick),
    ]


def identity_controllers(who: "Identities", keys: "ClusterKeys") -> "list[Controller[Any]]":
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
        BootstrapSigner(who.client(BootstrapSigner.name), who.clock),
        BootstrapTokenCleaner(who.client(BootstrapTokenCleaner.name), who.clock),
        CSRApproving(who.client(CSRApproving.name), who.clock),
        CSRCleaner(who.client(CSRCleaner.name), who.clock),
        CSRSigning(who.client(CSRSigning.name), who.clock, keys.authority),
        LegacyTokenCleaner(who.client(LegacyTokenCleaner.name), who.clock),
        RootCAController(who.client(RootCAController.name), keys.ca),
        who.usual(ServiceAccountController),
        ServiceAccountTokens(who.client(ServiceAccountTokens.name), keys.ca, keys.sign_token),
    ]


def storage_controllers(who: "Identities", volumes: Path, post: "Post") -> "list[Controller[Any]]":
    """The controllers of claims and volumes; podo's own volumes are in the folder `volumes`.

    `post` reaches the drivers that come without side-cars.
    """
    from podo.controllers.bare_drivers import BareDrivers, makers_of
    from podo.controllers.default_storage import DefaultStorage
    from podo.controllers.ephemeral_volume import EphemeralVolumes
    from podo.controllers.storage_capacity import StorageCapacity
    from podo.controllers.volume_attacher import VolumeAttacher
    from podo.controllers.volume_attaching import VolumeAttaching
    from podo.controllers.volume_binding import VolumeBinding
    from podo.controllers.volume_expansion import VolumeExpansion
    from podo.controllers.volume_modification import VolumeModification
    from podo.controllers.volume_protection import ClaimProtection, ClassProtection, VolumeProtection
    from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning
    from podo.controllers.volume_reclaim import VolumeReclaim
    from podo.storage.drivers import VolumeMaker
    from podo.storage.local.maker import LocalVolumes
    from podo.storage.objects import DRIVERS
    from podo.storage.objects.maker import ObjectVolumes

    local = LocalVolumes(volumes)
    own: dict[str, VolumeMaker] = {local.name: local} | {name: ObjectVolumes(name) for name in DRIVERS}
    bare = BareDrivers(who.client(VolumeAttacher.name), post)
    makers = makers_of(own, bare)
    return [
        who.usual(ClaimProtection),
        who.usual(ClassProtection),
        DefaultStorage(who.client(DefaultStorage.name)),
        who.usual(EphemeralVolumes),
        who.usual(StorageCapacity, bare),
        who.usual(VolumeAttacher, bare),
        who.usual(VolumeAttaching),
        who.usual(VolumeBinding),
        who.usual(VolumeDeletion, makers),
        who.usual(VolumeExpansion, makers),
        who.usual(VolumeModification, makers),
        who.usual(VolumeProtection),
        who.usual(VolumeProvisioning, makers),
        who.usual(VolumeReclaim),
    ]
