"""The plug-ins that are on by default, in the order in which Kubernetes asks them."""

import random

from podo.server.admission.certificates import CertificateSubjectRestriction
from podo.server.admission.chain import Chain
from podo.server.admission.default_ingress_class import DefaultIngressClass
from podo.server.admission.default_toleration_seconds import DefaultTolerationSeconds
from podo.server.admission.limit_ranger import LimitRanger
from podo.server.admission.lookup import CachedLookup
from podo.server.admission.namespace_lifecycle import NamespaceLifecycle
from podo.server.admission.priority import Priority
from podo.server.admission.runtime_class import RuntimeClasses
from podo.server.admission.service_account import ServiceAccounts
from podo.server.admission.storage import (
    DefaultStorageClass,
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
)
from podo.server.admission.taint_nodes import TaintNodesByCondition
from podo.server.metadata import generated_name
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache


def default_admission(cache: WatchCache, catalog: Catalog) -> Chain:
    """The chain, which looks at other objects in `cache`."""
    lookup, chance = CachedLookup(cache, catalog), random.Random()
    return Chain(
        [
            NamespaceLifecycle(lookup),
            LimitRanger(lookup),
            ServiceAccounts(lookup, lambda: generated_name("", chance.choice)),
            TaintNodesByCondition(),
            Priority(lookup),
            DefaultTolerationSeconds(),
            DefaultStorageClass(lookup),
            StorageObjectInUseProtection(),
            PersistentVolumeClaimResize(lookup),
            RuntimeClasses(lookup),
            CertificateSubjectRestriction(),
            DefaultIngressClass(lookup),
        ]
    )
