"""The plug-ins that are on by default, in the order in which Kubernetes asks them."""

import random
from collections.abc import Callable

from podo.server.admission.base import Plugin
from podo.server.admission.certificates import CertificateApproval, CertificateSigning, CertificateSubjectRestriction
from podo.server.admission.chain import Chain
from podo.server.admission.default_ingress_class import DefaultIngressClass
from podo.server.admission.default_toleration_seconds import DefaultTolerationSeconds
from podo.server.admission.limit_ranger import LimitRanger
from podo.server.admission.lookup import CachedLookup
from podo.server.admission.namespace_lifecycle import NamespaceLifecycle
from podo.server.admission.node_restriction import NodeRestriction
from podo.server.admission.pod_security.plugin import PodSecurity
from podo.server.admission.pod_topology_labels import PodTopologyLabels
from podo.server.admission.policies import LazyConditions, MutatingPolicies, Surroundings, ValidatingPolicies
from podo.server.admission.priority import Priority
from podo.server.admission.resource_quota import QuotaWriter, ResourceQuotas
from podo.server.admission.runtime_class import RuntimeClasses
from podo.server.admission.service_account import ServiceAccounts
from podo.server.admission.storage import (
    DefaultStorageClass,
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
)
from podo.server.admission.taint_nodes import TaintNodesByCondition
from podo.server.admission.webhook_set import webhook_plugins
from podo.server.authorization.base import Authorizer
from podo.server.metadata import generated_name
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.webhooks.dispatch import Asking


def default_admission(
    cache: WatchCache,
    catalog: Catalog,
    authorizer: Authorizer,
    quotas: QuotaWriter | None = None,
    *,
    webhooks: Asking | None = None,
    asks_webhooks: Callable[[], bool] = lambda: True,
) -> Chain:
    """The chain, which looks at other objects in `cache`, and asks `authorizer` what else a user may do.

    It charges quotas by `quotas`, which gets its client when there is one; without it nobody is charged. `webhooks` is
    who asks webhooks (None: nobody does), from when on `asks_webhooks` says so.
    """
    lookup, chance = CachedLookup(cache, catalog), random.Random()
    surroundings = Surroundings(cache, catalog, lookup, authorizer)
    dynamic: list[Plugin] = [MutatingPolicies(surroundings), ValidatingPolicies(surroundings)]
    if webhooks is not None:
        mutating, validating = webhook_plugins(lookup, catalog, webhooks, asks_webhooks, LazyConditions(authorizer))
        dynamic = [dynamic[0], mutating, dynamic[1], validating]
    return Chain(
        [
            NamespaceLifecycle(lookup),
            LimitRanger(lookup),
            ServiceAccounts(lookup, lambda: generated_name("", chance.choice)),
            NodeRestriction(lookup, authorizer),
            TaintNodesByCondition(),
            PodSecurity(lookup),
            Priority(lookup),
            DefaultTolerationSeconds(),
            DefaultStorageClass(lookup),
            StorageObjectInUseProtection(),
            PersistentVolumeClaimResize(lookup),
            RuntimeClasses(lookup),
            CertificateApproval(authorizer),
            CertificateSigning(authorizer),
            CertificateSubjectRestriction(),
            DefaultIngressClass(lookup),
            PodTopologyLabels(lookup),
            *dynamic,
            *([ResourceQuotas(lookup, quotas)] if quotas is not None else ()),
        ],
        connecting=dynamic,
    )
