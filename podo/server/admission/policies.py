"""The policy plug-ins. All that needs CEL is imported once there is a policy: most servers start without one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from podo.api.types.admissionregistration_v1 import MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBinding
from podo.server.admission.base import GroupResource, Mutating, Validating
from podo.server.admission.figures import AdmissionFigures
from podo.server.admission.lookup import CachedLookup
from podo.server.admission_point import Attributes
from podo.server.authorization.base import Authorizer
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.webhooks.matching import is_exempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podo.api.types.admissionregistration_v1 import MatchCondition
    from podo.server.policies.conditions import WebhookConditions
    from podo.server.policies.mutating import PolicyMutation
    from podo.server.policies.validating import Parts, PolicyValidation
    from podo.server.webhooks.dispatch import Shown


class Surroundings:
    """What policies are evaluated with, made when first needed."""

    def __init__(
        self,
        cache: WatchCache,
        catalog: Catalog,
        lookup: CachedLookup,
        authorizer: Authorizer,
        figures: AdmissionFigures,
    ) -> None:
        self.lookup, self._cache, self._catalog, self._authorizer = lookup, cache, catalog, authorizer
        self._figures = figures

    @cached_property
    def parts(self) -> Parts:
        from podo.server.policies.params import Objects
        from podo.server.policies.validating import Parts
        from podo.server.webhooks.forms import Forms

        objects, forms = Objects(self._cache, self._catalog), Forms(self._catalog)
        return Parts(self.lookup, objects, forms, self._authorizer, self._figures)


class ValidatingPolicies(Validating):
    """Admission by ValidatingAdmissionPolicies."""

    resources: frozenset[GroupResource] | None = None

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    @cached_property
    def _policies(self) -> PolicyValidation:
        from podo.server.policies.validating import PolicyValidation

        return PolicyValidation(self._surroundings.parts)

    async def validate(self, attributes: Attributes) -> None:
        """Raises the refusal of a policy."""
        if is_exempt(attributes) or not await self._surroundings.lookup.any(ValidatingAdmissionPolicyBinding):
            return
        await self._policies.validate(attributes)


class MutatingPolicies(Mutating):
    """Admission by MutatingAdmissionPolicies."""

    resources: frozenset[GroupResource] | None = None

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    @cached_property
    def _policies(self) -> PolicyMutation:
        from podo.server.policies.mutating import PolicyMutation

        return PolicyMutation(self._surroundings.parts)

    async def mutate(self, attributes: Attributes) -> None:
        """Raises what keeps a policy that must be applied from being applied."""
        if is_exempt(attributes) or not await self._surroundings.lookup.any(MutatingAdmissionPolicyBinding):
            return
        await self._policies.mutate(attributes)


class LazyConditions:
    """The match conditions of webhooks; a `Matching`."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    @cached_property
    def _conditions(self) -> WebhookConditions:
        from podo.server.policies.conditions import WebhookConditions

        return WebhookConditions(self._authorizer)

    async def met(
        self, conditions: Sequence[MatchCondition], attributes: Attributes, shown: Shown, *, may_fail: bool
    ) -> bool:
        """Whether all are true. Raises Forbidden where one fails, unless `may_fail`: then it is not met."""
        return await self._conditions.met(conditions, attributes, shown, may_fail=may_fail)
