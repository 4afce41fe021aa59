"""The webhooks that are configured, in the order in which they are asked: by the name of their configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from podo.api.types.admissionregistration_v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from podo.server.admission.lookup import Lookup
from podo.server.webhooks.calling import Target, target_of

Configuration = TypeVar("Configuration", MutatingWebhookConfiguration, ValidatingWebhookConfiguration)
Spec = MutatingWebhook | ValidatingWebhook
NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")
DEFAULT_TIMEOUT = 10


@dataclass(frozen=True, eq=False)
class Hook:
    """One webhook of one configuration. `uid` tells it from all others."""

    configuration: str
    uid: str
    spec: MutatingWebhook | ValidatingWebhook

    @property
    def name(self) -> str:
        return self.spec.name

    @cached_property
    def target(self) -> Target:
        """Where it is."""
        return target_of(self.spec.client_config)

    @property
    def timeout(self) -> float:
        """Seconds within which it must answer."""
        return float(self.spec.timeout_seconds or DEFAULT_TIMEOUT)

    @property
    def may_fail(self) -> bool:
        """Whether a request goes on when the webhook cannot be asked."""
        return self.spec.failure_policy == "Ignore"

    @property
    def takes_dry_runs(self) -> bool:
        return self.spec.side_effects in NO_SIDE_EFFECTS

    @property
    def is_reinvoked(self) -> bool:
        """Whether it wants to be asked again when others change the object after it."""
        return isinstance(self.spec, MutatingWebhook) and self.spec.reinvocation_policy == "IfNeeded"


class Hooks(Generic[Configuration]):
    """The webhooks of all configurations of a kind, as the watch cache has them."""

    def __init__(self, lookup: Lookup, kind: type[Configuration]) -> None:
        self._lookup = lookup
        self._kind: type[Configuration] = kind
        self._seen: list[Configuration] = []
        self._hooks: tuple[Hook, ...] = ()

    async def current(self) -> Sequence[Hook]:
        """All, in order; those of a configuration are there as soon as its creation has been answered."""
        found = await self._lookup.all(self._kind)
        if len(found) != len(self._seen) or any(a is not b for a, b in zip(found, self._seen, strict=True)):
            self._seen, self._hooks = found, hooks_of(found)
        return self._hooks


def hooks_of(
    configurations: Sequence[MutatingWebhookConfiguration | ValidatingWebhookConfiguration],
) -> tuple[Hook, ...]:
    """The webhooks of some configurations, in order."""
    found: list[Hook] = []
    for configuration in sorted(configurations, key=lambda each: each.metadata.name):
        name = configuration.metadata.name
        counts: dict[str, int] = {}
        specs: Sequence[Spec] = configuration.webhooks
        for spec in specs:
            count = counts[spec.name] = counts.get(spec.name, -1) + 1
            found.append(Hook(name, f"{name}/{spec.name}/{count}", spec))
    return tuple(found)
