"""The plug-ins that are on by default, in the order in which Kubernetes asks them."""

import random
from collections.abc import Callable

from podo.clock import Clock, SystemClock
from podo.server.admission.base import Plugin
from podo.server.admission.certificates import CertificateApproval, CertificateSigning, CertificateSubjectRestriction
from podo.server.admission.chain import Chain
from podo.server.admission.configuration import chosen
from podo.server.admission.default_ingress_class import DefaultIngressClass
from podo.server.admission.default_toleration_seconds import DefaultTolerationSeconds
from podo.server.admission.device_admin import DeviceAdminAccess
from podo.server.admission.event_rate_limit import NAME as EVENT_RATE_LIMIT
from podo.server.admission.event_rate_limit import event_rate_limit
from podo.server.admission.figures import AdmissionFigures
from podo.server.admission.limit_ranger import LimitRanger
from podo.server.admission.lookup import CachedLookup
from podo.server.admission.namespace_lifecycle import NamespaceLifecycle
from podo.server.admission.node_restriction import NodeRestriction
from podo.server.admission.pod_security.configuration import settings
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
from podo.server.admission.vertical import VerticalAutoscaling
from podo.server.admission.webhook_set import webhook_plugins
from podo.server.authorization.base import Authorizer
from podo.server.metadata import generated_name
from podo.server.options import GuardOptions
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.webhooks.dispatch import Asking

DYNAMIC = (
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
)
"""Those that are asked about connections as well."""
ORDER = (
    "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition", "PodSecurity",
    "Priority", "DefaultTolerationSeconds", EVENT_RATE_LIMIT, "DefaultStorageClass", "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning",
    "CertificateSubjectRestriction", "DefaultIngressClass", "PodTopologyLabels", *DYNAMIC, "ResourceQuota",
)  # fmt: skip
LATE = frozenset({*DYNAMIC, "ResourceQuota"})
"""Those that see what podo's own plug-in for recommendations (no plug-in of Kubernetes) has changed."""
OFF = frozenset({EVENT_RATE_LIMIT})
"""Those that are asked only if the server is told so."""


def default_admission(
    cache: WatchCache,
    catalog: Catalog,
    authorizer: Authorizer,
    quotas: QuotaWriter | None = None,
    *,
    webhooks: Asking | None = None,
    asks_webhooks: Callable[[], bool] = lambda: True,
    options: GuardOptions | None = None,
    clock: Clock | None = None,
    figures: AdmissionFigures | None = None,
) -> Chain:
    """The chain, which looks at other objects in `cache`, and asks `authorizer` what else a user may do.

    It charges quotas by `quotas`, which gets its client when there is one; without it nobody is charged. `webhooks` is
    who asks webhooks (None: nobody does), from when on `asks_webhooks` says so. All is counted in `figures`. Raises
    OptionError.
    """
    figures = figures or AdmissionFigures()
    choice = chosen(options or GuardOptions(), frozenset(ORDER) - OFF, OFF)
    lookup, chance = CachedLookup(cache, catalog), random.Random()
    surroundings = Surroundings(cache, catalog, lookup, authorizer, figures)
    plugins: dict[str, Plugin] = {
        "NamespaceLifecycle": NamespaceLifecycle(lookup),
        "LimitRanger": LimitRanger(lookup),
        "ServiceAccount": ServiceAccounts(lookup, lambda: generated_name("", chance.choice)),
        "NodeRestriction": NodeRestriction(lookup, authorizer),
        "TaintNodesByCondition": TaintNodesByCondition(),
        "PodSecurity": PodSecurity(lookup, settings(choice)),
        "Priority": Priority(lookup),
        "DefaultTolerationSeconds": DefaultTolerationSeconds(),
        "DefaultStorageClass": DefaultStorageClass(lookup),
        "StorageObjectInUseProtection": StorageObjectInUseProtection(),
        "PersistentVolumeClaimResize": PersistentVolumeClaimResize(lookup),
        "RuntimeClass": RuntimeClasses(lookup),
        "CertificateApproval": CertificateApproval(authorizer),
        "CertificateSigning": CertificateSigning(authorizer),
        "CertificateSubjectRestriction": CertificateSubjectRestriction(),
        "DefaultIngressClass": DefaultIngressClass(lookup),
        "PodTopologyLabels": PodTopologyLabels(lookup),
        "MutatingAdmissionPolicy": MutatingPolicies(surroundings),
        "ValidatingAdmissionPolicy": ValidatingPolicies(surroundings),
    }
    if EVENT_RATE_LIMIT in choice.names:
        plugins[EVENT_RATE_LIMIT] = event_rate_limit(choice, (clock or SystemClock()).monotonic)
    if webhooks is not None:
        asked = webhook_plugins(lookup, catalog, webhooks, asks_webhooks, figures, LazyConditions(authorizer))
        plugins["MutatingAdmissionWebhook"], plugins["ValidatingAdmissionWebhook"] = asked
    if quotas is not None:
        plugins["ResourceQuota"] = ResourceQuotas(lookup, quotas)
    on = {name: plugins[name] for name in ORDER if name in plugins and name in choice.names}
    every = [("DeviceAdminAccess", DeviceAdminAccess(lookup)), *on.items()]
    every.insert(
        sum(name not in LATE for name, _ in every), ("VerticalAutoscaling", VerticalAutoscaling(lookup, cache, catalog))
    )
    return Chain(dict(every), {name: on[name] for name in DYNAMIC if name in on}, figures)
