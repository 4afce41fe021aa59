"""Quotas and what they count, with good defaults."""

from datetime import UTC, datetime

from podo.api.types.core_v1 import (
    Container,
    Pod,
    PodSpec,
    PodStatus,
    ResourceQuota,
    ResourceQuotaSpec,
    ResourceQuotaStatus,
    ResourceRequirements,
    ScopedResourceSelectorRequirement,
    ScopeSelector,
)
from podo.api.types.meta_v1 import ObjectMeta

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def quota(name="q", hard=None, used=None, *, scopes=(), selector=(), uid="u"):
    """`used` None: nothing of what is limited is used."""
    limits = hard or {}
    expressions = tuple(ScopedResourceSelectorRequirement(scope_name=s, operator=o, values=v) for s, o, v in selector)
    spec = ResourceQuotaSpec(
        hard=limits, scopes=scopes, scope_selector=ScopeSelector(match_expressions=expressions) if expressions else None
    )
    return ResourceQuota(
        metadata=ObjectMeta(name=name, namespace="ns", uid=uid),
        spec=spec,
        status=ResourceQuotaStatus(hard=limits, used=dict.fromkeys(limits, "0") | (used or {})),
    )


def container(name="c", requests=None, limits=None):
    return Container(name=name, resources=ResourceRequirements(requests=requests or {}, limits=limits or {}))


def pod(name="p", *containers, phase="", qos="Burstable", meta=None, **spec):
    return Pod(
        metadata=ObjectMeta(name=name, namespace="ns", **(meta or {})),
        spec=PodSpec(containers=containers or (container(),), **spec),
        status=PodStatus(phase=phase, qos_class=qos),
    )
